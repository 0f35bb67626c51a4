/** Runs window-process.ts over a filled log, compares what it told, and makes rates and costs of what it printed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openEmbeddedLog, openEmbeddedLogReadOnly } from '../../../engine/index.ts';
import { checkTold } from './check-told.ts';
import { type EvenFrames, fillEvenly } from './even-frames.ts';
import type { WindowsMade, WindowTask } from './window-process.ts';

export interface WindowRun {
  readonly framesPerSecond: number;
  /** Of all threads of the process. */
  readonly cpuNsPerFrame: number;
  readonly anonymousBytes: WindowsMade['anonymousBytes'];
  /** Compared. */
  readonly windows: number;
}

const entry = fileURLToPath(new URL('./window-process.ts', import.meta.url));
const WARM_UP_SHARE = 0.2;
/** As bin/msec starts the product, and with the garbage collector at hand. */
const NODE_OPTIONS = ['--max-semi-space-size=2', '--expose-gc'];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144' };

export async function fillEmbedded(folder: string, frames: EvenFrames): Promise<void> {
  const log = await openEmbeddedLog(folder);
  await fillEvenly(log, frames);
  await log.close();
}

let runs = 0;

/** Every run is an application of its own, so that one log serves many. */
export async function windowRun(
  folder: string,
  frames: EvenFrames,
  workers: number,
  isMemoryAsked = false,
): Promise<WindowRun> {
  const application = `scaling-${++runs}`;
  const output = `${application}.told`;
  const task: WindowTask = { folder, application, output, workers, frames, isMemoryAsked };
  const child = spawn(process.execPath, [...NODE_OPTIONS, entry, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...ENVIRONMENT },
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the process that makes windows ended with ${code}`);
  const { samples, anonymousBytes } = JSON.parse(Buffer.concat(chunks).toString()) as WindowsMade;
  const windows = await compared(folder, output, frames);
  const warmUp = frames.keys * frames.passes * WARM_UP_SHARE;
  const from = samples.find(([, committed]) => committed >= warmUp)!;
  const to = samples.at(-1)!;
  const measured = to[1] - from[1];
  if (measured === 0) throw new Error('everything was committed at once: too few frames to measure a rate');
  return {
    framesPerSecond: (measured * 1000) / (to[0] - from[0]),
    cpuNsPerFrame: ((to[2] - from[2]) * 1e6) / measured,
    anonymousBytes,
    windows,
  };
}

async function compared(folder: string, output: string, frames: EvenFrames): Promise<number> {
  const log = await openEmbeddedLogReadOnly(folder);
  const reader = log.openReader();
  try {
    return await checkTold(reader, output, frames);
  } finally {
    await reader.close();
    await log.close();
  }
}
