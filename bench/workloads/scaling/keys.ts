/** From a thousand keys to ten million: what a frame costs, and what memory a key takes. Embedded log. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Curve, type CurvePoint, type Figure, figure, type RunOptions, spread } from '../../workload.ts';
import { evenFrames } from './even-frames.ts';
import { fillEmbedded, type WindowRun, windowRun } from './window-run.ts';

const PARTITIONS = 8;
const THREADS = 2;
const JUDGED_KEYS = 1_000_000;
/** Their process is what the others are compared with: all but the keys is the same. */
const FEW_KEYS = 1_000;
const KEYS = [1e3, 1e4, 1e5, 1e6] as const;
/** One run for both, cost and memory, is all that there is time for. */
const MOST_KEYS = 1e7;
const KEYS_QUICK = [1e4] as const;
const FRAMES = 4_000_000;
const FRAMES_QUICK = 500_000;
/** So that most frames find their key's row. */
const PASSES_MIN = 3;
const ROUNDS = 3;
/** From so many keys on one round is all that there is time for. */
const KEYS_ONCE = 1e6;
/** Of event time: a device sends as often. */
const SENT_EVERY_MS = 10_000;
const WINDOW_MS = 60_000;
const MOST_PASSES = 2;
const MEMORY_FRAMES = 2_000_000;
const MEMORY_FRAMES_QUICK = 1_000_000;

export interface KeyScaling {
  readonly figure: Figure;
  readonly curves: readonly Curve[];
}

export async function keyScaling(options: RunOptions): Promise<KeyScaling> {
  const rates: CurvePoint[] = [];
  const costs: CurvePoint[] = [];
  const note = (keys: number, runs: readonly WindowRun[]) => {
    rates.push({ x: keys, y: spread(runs.map(({ framesPerSecond }) => framesPerSecond)) });
    costs.push({ x: keys, y: spread(runs.map(({ cpuNsPerFrame }) => cpuNsPerFrame)) });
  };
  for (const keys of options.isQuick ? KEYS_QUICK : KEYS) note(keys, await costRuns(keys, options));
  const { base, judged, points } = await memoryRuns(options);
  if (!options.isQuick) {
    const most = await memoryRun(MOST_KEYS, options.folder, MOST_PASSES);
    note(MOST_KEYS, [most]);
    points.push({ x: MOST_KEYS, y: spread([bytesPerKey(most, base, MOST_KEYS)]) });
    options.progress(`${MOST_KEYS} keys: ${Math.round(most.framesPerSecond)} frames/s`);
  }
  const common = { x: 'keys', isLogarithmic: true } as const;
  return {
    figure: memoryFigure(base, judged),
    curves: [
      { ...common, name: 'W8: rate by keys', unit: `frames/s, ${THREADS} threads`, series: { embedded: rates } },
      { ...common, name: 'W8: cost a frame by keys', unit: 'ns of processor time', series: { embedded: costs } },
      { ...common, name: 'W8: memory a key', unit: 'bytes', series: { embedded: points } },
    ],
  };
}

async function costRuns(keys: number, { isQuick, folder, progress }: RunOptions): Promise<readonly WindowRun[]> {
  const passes = Math.max(PASSES_MIN, Math.ceil((isQuick ? FRAMES_QUICK : FRAMES) / keys));
  const frames = evenFrames(keys, passes, PARTITIONS, SENT_EVERY_MS);
  const log = join(folder, `keys-${keys}`);
  progress(`${keys} keys: filling ${keys * passes} frames`);
  await fillEmbedded(log, frames);
  const runs: WindowRun[] = [];
  const rounds = isQuick || keys >= KEYS_ONCE ? 1 : ROUNDS;
  for (let round = 1; round <= rounds; round++) {
    runs.push(await windowRun(log, frames, THREADS));
    progress(`${keys} keys, run ${round}/${rounds}: ${Math.round(runs.at(-1)!.framesPerSecond)} frames/s`);
  }
  rmSync(log, { recursive: true });
  return runs;
}

interface MemoryRuns {
  /** Of the process with few keys. */
  readonly base: number;
  readonly judged: readonly WindowRun[];
  readonly points: CurvePoint[];
}

async function memoryRuns({ isQuick, folder, progress }: RunOptions): Promise<MemoryRuns> {
  const rounds = isQuick ? 1 : ROUNDS;
  const passesFor = (keys: number) => Math.ceil((isQuick ? MEMORY_FRAMES_QUICK : MEMORY_FRAMES) / keys);
  const few: WindowRun[] = [];
  for (let round = 1; round <= rounds; round++) few.push(await memoryRun(FEW_KEYS, folder, passesFor(FEW_KEYS)));
  const base = spread(few.map((run) => run.anonymousBytes!.collected)).median;
  const points: CurvePoint[] = [];
  let judged: readonly WindowRun[] = [];
  for (const keys of isQuick ? [JUDGED_KEYS] : KEYS.slice(1)) {
    const runs: WindowRun[] = [];
    for (let round = 1; round <= (keys === JUDGED_KEYS ? rounds : 1); round++) {
      runs.push(await memoryRun(keys, folder, passesFor(keys)));
      progress(`${keys} keys, run ${round}: ${Math.round(bytesPerKey(runs.at(-1)!, base, keys))} bytes a key`);
    }
    if (keys === JUDGED_KEYS) judged = runs;
    points.push({ x: keys, y: spread(runs.map((run) => bytesPerKey(run, base, keys))) });
  }
  return { base, judged, points };
}

/** Every key sends in one and the same window, which stays open: as many windows as there are keys. */
async function memoryRun(keys: number, folder: string, passes: number): Promise<WindowRun> {
  const frames = evenFrames(keys, passes, PARTITIONS, WINDOW_MS / passes);
  const log = join(folder, `memory-${keys}`);
  await fillEmbedded(log, frames);
  const run = await windowRun(log, frames, THREADS, true);
  rmSync(log, { recursive: true });
  return run;
}

function bytesPerKey({ anonymousBytes }: WindowRun, base: number, keys: number): number {
  return (anonymousBytes!.collected - base) / (keys - FEW_KEYS);
}

function memoryFigure(base: number, judged: readonly WindowRun[]): Figure {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const uncollected = spread(judged.map((run) => run.anonymousBytes!.settled)).median;
  return figure({
    name: 'W8: memory a windowed key, 1,000,000 keys',
    unit: 'bytes',
    ours: judged.map((run) => bytesPerKey(run, base, JUDGED_KEYS)),
    floor: 200,
    aim: 100,
    judged: 'ours',
    isLessBetter: true,
    notes: [
      `anonymous resident memory of the whole process, after the last frame was committed and garbage collected, less that of the same run with ${FEW_KEYS} keys (${megabytes(base)} MB); before the collection ${megabytes(uncollected)} MB`,
      `a key of 14 bytes and one open window of it: count, and of each of 4 measures sum, sum of squares, least, greatest (a row of 88 bytes); key table, index and bookkeeping for undo and changelog are in it; ${PARTITIONS} partitions, ${THREADS} threads, each key's window told and compared afterwards`,
    ],
  });
}
