/** Windows that are filled by runs of records must be what they are record by record: told at the same time, late alike. */
import fc from 'fast-check';
import t from 'tap';
import {
  type AnyActor,
  defineActor,
  jsonCodec,
  type RowStore,
  rawCodec,
  rows,
  TumblingWindows,
  topic,
} from '../../../engine/index.ts';
import { testActor } from '../../../engine/testkit/index.ts';

const numbers = topic('numbers', rawCodec(), { external: true });
const told = topic('told', jsonCodec<{ start: number; sum: number; at: number }>(), { access: 'public' });

const SIZE_MS = 1000;
const GRACE_MS = 300;
const START_MS = 1_700_000_000_000;
const BROKEN = 1;

/** How an actor gets at its records: called for each, in runs, or in runs without a word to the engine of new windows. */
type Way = 'called' | 'runs' | 'silent runs';

function windowing(way: Way): AnyActor {
  return defineActor({
    name: 'windower',
    inputs: { numbers },
    outputs: { told },
    state: { windows: rows(64) },
    open(context) {
      const store: RowStore = context.state.windows;
      const windows = new TumblingWindows(store, { sizeMs: SIZE_MS, graceMs: GRACE_MS });
      let watermarkSeen = 0;
      const add = (row: number, value: number) => {
        if (value === BROKEN) throw new Error('broken');
        if (row < 0) context.count('late');
        else store.f64[row * 8]! += value;
      };
      return {
        watermarkDue: windows.due,
        process({ keyId, timestamp, value }) {
          const row = windows.rowFor(keyId, timestamp, context.inputWatermark('numbers'));
          if (row >= 0) store.touchAll(row);
          add(row, value.bytes[value.start]!);
        },
        ...(way === 'called'
          ? {}
          : {
              processBatch(_input, records) {
                const { keyIds, timestamps, valueStarts } = records.columns;
                while (records.nextRun()) {
                  if (way === 'runs') {
                    const found = windows.rowsOf(records);
                    store.touchEach(found, records.from, records.to);
                    for (let i = records.from; i < records.to; i++) add(found[i]!, records.bytes[valueStarts[i]!]!);
                    continue;
                  }
                  let latest = records.inputWatermark;
                  for (let i = records.from; i < records.to; i++) {
                    const row = windows.rowFor(keyIds[i]!, timestamps[i]!, latest);
                    if (row >= 0) store.touchAll(row);
                    add(row, records.bytes[valueStarts[i]!]!);
                    latest = Math.max(latest, timestamps[i]!);
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

type Input = readonly {
  readonly key: string;
  readonly value: number;
  readonly passedMs: number;
  readonly oldMs: number;
}[];

async function outcome(way: Way, input: Input, batchRecords: number) {
  const driver = await testActor(windowing(way), { partitions: 2, cuts: 'never', batchRecords });
  try {
    let now = START_MS;
    for (const { key, value, passedMs, oldMs } of input) {
      now += passedMs;
      driver.sendBytes('numbers', key, Uint8Array.of(value), now - oldMs);
    }
    await driver.settle();
    return {
      told: driver
        .outputs('told')
        .map(({ key, timestamp, partition, bytes }) => [
          key,
          timestamp,
          partition,
          Buffer.from(bytes ?? []).toString(),
        ]),
      letters: driver.letters('numbers').map(({ code, key, offset }) => `${code} ${key} ${offset}`),
      stages: driver.statuses().map(({ stages, watermark }) => ({ stages, watermark })),
    };
  } finally {
    await driver.close();
  }
}

t.test('windows are the same, told at the same watermark, whatever runs they were filled by', async (t) => {
  const record = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    value: fc.oneof(
      { weight: 40, arbitrary: fc.integer({ min: 2, max: 9 }) },
      { weight: 1, arbitrary: fc.constant(BROKEN) },
    ),
    passedMs: fc.oneof(
      { weight: 10, arbitrary: fc.integer({ min: 0, max: 40 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 4000 }) },
    ),
    oldMs: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 500 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 5000 }) },
    ),
  });
  const input = fc.array(record, { maxLength: 300, size: 'max' });
  let tolds = 0;
  let lates = 0;
  await fc.assert(
    fc.asyncProperty(input, fc.constantFrom(3, 50, 1000), async (records, batchRecords) => {
      const expected = await outcome('called', records, batchRecords);
      tolds += expected.told.length;
      lates += JSON.stringify(expected.stages).includes('late') ? 1 : 0;
      t.same(await outcome('runs', records, batchRecords), expected);
      t.same(await outcome('silent runs', records, batchRecords), expected);
    }),
    { numRuns: 25 },
  );
  t.ok(tolds > 100 && lates > 3, 'windows were told, and records late');
});
