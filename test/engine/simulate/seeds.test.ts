// Time limit: 400 s.
/**
 * Simulated runs: seeds that once failed, then fresh ones for as long as the time allows, and never fewer than a minimum.
 * A seed that fails goes into test/corpus/simulated-seeds.json; `npm run simulate -- --from SEED --trace` shows its run.
 */
import t, { type Test } from 'tap';
import corpus from '../../corpus/simulated-seeds.json' with { type: 'json' };
import { runTrial } from './trial.ts';

// Errors are made by the thousand here, and nobody reads where.
Error.stackTraceLimit = 0;

const isThorough = process.env.CI === 'true';
const TIME_MS = isThorough ? 60_000 : 5_000;
const SEEDS_MIN = isThorough ? 2_000 : 60;

interface Found {
  readonly seed: number;
  readonly found: string;
  readonly processes?: number;
}

t.test('seeds that once failed leave what the oracle expects', async (t) => {
  for (const { seed, found, processes = 1 } of corpus as readonly Found[])
    t.same((await runTrial(seed, false, {}, processes)).differences, [], `${seed}: ${found}`);
});

t.test('fresh seeds leave what the oracle expects', (t) => freshSeeds(t, () => 1, SEEDS_MIN));

t.test('so they do where processes share the partitions, which change hands', (t) =>
  freshSeeds(t, (seed) => 2 + (seed % 2), SEEDS_MIN / 3),
);

async function freshSeeds(t: Test, processesOf: (seed: number) => number, seedsMin: number): Promise<void> {
  const startedAt = performance.now();
  const first = (Date.now() % 2 ** 31) * 1_000;
  let seeds = 0;
  let faults = 0;
  const failed: { seed: number; differences: unknown }[] = [];
  while (failed.length < 3 && (seeds < seedsMin || performance.now() - startedAt < TIME_MS)) {
    const { seed, differences, counts } = await runTrial(first + seeds, false, {}, processesOf(first + seeds));
    seeds++;
    for (const [kind, count] of counts) if (kind.includes('@')) faults += count;
    if (differences.length > 0) failed.push({ seed, differences });
  }
  t.comment(`${seeds} seeds from ${first}, ${faults} faults struck, ${failed.length} seeds failed`);
  t.same(failed, [], `seeds from ${first}`);
}
