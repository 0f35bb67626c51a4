/** An actor that walks through its batches must leave behind what the same actor does that is called for each record. */
import fc from 'fast-check';
import t from 'tap';
import {
  type AnyActor,
  BatchEncoder,
  defineActor,
  jsonCodec,
  MsecError,
  type RowStore,
  rawCodec,
  rows,
  topic,
} from '../../../engine/index.ts';
import type { WorkerPosition } from '../../../engine/runtime/index.ts';
import { type DriverOptions, testActor } from '../../../engine/testkit/index.ts';
import { Rig } from './rig.ts';
import { from, open } from './task-rig.ts';

const numbers = topic('numbers', rawCodec());
const sums = topic('sums', jsonCodec<{ sum: number }>());

const TIME_STEP_MS = 100;

/** What a byte of input does, beside being added up. */
const REFUSED = 1;
const BROKEN = 2;
const BROKEN_ONCE = 3;
const DOWN_ONCE = 4;

/** `seen` lives as long as the process, as a dependency does: it is not the actor's state. */
function add(
  seen: Set<string>,
  store: RowStore,
  keyId: number,
  id: string,
  value: number,
  count: (name: string) => void,
): number {
  let row = store.find(keyId);
  if (row < 0) row = store.create(keyId);
  store.touch(row, 0);
  store.f64[row * 8] += value;
  const isFirst = !seen.has(id);
  seen.add(id);
  count(`value ${value}`);
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
    process({ keyId, value, timestamp }, context) {
      const count = (name: string) => context.count(name);
      const sum = add(seen, context.state.totals, keyId, `${timestamp}`, value.bytes[value.start], count);
      context.out.sums.emit({ sum });
    },
  });
}

function walking(seen: Set<string>, stopAfter: number): AnyActor {
  return defineActor({
    name: 'adder',
    inputs: { numbers },
    outputs: { sums },
    state: { totals: rows(64) },
    open: (context) => ({
      process: () => t.fail('a record that was read goes to processBatch'),
      processBatch(_input, records) {
        // Some return before the end, as they may.
        for (let i = 0; i < stopAfter && records.next(); i++) {
          const value = records.bytes[records.valueStart];
          const count = (name: string) => context.count(name);
          const sum = add(seen, context.state.totals, records.keyId, `${records.timestamp}`, value, count);
          context.out.sums.emit({ sum });
        }
      },
    }),
  });
}

/** As `walking`, in loops over runs of records, which it ends now and then. */
function running(seen: Set<string>, stopAfter: number, emitsAtHand = false): AnyActor {
  return defineActor({
    name: 'adder',
    inputs: { numbers },
    outputs: { sums },
    state: { totals: rows(64) },
    open: (context) => ({
      process: () => t.fail('a record that was read goes to processBatch'),
      processBatch(_input, records) {
        const { keyIds, timestamps, valueStarts } = records.columns;
        while (records.nextRun()) {
          const to = Math.min(records.to, records.from + stopAfter);
          records.endRun(to);
          for (let i = records.from; i < to; i++) {
            const value = records.bytes[valueStarts[i]!]!;
            const count = (name: string) => context.count(name);
            const sum = add(seen, context.state.totals, keyIds[i]!, `${timestamps[i]}`, value, count);
            if (emitsAtHand) context.out.sums.emit({ sum });
            else context.out.sums.emitFor(keyIds[i]!, { sum }, timestamps[i]!);
          }
        }
      },
    }),
  });
}

/** A value without its record's key only tells the time; -1 is a record without a value. */
type Input = readonly (readonly [string | null, number])[];

async function outcome(actor: AnyActor, input: Input, options: DriverOptions = { cuts: 'before-commit' }) {
  const driver = await testActor(actor, { partitions: 2, ...options });
  try {
    for (const [i, [key, value]] of input.entries()) {
      const bytes = key === null || value < 0 ? null : Uint8Array.of(value);
      driver.sendBytes('numbers', key, bytes, 1_700_000_000_000 + i * TIME_STEP_MS);
    }
    await driver.settle();
    await driver.advance(60_000);
    const plain = ({ key, timestamp, partition, bytes }: ReturnType<typeof driver.outputs>[number]) =>
      `${key} ${timestamp} ${partition} ${Buffer.from(bytes ?? []).toString()}`;
    return {
      statuses:
        options.cuts === 'never' ? driver.statuses().map(({ stages, watermark }) => ({ stages, watermark })) : [],
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
      t.same(await outcome(running(new Set(), stopAfter), records), expected);
      const unbroken = records.filter(([, value]) => value > DOWN_ONCE);
      t.same(await outcome(running(new Set(), 9, true), unbroken), await outcome(called(new Set()), unbroken));
      t.equal(expected.letters.length, records.filter(([, value]) => value === REFUSED || value === BROKEN).length);
    }),
    { numRuns: 10 },
  );
});

t.test(
  'in batches of many records too, to the last count, with records that only tell the time or have no value',
  async (t) => {
    const value = fc.oneof(
      { weight: 40, arbitrary: fc.integer({ min: 5, max: 9 }) },
      { weight: 1, arbitrary: fc.constantFrom(-1, REFUSED, BROKEN) },
    );
    const key = fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
      { weight: 1, arbitrary: fc.constant(null) },
    );
    const input = fc.array(fc.tuple(key, value), { maxLength: 700, size: 'max' });
    const batchRecords = fc.constantFrom(2, 7, 100, 1000);
    await fc.assert(
      fc.asyncProperty(
        input,
        fc.integer({ min: 1, max: 500 }),
        batchRecords,
        async (records, stopAfter, batchRecords) => {
          for (const cuts of ['never', 'after-commit'] as const) {
            const expected = await outcome(called(new Set()), records, { batchRecords, cuts });
            t.same(await outcome(walking(new Set(), stopAfter), records, { batchRecords, cuts }), expected);
            t.same(await outcome(running(new Set(), stopAfter), records, { batchRecords, cuts }), expected);
          }
        },
      ),
      { numRuns: 5 },
    );
  },
);

t.test('what is down for a while holds up its record and nothing before it', async (t) => {
  const kinds = fc.constantFrom(5, 5, 5, 5, 5, 5, 5, DOWN_ONCE, BROKEN_ONCE);
  const input = fc.array(fc.tuple(fc.constantFrom('a', 'b'), kinds), { maxLength: 100, size: 'max' });
  await fc.assert(
    fc.asyncProperty(input, async (records) => {
      const batch = { batchRecords: 50, cuts: 'before-commit' } as const;
      const expected = await outcome(called(new Set()), records, batch);
      t.same(await outcome(walking(new Set(), 1000), records, batch), expected);
      t.same(expected.letters, []);
    }),
    { numRuns: 10 },
  );
});

t.test('among records in doubt each is walked by itself, and the main thread can see which', async (t) => {
  const rig = new Rig();
  const spans: number[] = [];
  let position: WorkerPosition | null = null;
  const actor = defineActor({
    name: 'runner',
    inputs: { from },
    open: () => ({
      process: () => t.fail('a record that was read goes to processBatch'),
      processBatch(_input, records) {
        while (records.nextRun()) {
          t.equal(position?.read()?.span, records.to - records.from);
          spans.push(records.to - records.from);
        }
      },
    }),
  });
  const encoder = new BatchEncoder();
  for (let n = 0; n < 9; n++) encoder.append(n, Uint8Array.of(1), 0, 1, Uint8Array.of(48 + n), 0, 1);
  const opened = await open(rig, [actor], { doubtful: [{ source: 0, from: 4, to: 6 }] });
  position = opened.position;
  await rig.run(rig.log.commit({ appends: [{ topic: 'from', partition: 0, bytes: encoder.finish() }] }));
  await rig.pass(1_000);
  t.equal(await opened.committed(), 9);
  t.same(spans.slice(-6), [1, 1, 1, 1, 1, 1]);
  await opened.stop();
});
