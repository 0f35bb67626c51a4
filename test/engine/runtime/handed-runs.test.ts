/** Values that are handed over at once must leave behind what they do one by one, whatever loops their actors take. */
import fc from 'fast-check';
import t from 'tap';
import {
  type AnyActor,
  type ByteWriter,
  defineActor,
  jsonCodec,
  MsecError,
  type RowStore,
  rows,
  TumblingWindows,
  topic,
} from '../../../engine/index.ts';
import { StageDriver } from '../../actors/stage-driver.ts';

/**
 * How values come to the actors: each emitted by itself; handed over at once; and then in loops of the actors', of which a
 * silent one says no word to the engine of new windows.
 */
type Way = 'each' | 'handed' | 'loops' | 'silent loops';

const SIZE_MS = 1000;
const GRACE_MS = 300;
const START_MS = 1_700_000_000_000;
/** What a value does beside being added up; relay and windower have each their own. */
const REFUSED_BY_RELAY = 1;
const REFUSED = 2;
const REFUSED_AND_KEPT = 3;

interface Value {
  n: number;
}

const codec = {
  format: 'test.number',
  decode: (bytes: Uint8Array, start: number) => ({ n: bytes[start]! }),
  encode: (value: Value, writer: ByteWriter) => writer.u8(value.n),
};
const inputs = topic(
  'in',
  { ...codec, decode: (bytes: Uint8Array, start: number, end: number) => bytes.slice(start, end), encode: () => {} },
  { external: true },
);
const middle = topic('middle', codec);
const relayed = topic('relayed', codec);
const told = topic('told', jsonCodec<{ start: number; sum: number; at: number }>(), { access: 'public' });

/** Hands on (value, time) pairs of its record. */
function splitter(way: Way): AnyActor {
  return defineActor({
    name: 'splitter',
    inputs: { inputs },
    outputs: { middle },
    open: ({ out }) => ({
      process(record) {
        const bytes = record.value as Uint8Array;
        const value = { n: 0 };
        const timestamps = new Float64Array(bytes.length / 2 + 1);
        for (let i = 0; i < bytes.length / 2; i++)
          timestamps[i + 1] = record.timestamp + 20 * (bytes[2 * i + 1]! - 128) + 30 * i;
        const move = (i: number) => {
          value.n = bytes[2 * (i - 1)]!;
        };
        const run = { from: 1, to: timestamps.length, timestamps, move };
        if (way !== 'each') out.middle.emitRun(value, run);
        else
          for (let i = 1; i < run.to; i++) {
            move(i);
            out.middle.emit(value, timestamps[i]!);
          }
      },
    }),
  });
}

/** Adds one; where it loops, the values of its run are made while the next actor moves through them. */
function relay(way: Way): AnyActor {
  return defineActor({
    name: 'relay',
    inputs: { middle },
    outputs: { relayed },
    open: ({ out }) => {
      const value = { n: 0 };
      const make = (n: number) => {
        if (n === REFUSED_BY_RELAY) throw new MsecError('VALUE_INVALID', 'refused by relay');
        value.n = n + 1;
      };
      return {
        process(record) {
          make(record.value.n);
          out.relayed.emit(value);
        },
        ...(way === 'each' || way === 'handed'
          ? {}
          : {
              processRun(_input, run) {
                const { from, to, timestamps } = run;
                const move = (i: number) => {
                  run.move(i);
                  make(run.value.n);
                };
                out.relayed.emitRun(value, { from, to, timestamps, move });
              },
            }),
      };
    },
  });
}

function windower(way: Way): AnyActor {
  return defineActor({
    name: 'windower',
    inputs: { relayed },
    outputs: { told },
    state: { windows: rows(64) },
    open(context) {
      const store: RowStore = context.state.windows;
      const windows = new TumblingWindows(store, { sizeMs: SIZE_MS, graceMs: GRACE_MS });
      let watermarkSeen = 0;
      const add = (row: number, { n }: Value) => {
        if (row < 0) context.count('late');
        else store.f64[row * 8]! += n;
        if (n === REFUSED + 1) throw new MsecError('VALUE_INVALID', 'refused');
        if (n === REFUSED_AND_KEPT + 1) context.deadLetter(new MsecError('VALUE_INVALID', 'kept'));
      };
      return {
        watermarkDue: windows.due,
        process({ keyId, timestamp, value }) {
          called++;
          const row = windows.rowFor(keyId, timestamp, context.inputWatermark('relayed'));
          if (row >= 0) store.touchAll(row);
          add(row, value);
        },
        ...(way === 'each' || way === 'handed'
          ? {}
          : {
              processRun(_input, run) {
                let latest = run.inputWatermark;
                for (let at = run.from; at < run.to; ) {
                  const timestamp = run.timestamps[at]!;
                  const row = way === 'loops' ? windows.spanOf(run, at) : windows.rowFor(run.keyId, timestamp, latest);
                  latest = Math.max(latest, timestamp);
                  if (row >= 0) store.touchAll(row);
                  for (const end = way === 'loops' ? windows.spanEnd : at + 1; at < end; at++) {
                    run.move(at);
                    add(row, run.value);
                  }
                }
              },
            }),
        onWatermark(watermark) {
          watermarkSeen = watermark;
          windows.closeDue(watermark, context.keys, (row, start) =>
            context.out.told.emitFor(store.keyIdOf(row), { start, sum: store.f64[row * 8]!, at: watermarkSeen }, start),
          );
        },
        onRollback: () => windows.rebuild(),
      };
    },
  });
}

/** How often the windower was called for a single value. */
let called = 0;

type Records = readonly { readonly key: string; readonly passedMs: number; readonly values: Uint8Array }[];

function outcome(way: Way, records: Records) {
  const driver = new StageDriver({ actors: [splitter(way), relay(way), windower(way)] });
  let now = START_MS;
  for (const { key, passedMs, values } of records) {
    now += passedMs;
    driver.feed('in', key, now, values);
  }
  return {
    records: driver.records.map(({ topic: name, key, timestamp, value, letter }) => [
      ...[name, key, timestamp, Buffer.from(value).toString('latin1')],
      letter?.message,
    ]),
    counts: ['splitter', 'relay', 'windower'].map((actor) => driver.status(actor)),
  };
}

t.test('windows are the same, told at the same watermark, however their values were handed over', async (t) => {
  const value = fc.oneof(
    { weight: 60, arbitrary: fc.integer({ min: 4, max: 99 }) },
    { weight: 1, arbitrary: fc.constantFrom(REFUSED_BY_RELAY, REFUSED, REFUSED_AND_KEPT) },
  );
  // In steps of 20 ms around the record's time: mostly a little before it, some far.
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 105, max: 135 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  );
  const values = fc
    .array(fc.tuple(value, step), { maxLength: 40, size: 'max' })
    .map((pairs) => Uint8Array.from(pairs.flat()));
  const passedMs = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 200 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 4000 }) },
  );
  const records = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), passedMs, values }), { maxLength: 30 });
  let [tolds, lates, letters, loops] = [0, 0, 0, 0];
  fc.assert(
    fc.property(records, (input) => {
      const expected = outcome('each', input);
      tolds += expected.records.filter(([name]) => name === 'told').length;
      letters += expected.records.filter(([name]) => String(name).endsWith('.dlq')).length;
      lates += JSON.stringify(expected.counts).includes('late') ? 1 : 0;
      for (const way of ['handed', 'loops', 'silent loops'] as const) t.same(outcome(way, input), expected, way);
      if (expected.records.some(([name]) => String(name).endsWith('.dlq'))) return;
      called = 0;
      outcome('loops', input);
      t.equal(called, 0, 'where nothing fails all goes in loops');
      loops++;
    }),
    { numRuns: 120 },
  );
  t.ok(tolds > 50 && lates > 3 && letters > 20, `${tolds} told, ${lates} with late ones, ${letters} letters`);
  t.ok(loops > 5, `${loops} without a letter`);
});

t.test('a window that is opened in a run and due in it is told at its own time', async (t) => {
  // Of the four values the second opens the window before, which the third closes.
  const at = (ms: number, i: number) => [10, 128 + (ms - 30 * i) / 20];
  const records = [
    { key: 'a', passedMs: 0, values: Uint8Array.from([10, 128]) },
    { key: 'a', passedMs: 0, values: Uint8Array.from([at(100, 0), at(-90, 1), at(360, 2), at(490, 3)].flat()) },
  ];
  const expected = outcome('each', records);
  t.match(JSON.stringify(expected.records), `\\"at\\":${START_MS + 360}`);
  for (const way of ['handed', 'loops', 'silent loops'] as const) t.same(outcome(way, records), expected, way);
});
