/**
 * Runs simulated seeds and says which differ from the oracle:
 *   npm run simulate -- --seeds 10000 --from 1     failing seeds, and how many ran a second
 *   npm run simulate -- --seeds 1 --from 42 --trace   what happened in one
 *   npm run simulate -- --processes 3              three processes that share the partitions
 *   npm run simulate -- --kafka                    over the Kafka driver and a simulated broker
 */
import { parseArgs } from 'node:util';
import { runTrial } from '../test/engine/simulate/trial.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    processes: { type: 'string', default: '1' },
    kafka: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
const processes = Number(values.processes);
if (!Number.isSafeInteger(processes) || processes < 1) {
  console.error('--processes takes a whole number from 1 on');
  process.exit(64);
}
if (!Number.isSafeInteger(seeds) || seeds < 1 || !Number.isSafeInteger(from)) {
  console.error('--seeds takes a whole number from 1 on, --from a whole number');
  process.exit(64);
}

// Errors are made by the thousand here, and nobody reads where.
Error.stackTraceLimit = 0;

const startedAt = performance.now();
const totals = new Map<string, number>();
let simulatedMs = 0;
let failed = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = await runTrial(seed, values.trace, {}, { processes, kafka: values.kafka });
  simulatedMs += outcome.simulatedMs;
  for (const [kind, count] of outcome.counts) totals.set(kind, (totals.get(kind) ?? 0) + count);
  if (values.trace) console.log(outcome.trace.join('\n'));
  if (outcome.differences.length === 0) continue;
  failed++;
  console.log(`seed ${seed} differs:`);
  for (const { where, says } of outcome.differences) console.log(`  ${where}: ${says}`);
}
const seconds = (performance.now() - startedAt) / 1000;
const faults = [...totals].filter(([kind]) => kind.includes('@'));
console.log(
  `${seeds} seeds from ${from}: ${failed} differ; ${(seeds / seconds).toFixed(0)} a second, ` +
    `${(simulatedMs / 1000 / seeds).toFixed(1)} s of simulated time each, ` +
    `${faults.reduce((sum, [, count]) => sum + count, 0)} faults struck`,
);
for (const [kind, count] of faults.toSorted()) console.log(`  ${kind}: ${count}`);
for (const kind of [
  'refused-FENCED',
  'zombie-commit',
  'session-over',
  'freeze',
  'record-failed',
  'record-heap',
  'record-hangs',
  'disk-full',
])
  console.log(`  ${kind}: ${totals.get(kind) ?? 0}`);
process.exitCode = failed === 0 ? 0 : 1;
