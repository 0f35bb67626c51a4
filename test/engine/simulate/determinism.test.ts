/** The same seed gives the same run, line by line and byte by byte; else a failing seed would be worth nothing. */
import t from 'tap';
import { runTrial } from './trial.ts';

t.setTimeout(590_000);

t.test('a seed that runs twice leaves the same trace and the same log', async (t) => {
  for (const seed of [1, 17, 4711, 90_001]) {
    const [first, second] = [await runTrial(seed, true), await runTrial(seed, true)];
    t.same(second.trace, first.trace, `trace of ${seed}`);
    t.same(second.log, first.log, `log of ${seed}`);
    t.ok(first.trace.length > 10, 'and something happened');
  }
});

const GROUNDS = [{ processes: 2 }, { kafka: true }, { kafka: true, processes: 2 }] as const;

t.test('so does a seed with processes that share the partitions, and one over Kafka', async (t) => {
  for (const [seed, ground] of [1, 4711].flatMap((seed) => GROUNDS.map((ground) => [seed, ground] as const))) {
    const [first, second] = [await runTrial(seed, true, {}, ground), await runTrial(seed, true, {}, ground)];
    t.same(second.trace, first.trace, `trace of ${seed}`);
    t.same(second.log, first.log, `log of ${seed}`);
  }
});

t.test('two seeds run at once do not disturb each other', async (t) => {
  const alone = [await runTrial(5, true), await runTrial(6, true)];
  const together = await Promise.all([runTrial(5, true), runTrial(6, true)]);
  t.same(
    together.map(({ trace }) => trace),
    alone.map(({ trace }) => trace),
  );
});

t.test('keeping the trace does not change the run', async (t) => {
  const [kept, dropped] = [await runTrial(7, true), await runTrial(7, false)];
  t.same(dropped.log, kept.log);
  t.equal(dropped.events, kept.events);
});
