/**
 * Trust and reputation beside four published models: mean satisfaction in random sensor networks under four behaviours
 * and the next rating of the Bitcoin-OTC network. Nothing here is a timing: a seed
 * gives the same figures on every machine.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { areaUnderCurve, predictNext, readRatings } from '../../trust/bitcoin-otc.ts';
import type { NetworkOptions } from '../../trust/simulator/network.ts';
import { type Behaviour, simulate } from '../../trust/simulator/simulation.ts';
import { type Curve, type CurvePoint, type Figure, figure, type Workload } from '../../workload.ts';
import { IN_NETWORKS, type ModelName, ON_RATINGS, OURS, RIVALS } from './models.ts';

const BEHAVIOURS: readonly Behaviour[] = ['static', 'oscillating', 'dynamic', 'colluding'];
const MALICIOUS = [0.1, 0.5, 0.9];
const ROUNDS = 100;
const MODELS: readonly ModelName[] = [...OURS, ...RIVALS];
/** Of a normal distribution. */
const Z_95 = 1.96;
const POINT_ROUNDS = 10;
/** A plot for each behaviour with so many malicious servers. */
const PLOTTED = 0.5;
/** Ratings from which nothing is told yet, and those that are told before the models learn them. */
const SKIPPED = 5000;
const BLOCK = 500;

const networkOf = (malicious: number): NetworkOptions => ({
  sensors: 100,
  clients: 0.15,
  relays: 0.1,
  malicious,
  range: 0.2,
});

interface Interval {
  readonly mean: number;
  /** Half of the interval that holds the mean with 95 %. */
  readonly half: number;
}

export const trust: Workload = {
  name: 'trust',
  says: 'trust and reputation beside EigenTrust, PeerTrust, PowerTrust and BTRM-WSN, in networks and on real ratings',
  async run({ isQuick, progress }) {
    const seeds = isQuick ? 4 : 30;
    const figures: Figure[] = [];
    const curves: Curve[] = [];
    let notBelow = 0;
    let above = 0;
    const notes: string[] = [];
    for (const behaviour of BEHAVIOURS) {
      for (const malicious of MALICIOUS) {
        const cell = `${behaviour}, ${malicious * 100} % malicious`;
        const { intervals, curve } = runCell(behaviour, malicious, seeds);
        const best = RIVALS.map((name) => ({ name, ...intervals[name] })).toSorted((a, b) => b.mean - a.mean)[0]!;
        const ours = intervals.msec;
        if (ours.mean >= best.mean - best.half) notBelow++;
        if (ours.mean - ours.half > best.mean + best.half) above++;
        notes.push(`${cell}: ${MODELS.map((name) => `${name} ${shown(intervals[name])}`).join(', ')}`);
        progress(notes.at(-1)!);
        if (malicious === PLOTTED)
          curves.push({
            name: `trust: satisfaction, ${cell}`,
            x: 'round',
            isLogarithmic: false,
            unit: '',
            series: curve,
          });
      }
    }
    figures.push(
      figure({
        name: 'trust: cells of 12 where the best rival is not above',
        unit: 'cells',
        ours: [notBelow],
        floor: 12,
        aim: 12,
        judged: 'ours',
        notes: [`mean satisfaction over ${ROUNDS} rounds and ${seeds} networks, ± its 95 % interval`, ...notes],
      }),
      figure({
        name: 'trust: cells of 12 above the best rival',
        unit: 'cells',
        ours: [above],
        floor: 4,
        aim: 8,
        judged: 'ours',
        notes: ['where the intervals do not touch'],
      }),
    );
    const rated = onRatings(progress);
    if (rated !== null) figures.push(rated);
    return { figures, curves };
  },
};

function runCell(behaviour: Behaviour, malicious: number, seeds: number) {
  const intervals = {} as Record<ModelName, Interval>;
  const curve: Record<string, CurvePoint[]> = {};
  for (const name of MODELS) {
    const runs = Array.from({ length: seeds }, (_, i) => {
      const options = { network: networkOf(malicious), behaviour, rounds: ROUNDS, seed: i + 1 };
      return simulate(options, (network) => IN_NETWORKS[name](network, i + 1)).satisfaction;
    });
    intervals[name] = intervalOf(runs.map((run) => meanOf(run)).filter((mean) => !Number.isNaN(mean)));
    curve[name] = pointsOf(runs);
  }
  return { intervals, curve };
}

function pointsOf(runs: readonly (readonly number[])[]): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (let from = 0; from < ROUNDS; from += POINT_ROUNDS) {
    const means = runs.map((run) => meanOf(run.slice(from, from + POINT_ROUNDS))).filter((mean) => !Number.isNaN(mean));
    if (means.length === 0) continue;
    const { mean, half } = intervalOf(means);
    points.push({
      x: from + POINT_ROUNDS,
      y: { min: mean - half, median: mean, max: mean + half, runs: means.length },
    });
  }
  return points;
}

function onRatings(progress: (text: string) => void): Figure | null {
  const root = join(import.meta.dirname, '..', '..', '..', '..');
  const path = join(root, 'shared', 'data', 'trust-reputation', 'soc-sign-bitcoinotc.csv');
  if (!existsSync(path)) return null;
  const ratings = readRatings(path);
  const areas: Record<string, number[]> = {};
  for (const [name, make] of Object.entries(ON_RATINGS)) {
    areas[name] = [areaUnderCurve(predictNext(make(), ratings, SKIPPED, BLOCK))];
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
    ],
  });
}

const meanOf = (values: readonly number[]): number => {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
};

function intervalOf(means: readonly number[]): Interval {
  const mean = meanOf(means);
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1);
  return { mean, half: Z_95 * Math.sqrt(variance / means.length) };
}

const shown = ({ mean, half }: Interval): string => `${mean.toFixed(3)} ± ${half.toFixed(3)}`;
