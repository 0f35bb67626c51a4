/** An actor whose knowledge is no state: what it is shown again, and what not. */
import t from 'tap';
import { type AnyActor, defineActor, jsonCodec, MsecError, topic, values } from '../../../engine/index.ts';
import { testActor } from '../../../engine/testkit/index.ts';

const numbers = topic('numbers', jsonCodec<number>(), { external: true });
const sums = topic('sums', jsonCodec<{ sum: number; again: number }>());

interface Given {
  /** Records before it that the sum is of. */
  readonly reach: number;
  readonly onAgain?: (value: number) => void;
}

/** Sums up the last `reach` numbers, kept in memory alone; state says where they begin. */
function summing({ reach, onAgain }: Given): AnyActor {
  return defineActor({
    name: 'sum',
    inputs: { numbers },
    outputs: { sums },
    state: { offsets: values(jsonCodec<number[]>()) },
    open(context) {
      const { state, out } = context;
      let kept: number[] = [];
      let again = 0;
      const [known] = [...state.offsets.entries()];
      return {
        process({ keyId, value }) {
          kept = [...kept, value].slice(-reach);
          const offsets = [...(state.offsets.get(keyId) ?? []), context.sourceOffset()].slice(-reach);
          state.offsets.set(keyId, offsets);
          out.sums.emit({ sum: kept.reduce((sum, one) => sum + one, 0), again });
        },
        replay: {
          from: () => known?.value[0] ?? null,
          take({ value }) {
            onAgain?.(value);
            kept.push(value);
            again += 1;
          },
        },
      };
    },
  });
}

for (const cuts of ['never', 'before-commit', 'after-commit'] as const)
  t.test(`what is not state is made anew from the records that the actor names; cuts: ${cuts}`, async (t) => {
    const driver = await testActor(summing({ reach: 4 }), { cuts, partitions: 1, batchRecords: 3 });
    const given = Array.from({ length: 23 }, (_, i) => i * i);
    for (const value of given) driver.send('numbers', 'a', value);
    await driver.settle();
    const told = driver.outputs<{ sum: number; again: number }>('sums').map(({ value }) => value);
    t.same(
      told.map(({ sum }) => sum),
      given.map((_, i) => given.slice(Math.max(0, i - 3), i + 1).reduce((sum, one) => sum + one, 0)),
    );
    if (cuts === 'never') t.ok(told.every(({ again }) => again === 0));
    else t.ok(told.some(({ again }) => again > 0));
    t.ok(
      told.every(({ again }) => again <= 4),
      'and from no others',
    );
    await driver.close();
  });

t.test('a record is shown again after a while where what it needs is not there yet', async (t) => {
  let refusals = 3;
  const actor = summing({
    reach: 2,
    onAgain: () => {
      if (refusals-- > 0) throw new MsecError('DEPENDENCY_DOWN', 'not there yet');
    },
  });
  const driver = await testActor(actor, { cuts: 'after-commit', partitions: 1 });
  for (const value of [1, 2, 3]) driver.send('numbers', 'a', value);
  await driver.settle();
  t.same(
    driver.outputs<{ sum: number }>('sums').map(({ value }) => value.sum),
    [1, 3, 5],
  );
  t.ok(refusals < 0);
  await driver.close();
});

t.test('an actor that emits while it is shown records again fails its task', async (t) => {
  const actor = defineActor({
    name: 'loud',
    inputs: { numbers },
    outputs: { sums },
    state: { seen: values(jsonCodec<number>()) },
    open: ({ state, out }) => ({
      process({ keyId, value }) {
        state.seen.set(keyId, value);
      },
      replay: {
        from: () => (state.seen.size > 0 ? 0 : null),
        take: ({ value }) => out.sums.emit({ sum: value, again: 0 }),
      },
    }),
  });
  const driver = await testActor(actor, { cuts: 'after-commit', partitions: 1 });
  driver.send('numbers', 'a', 1);
  driver.send('numbers', 'a', 2);
  await t.rejects(driver.settle(), { code: 'ACTOR_FAILED' });
  await driver.close();
});

t.test('an actor that has lost what it knows has its task opened again, and loses no record', async (t) => {
  let isLost = false;
  const actor = defineActor({
    name: 'losing',
    inputs: { numbers },
    outputs: { sums },
    state: {},
    open: ({ out }) => ({
      process({ value }) {
        if (value === 2 && !isLost) {
          isLost = true;
          throw new MsecError('REOPEN_NEEDED', 'lost');
        }
        out.sums.emit({ sum: value, again: 0 });
      },
    }),
  });
  const driver = await testActor(actor, { partitions: 1 });
  for (const value of [1, 2, 3]) driver.send('numbers', 'a', value);
  await driver.settle();
  t.ok(isLost);
  t.same(driver.letters('numbers'), []);
  t.same(
    driver.outputs<{ sum: number }>('sums').map(({ value }) => value.sum),
    [1, 2, 3],
  );
  await driver.close();
});
