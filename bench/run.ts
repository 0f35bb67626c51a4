/**
 * The benchmarks: without names lists them, else runs those named, one after another (docs/benchmarks.md).
 *   npm run bench -- [NAME… | all | gates] [--quick] [--json] [--resume] [--check [--against REVISION]]
 *                    [--minutes N] [--folder PATH] | --redraw
 * Exit code 1 where a floor is missed, a workload failed or --check finds it worse; 64 for a wrong call. Each result is
 * kept in results/ and in RESULTS.md.
 */
import { join } from 'node:path';
import { benchCommand } from './command.ts';
import { committedText, environment, stateOfSources } from './environment.ts';
import { endDescendants } from './load/descendants.ts';
import { withSharedKafka } from './load/kafka-broker.ts';
import { WORKLOADS } from './workloads.ts';

const INTERRUPTED = 130;
/** Scratch folders are removed as the process exits: whoever would still write there is ended before. */
async function interrupt(): Promise<void> {
  await endDescendants();
  process.exit(INTERRUPTED);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void interrupt());

const args = process.argv.slice(2);
const run = () =>
  benchCommand(args, {
    workloads: WORKLOADS,
    root: import.meta.dirname,
    journalPath: join(import.meta.dirname, '..', 'data', 'bench-run.json'),
    print: (line) => console.log(line),
    terminal: {
      isTerminal: process.stderr.isTTY === true,
      columns: () => process.stderr.columns ?? 80,
      write: (text) => process.stderr.write(text),
    },
    now: () => performance.now(),
    environment,
    stateOfSources,
    committedText,
  });
process.exitCode = args.includes('--quick') ? await withSharedKafka(run) : await run();
