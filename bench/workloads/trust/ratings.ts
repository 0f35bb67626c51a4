/** The next rating of the Bitcoin-OTC network, for all models that need no links. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { areaUnderCurve, meanError, predictNext, readRatings } from '../../trust/bitcoin-otc.ts';
import { type Figure, figure } from '../../workload.ts';
import { ON_RATINGS, RIVALS } from './models.ts';

/** Ratings from which nothing is told yet, and those that are told before the models learn them. */
const SKIPPED = 5000;
const BLOCK = 500;

export function onRatings(progress: (text: string) => void): Figure | null {
  const root = join(import.meta.dirname, '..', '..', '..', '..');
  const path = join(root, 'shared', 'data', 'trust-reputation', 'soc-sign-bitcoinotc.csv');
  if (!existsSync(path)) return null;
  const ratings = readRatings(path);
  const areas: Record<string, number[]> = {};
  const errors: string[] = [];
  for (const [name, make] of Object.entries(ON_RATINGS)) {
    const predictions = predictNext(make(), ratings, SKIPPED, BLOCK);
    areas[name] = [areaUnderCurve(predictions)];
    errors.push(`${name} ${meanError(predictions).toFixed(3)}`);
    progress(`Bitcoin-OTC, ${name}: ${areas[name]![0]!.toFixed(3)}`);
  }
  const { msec, ...others } = areas;
  const best = Math.max(...RIVALS.flatMap((name) => areas[name] ?? []));
  return figure({
    name: 'trust: next rating of Bitcoin-OTC, area under the curve',
    unit: '',
    ours: msec!,
    peers: others,
    floor: best,
    aim: null,
    judged: 'ours',
    notes: [
      `all but the first ${SKIPPED} ratings, told ${BLOCK} at a time; BTRM-WSN needs links and tells nothing here`,
      `mean absolute error of the rating, from 0 to 1: ${errors.join(', ')}; values of a random walk are no ratings, and have their ranks compared`,
    ],
  });
}
