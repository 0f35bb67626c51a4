/** Runs load/consume.ts as a process and makes rates of what it saw. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Consumed, ConsumeTask } from './consume.ts';
import { othersShare } from './machine-busy.ts';

export interface Rate {
  readonly framesPerSecond: number;
  /** Of all threads of the process, for each frame: what is left of the figure when the machine is shared. */
  readonly cpuNsPerFrame: number;
  readonly engineStartMs: number;
  /** Of all processors, while it was measured: what other processes took. */
  readonly othersShare: number;
}

const entry = fileURLToPath(new URL('./consume.ts', import.meta.url));

/** From the first sample at which `warmUp` records were committed (`isHeld`: 0) until all of them were. */
export async function consumeRun(
  task: ConsumeTask,
  warmUp: number,
  nodeOptions: readonly string[] = [],
): Promise<Rate> {
  const child = spawn(process.execPath, [...nodeOptions, entry, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the consuming process ended with ${code}`);
  const { samples, startMs } = JSON.parse(Buffer.concat(chunks).toString()) as Consumed;
  const from = samples.find(([, frames]) => frames >= warmUp)!;
  const to = samples.at(-1)!;
  if (from === to) throw new Error('everything was committed at once: too few frames to measure a rate');
  const frames = to[1] - from[1];
  return {
    framesPerSecond: (frames * 1000) / (to[0] - from[0]),
    cpuNsPerFrame: ((to[2] - from[2]) * 1e6) / frames,
    engineStartMs: startMs,
    othersShare: othersShare(to[3] - from[3], to[2] - from[2], to[0] - from[0]),
  };
}
