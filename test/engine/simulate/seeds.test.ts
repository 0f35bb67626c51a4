// Time limit: 1800 s.
/**
 * Simulated runs: seeds that once failed, then others: in CI a fixed number, whatever the machine's speed, at a desk for as
 * long as the time allows, and never fewer than a minimum. A seed that fails goes into test/corpus/simulated-seeds.json;
 * `npm run simulate -- --from SEED --trace` shows its run.
 */
import t, { type Test } from 'tap';
import corpus from '../../corpus/simulated-seeds.json' with { type: 'json' };
import { testSeed } from '../../support/test-seed.ts';
import { runTrial, type TrialGround } from './trial.ts';

// Errors are made by the thousand here, and nobody reads where.
Error.stackTraceLimit = 0;

const isThorough = process.env.CI === 'true';
const TIME_MS = isThorough ? 0 : 5_000;
const SEEDS_MIN = isThorough ? 2_000 : 60;

interface Found extends TrialGround {
  readonly seed: number;
  readonly found: string;
}

t.test('seeds that once failed leave what the oracle expects', async (t) => {
  for (const { seed, found, ...ground } of corpus as readonly Found[])
    t.same((await runTrial(seed, false, {}, ground)).differences, [], `${seed}: ${found}`);
});

t.test('fresh seeds leave what the oracle expects', (t) => freshSeeds(t, () => ({}), SEEDS_MIN));

t.test('so they do where processes share the partitions, which change hands', (t) =>
  freshSeeds(t, (seed) => ({ processes: 2 + (seed % 2) }), SEEDS_MIN / 3),
);

t.test('so they do over Kafka, whose broker answers late, moves, and has its connections cut', (t) =>
  freshSeeds(t, (seed) => ({ kafka: true, processes: 1 + (seed % 3) }), SEEDS_MIN / 16),
);

async function freshSeeds(t: Test, groundOf: (seed: number) => TrialGround, seedsMin: number): Promise<void> {
  const startedAt = performance.now();
  const first = testSeed() * 1_000;
  let seeds = 0;
  let faults = 0;
  const failed: { seed: number; differences: unknown }[] = [];
  while (failed.length < 3 && (seeds < seedsMin || performance.now() - startedAt < TIME_MS)) {
    const { seed, differences, counts } = await runTrial(first + seeds, false, {}, groundOf(first + seeds));
    seeds++;
    for (const [kind, count] of counts) if (kind.includes('@')) faults += count;
    if (differences.length > 0) failed.push({ seed, differences });
  }
  t.comment(`${seeds} seeds from ${first}, ${faults} faults struck, ${failed.length} seeds failed`);
  t.same(failed, [], `seeds from ${first}`);
}
