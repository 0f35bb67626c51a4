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
const KEYS = [1e3, 1e4, 1e5, 1e6, 1e7] as const;
const KEYS_QUICK = [1e3, 1e5] as const;
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
const MEMORY_FRAMES = 2_000_000;

export async function keyCosts({ isQuick, folder, progress }: RunOptions): Promise<readonly Curve[]> {
  const rates: CurvePoint[] = [];
  const costs: CurvePoint[] = [];
  for (const keys of isQuick ? KEYS_QUICK : KEYS) {
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
    rates.push({ x: keys, y: spread(runs.map(({ framesPerSecond }) => framesPerSecond)) });
    costs.push({ x: keys, y: spread(runs.map(({ cpuNsPerFrame }) => cpuNsPerFrame)) });
  }
  const common = { x: 'keys', isLogarithmic: true } as const;
  return [
    { ...common, name: 'W8: rate by keys', unit: 'frames/s, 2 threads', series: { embedded: rates } },
    { ...common, name: 'W8: cost a frame by keys', unit: 'ns of processor time', series: { embedded: costs } },
  ];
}

/** Every key sends in one and the same window, which stays open: as much memory as there are windowed keys. */
export async function keyMemory({ isQuick, folder, progress }: RunOptions): Promise<readonly [Figure, Curve]> {
  const rounds = isQuick ? 1 : ROUNDS;
  const few: Memory[] = [];
  for (let round = 1; round <= rounds; round++) few.push(await memoryOf(FEW_KEYS, folder));
  const base = spread(few.map(({ collected }) => collected)).median;
  const points: CurvePoint[] = [];
  let judged: readonly Memory[] = [];
  for (const keys of isQuick ? [JUDGED_KEYS] : KEYS.slice(1)) {
    const runs: Memory[] = [];
    for (let round = 1; round <= (keys > JUDGED_KEYS ? 1 : rounds); round++) {
      runs.push(await memoryOf(keys, folder));
      progress(`${keys} keys, run ${round}: ${Math.round((runs.at(-1)!.collected - base) / keys)} bytes a key`);
    }
    if (keys === JUDGED_KEYS) judged = runs;
    points.push({ x: keys, y: spread(runs.map(({ collected }) => (collected - base) / keys)) });
  }
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const uncollected = spread(judged.map(({ settled }) => settled)).median;
  return [
    figure({
      name: 'W8: memory a windowed key, 1,000,000 keys',
      unit: 'bytes',
      ours: judged.map(({ collected }) => (collected - base) / (JUDGED_KEYS - FEW_KEYS)),
      floor: 200,
      aim: 100,
      judged: 'ours',
      isLessBetter: true,
      notes: [
        `anonymous resident memory of the whole process, after the last frame was committed and garbage collected, less that of the same run with ${FEW_KEYS} keys (${megabytes(base)} MB); before the collection ${megabytes(uncollected)} MB with ${JUDGED_KEYS} keys`,
        `a key of 14 bytes and one open window of it: count, and of each of 4 measures sum, sum of squares, least, greatest (a row of 88 bytes); key table, index and bookkeeping for undo and changelog are in it; ${PARTITIONS} partitions, ${THREADS} threads, each key's window told and compared afterwards`,
      ],
    }),
    { name: 'W8: memory a key', x: 'keys', isLogarithmic: true, unit: 'bytes', series: { embedded: points } },
  ];
}

type Memory = NonNullable<WindowRun['anonymousBytes']>;

async function memoryOf(keys: number, folder: string): Promise<Memory> {
  const passes = Math.max(2, Math.ceil(MEMORY_FRAMES / keys));
  const frames = evenFrames(keys, passes, PARTITIONS, WINDOW_MS / passes);
  const log = join(folder, `memory-${keys}`);
  await fillEmbedded(log, frames);
  const { anonymousBytes } = await windowRun(log, frames, THREADS, true);
  rmSync(log, { recursive: true });
  return anonymousBytes!;
}
