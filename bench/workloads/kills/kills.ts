/**
 * Kill -9 of the process at 50 moments (named points and random ones), and 100 ends of worker threads (terminated, out
 * of heap, throwing, hanging); after each series the whole output is compared with the oracle of test/faults/kit.
 */
import { join } from 'node:path';
import { randomBelow, seededRandom } from '../../../engine/index.ts';
import type { Mark } from '../../../test/faults/kit/frame-stream.ts';
import { KILL_POINTS } from '../../../test/faults/kit/kill-points.ts';
import { Lives } from '../../../test/faults/kit/life.ts';
import type { Verdict } from '../../../test/faults/kit/oracle.ts';
import { type Figure, figure, type RunOptions, type Workload } from '../../workload.ts';

const PROCESS_KILLS = 50;
const WORKER_ENDS = 100;
const QUICK_SHARE = 0.1;
/** Kills before the output is compared and the log begun anew. */
const SERIES = 10;
const FRAMES_PER_LIFE = 1_280;
const ACKS_PER_LIFE = FRAMES_PER_LIFE / 32;
const DELAY_MS_MAX = 40;
const COUNT_MAX = 8;
const TERMINATIONS_PER_LIFE = 6;

export const kills: Workload = {
  name: 'kills',
  says: 'kill -9 of the process at 50 moments, 100 worker threads ended; output equal to the oracle each time',
  async run(options) {
    return [await processKills(options), await workerEnds(options)];
  },
};

async function processKills({ isQuick, folder, progress }: RunOptions): Promise<Figure> {
  const wanted = isQuick ? PROCESS_KILLS * QUICK_SHARE : PROCESS_KILLS;
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  const moments: string[] = [];
  const verdicts: Verdict[] = [];
  const differences: string[] = [];
  while (moments.length < wanted) {
    const lives = await Lives.begin(join(folder, `process-${verdicts.length}`), seed + verdicts.length);
    const until = Math.min(wanted, moments.length + SERIES);
    while (moments.length < until) {
      const isNamed = moments.length % 2 === 0;
      const point = KILL_POINTS[randomBelow(random, KILL_POINTS.length)]!;
      const count = /^(topics|drain)/.test(point) ? 1 : 1 + randomBelow(random, COUNT_MAX);
      const moment = isNamed
        ? { killPoint: `${point}:${count}` }
        : { killAfter: { acks: 1 + randomBelow(random, ACKS_PER_LIFE), delayMs: randomBelow(random, DELAY_MS_MAX) } };
      const { wasKilled } = await lives.live({ frames: FRAMES_PER_LIFE, ...moment });
      if (!wasKilled) continue;
      moments.push(JSON.stringify(moment));
      progress(`kill ${moments.length}/${wanted}: ${moments.at(-1)}`);
    }
    await lives.live({ frames: FRAMES_PER_LIFE, isLast: true });
    const verdict = await lives.judge();
    verdicts.push(verdict);
    differences.push(...verdict.differences);
    progress(`compared: ${JSON.stringify(verdict)}`);
  }
  return verdictFigure('kill -9 of the process', moments.length, wanted, verdicts, differences, `seed ${seed}`);
}

async function workerEnds({ isQuick, folder, progress }: RunOptions): Promise<Figure> {
  const wanted = isQuick ? WORKER_ENDS * QUICK_SHARE : WORKER_ENDS;
  const seed = Date.now() % 1_000_000;
  const ends: string[] = [];
  const verdicts: Verdict[] = [];
  const differences: string[] = [];
  for (let life = 0; ends.length < wanted; life++) {
    const random = seededRandom(seed + life);
    const marks: Mark[] = ['heap', 'uncaught', 'hang', 'refused', 'uncaught'];
    const marked = marks.map((mark, i): [number, Mark] => [100 + i * 200 + randomBelow(random, 150), mark]);
    const lives = await Lives.begin(join(folder, `worker-${life}`), seed + life, marked);
    const { workersEnded } = await lives.live({
      frames: FRAMES_PER_LIFE,
      isLast: true,
      terminations: TERMINATIONS_PER_LIFE,
    });
    ends.push(...workersEnded);
    const verdict = await lives.judge();
    verdicts.push(verdict);
    differences.push(...verdict.differences);
    progress(`${ends.length}/${wanted} ends; compared: ${JSON.stringify(verdict)}`);
  }
  const kinds = Object.entries(Object.groupBy(ends, (end) => end)).map(([kind, all]) => `${all?.length} × ${kind}`);
  return verdictFigure('worker threads ended', ends.length, wanted, verdicts, differences, kinds.join(', '));
}

function verdictFigure(
  name: string,
  count: number,
  wanted: number,
  verdicts: readonly Verdict[],
  differences: readonly string[],
  note: string,
): Figure {
  const sum = (of: (verdict: Verdict) => number) => verdicts.reduce((total, verdict) => total + of(verdict), 0);
  return figure({
    name: `kills: ${name}`,
    unit: `differences after ${count} kills`,
    ours: [differences.length],
    floor: 0,
    aim: 0,
    judged: 'ours',
    isLessBetter: true,
    notes: [
      `${count} of ${wanted} wanted; ${note}`,
      `${sum(({ frames }) => frames)} frames, ${sum(({ duplicates }) => duplicates)} of them sent again, ${sum(({ windows }) => windows)} windows, ${sum(({ letters }) => letters)} dead letters compared`,
      ...differences,
    ],
  });
}
