/** Simulated seeds with crashes, zombies and reordering, judged by the oracle: two processes, as there are two cores. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { figure, type Workload } from '../../workload.ts';

const SEEDS = 10_000;
const SEEDS_QUICK = 1_000;
const PROCESSES = 2;
const SUMMARY = /^(\d+) seeds from \d+: (\d+) differ; .* (\d+) faults struck$/m;

const run = promisify(execFile);
const program = fileURLToPath(new URL('../../simulate.ts', import.meta.url));

async function seeds(count: number, from: number): Promise<{ differ: number; faults: number; report: string }> {
  // It ends with 1 where a seed differs; what it printed says which.
  const { stdout } = await run(process.execPath, [program, '--seeds', `${count}`, '--from', `${from}`], {
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  const summary = SUMMARY.exec(stdout);
  if (summary === null) throw new Error(`the simulation ended without its summary:\n${stdout.slice(-2000)}`);
  return { differ: Number(summary[2]), faults: Number(summary[3]), report: stdout };
}

export const simulate: Workload = {
  name: 'simulate',
  says: 'simulated seeds with crashes, zombies and reordering; each without a difference from the oracle',
  async run({ isQuick, progress }) {
    const total = isQuick ? SEEDS_QUICK : SEEDS;
    const first = Date.now() % 1_000_000_000;
    const share = total / PROCESSES;
    progress(`simulate: ${total} seeds from ${first}`);
    const startedAt = performance.now();
    const parts = await Promise.all(Array.from({ length: PROCESSES }, (_, i) => seeds(share, first + i * share)));
    const seconds = (performance.now() - startedAt) / 1000;
    return [
      figure({
        name: 'simulate',
        unit: `differences in ${total} seeds`,
        ours: [parts.reduce((sum, { differ }) => sum + differ, 0)],
        floor: 0,
        aim: 0,
        judged: 'ours',
        isLessBetter: true,
        notes: [
          `seeds from ${first}; ${parts.reduce((sum, { faults }) => sum + faults, 0)} faults struck; ${(total / seconds).toFixed(0)} seeds a second in ${PROCESSES} processes`,
          ...parts.flatMap(({ differ, report }) => (differ === 0 ? [] : [report.slice(0, 4000)])),
        ],
      }),
    ];
  },
};
