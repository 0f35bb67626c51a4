/** An actor that walks through its batches must leave behind what the same actor does that is called for each record. */
import fc from 'fast-check';
import t from 'tap';
import {
  type AnyActor,
  defineActor,
  jsonCodec,
  MsecError,
  type RowStore,
  rawCodec,
  rows,
  topic,
} from '../../../engine/index.ts';
import { testActor } from '../../../engine/testkit/index.ts';

const numbers = topic('numbers', rawCodec());
const sums = topic('sums', jsonCodec<{ sum: number }>());

/** What a byte of input does, beside being added up. */
const REFUSED = 1;
const BROKEN = 2;
const BROKEN_ONCE = 3;
const DOWN_ONCE = 4;

/** `seen` lives as long as the process, as a dependency does: it is not the actor's state. */
function add(seen: Set<string>, store: RowStore, keyId: number, id: string, value: number): number {
  let row = store.find(keyId);
  if (row < 0) row = store.create(keyId);
  store.touch(row, 0);
  store.f64[row * 8] += value;
  const isFirst = !seen.has(id);
  seen.add(id);
  if (value === REFUSED) throw new MsecError('VALUE_INVALID', 'refused');
  if (value === BROKEN || (value === BROKEN_ONCE && isFirst)) throw new Error('broken');
  if (value === DOWN_ONCE && isFirst) throw new MsecError('DEPENDENCY_DOWN', 'down');
  return store.f64[row * 8];
}

function called(seen: Set<string>): AnyActor {
  return defineActor({
    name: 'adder',
    inputs: { numbers },
    outputs: { sums },
    state: { totals: rows(64) },
    process({ keyId, value, timestamp }, { state, out }) {
      out.sums.emit({ sum: add(seen, state.totals, keyId, `${timestamp}`, value.bytes[value.start]) });
    },
  });
}

function walking(seen: Set<string>, stopAfter: number): AnyActor {
  return defineActor({
    name: 'adder',
    inputs: { numbers },
    outputs: { sums },
    state: { totals: rows(64) },
    open: ({ state, out }) => ({
      process: () => t.fail('a record that was read goes to processBatch'),
      processBatch(_input, records) {
        // Some return before the end, as they may.
        for (let i = 0; i < stopAfter && records.next(); i++) {
          const value = records.bytes[records.valueStart];
          out.sums.emit({ sum: add(seen, state.totals, records.keyId, `${records.timestamp}`, value) });
        }
      },
    }),
  });
}

async function outcome(actor: AnyActor, input: readonly (readonly [string, number])[]) {
  const driver = await testActor(actor, { partitions: 2, cuts: 'before-commit' });
  try {
    for (const [i, [key, value]] of input.entries())
      driver.sendBytes('numbers', key, Uint8Array.of(value), 1_700_000_000_000 + i);
    await driver.settle();
    await driver.advance(60_000);
    const plain = ({ key, timestamp, partition, bytes }: ReturnType<typeof driver.outputs>[number]) =>
      `${key} ${timestamp} ${partition} ${Buffer.from(bytes ?? []).toString()}`;
    return {
      sums: driver.outputs('sums').map(plain),
      letters: driver
        .letters('numbers')
        .map(({ code, attempts, key, offset }) => `${code} ${attempts} ${key} ${offset}`),
    };
  } finally {
    await driver.close();
  }
}

t.test('walking and being called come to the same, whatever fails', async (t) => {
  const input = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 9 })), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(input, fc.integer({ min: 1, max: 50 }), async (records, stopAfter) => {
      const expected = await outcome(called(new Set()), records);
      t.same(await outcome(walking(new Set(), stopAfter), records), expected);
      t.equal(expected.letters.length, records.filter(([, value]) => value === REFUSED || value === BROKEN).length);
    }),
    { numRuns: 60 },
  );
});
