/**
 * Anonymous resident memory of engine and loader over minutes at full speed, retention on: flat after the first minute
 * and under the bar. `--minutes N`; ten, or one and a half in a quick run.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Figure, figure, type Workload } from '../../workload.ts';
import type { SoakSample } from './soak-process.ts';

const MINUTES = 10;
const MINUTES_QUICK = 1.5;
const SETTLED_SECONDS = 60;
const MEGABYTE = 1e6;
/** Garbage collection moves by as much. */
const GROWTH_MEGABYTES_MAX = 20;

/** As bin/msec starts the product. */
const NODE_OPTIONS = ['--max-semi-space-size=2'];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144' };

const script = fileURLToPath(new URL('./soak-process.ts', import.meta.url));

export const soak: Workload = {
  name: 'soak',
  says: 'anonymous resident memory over minutes at full speed, retention on, device.readings written',
  async run({ isQuick, minutes, folder, progress }) {
    const seconds = Math.round((minutes ?? (isQuick ? MINUTES_QUICK : MINUTES)) * 60);
    const samples = await samplesOf(folder, seconds, ({ second, anonymousBytes, frames, logBytes }) => {
      if (second % 15 === 0)
        progress(`${second} s: ${megabytes(anonymousBytes)} MB, log ${megabytes(logBytes)} MB, ${frames} frames`);
    });
    const settled = samples.filter(({ second }) => second >= Math.min(SETTLED_SECONDS, seconds / 2));
    const most = Math.max(...settled.map(({ anonymousBytes }) => anonymousBytes));
    const last = samples.at(-1)!;
    const every = Math.max(1, Math.round(samples.length / 20));
    const curve = samples
      .filter(({ second }) => second % every === 0)
      .map(({ second, anonymousBytes }) => `${second} s ${megabytes(anonymousBytes)}`);
    const notes = [
      `${Math.round(last.frames / last.second)} frames/s committed over ${last.second} s, loader in the same process; the log takes ${megabytes(last.logBytes)} MB on the disk`,
      `MB: ${curve.join(', ')}`,
    ];
    const common = { isLessBetter: true, judged: 'ours' };
    const figures: Figure[] = [
      figure({ ...common, name: 'soak: most', unit: 'MB', ours: [most / MEGABYTE], floor: 400, aim: 250, notes }),
      figure({
        ...common,
        name: 'soak: growth after the first minute',
        unit: 'MB',
        ours: [growth(settled)],
        floor: GROWTH_MEGABYTES_MAX,
        aim: 5,
        notes: ['lower quartile of the last third of the settled time against that of its first third'],
      }),
    ];
    return figures;
  },
};

async function samplesOf(
  folder: string,
  seconds: number,
  onSample: (sample: SoakSample) => void,
): Promise<SoakSample[]> {
  const child = spawn(process.execPath, [...NODE_OPTIONS, script, folder, String(seconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...ENVIRONMENT },
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const samples: SoakSample[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    samples.push(JSON.parse(line) as SoakSample);
    onSample(samples.at(-1)!);
  }
  const code = await closed;
  if (code !== 0) throw new Error(`the process ended with ${code}`);
  return samples;
}

/** From the first third of the settled time to its last, by the lower quartile: what is in flight comes and goes. */
function growth(samples: readonly SoakSample[]): number {
  const third = Math.floor(samples.length / 3);
  const quartile = (part: readonly SoakSample[]) => {
    const sorted = part.map(({ anonymousBytes }) => anonymousBytes).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 4)]! / MEGABYTE;
  };
  return quartile(samples.slice(-third)) - quartile(samples.slice(0, third));
}

function megabytes(bytes: number): number {
  return Math.round(bytes / MEGABYTE);
}
