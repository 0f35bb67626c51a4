import fc from 'fast-check';
import t from 'tap';
import { BatchCursor, BatchEncoder } from '../../../../engine/batch/index.ts';
import { batchKey } from '../../../../engine/log/embedded/keys.ts';
import {
  EmbeddedLog,
  LocalEnds,
  type LogReader,
  MemoryDisk,
  MemoryStore,
  WriteBatch,
} from '../../../../engine/log/index.ts';
import { ManualClock } from '../manual-clock.ts';

interface Kept {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

const codec = fc.constantFrom('none' as const, 'lz4' as const, 'zstd' as const);
const key = fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { freq: 8 });
const value = fc.option(fc.integer({ min: 0, max: 400 }), { freq: 5 });
const append = fc.record({
  records: fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 8 }),
  codec,
});
const step = fc.oneof(
  { weight: 10, arbitrary: append },
  { weight: 1, arbitrary: fc.record({ truncateShare: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 3, arbitrary: fc.record({ maintenance: fc.constantFrom(1, 2, 5, 30) }) },
  { weight: 1, arbitrary: fc.constant({ crash: true }) },
);

const bytesOf = (text: string | null) => (text === null ? new Uint8Array(0) : new TextEncoder().encode(text));

async function readAll(reader: LogReader): Promise<Kept[]> {
  const cursor = new BatchCursor();
  const kept: Kept[] = [];
  let { start: offset, end } = await reader.bounds('a', 0);
  while (offset < end) {
    const fetched = await reader.fetch('a', 0, offset, 3_000);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    while (cursor.next()) {
      const text = (from: number, to: number) =>
        from < 0 ? null : Buffer.from(cursor.bytes.slice(from, to)).toString();
      const { keyStart, keyEnd, valueStart, valueEnd } = cursor;
      kept.push({ offset: cursor.offset, key: text(keyStart, keyEnd), value: text(valueStart, valueEnd) });
    }
    offset = cursor.offsetNext;
  }
  return kept;
}

const turns = async () => {
  for (let i = 0; i < 200; i++) await Promise.resolve();
};

/** A few steps of maintenance, not always to its end. */
async function maintain(clock: ManualClock, rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    clock.advance(1_000);
    await turns();
  }
}

t.test('compaction loses no last value, and changes nothing that it keeps, over truncations and crashes', async (t) => {
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
      const clock = new ManualClock();
      const disk = new MemoryDisk();
      const open = () => {
        const store = new MemoryStore(disk);
        const log = new EmbeddedLog(store, new LocalEnds(), clock, { groupCommitMs: 0, tombstoneMs: 20_000 });
        return { store, log };
      };
      let { store, log } = open();
      await log.createTopics([{ name: 'a', partitions: 1, cleanup: 'compact', segmentBytes: 600 }]);
      const written: Kept[] = [];
      for (const one of steps) {
        if ('records' in one) {
          const encoder = new BatchEncoder({ batchBytesMax: 700, compression: one.codec });
          for (const [key, size] of one.records) {
            const value = size === null ? null : `${written.length}`.padEnd(size, '.');
            const [keyBytes, valueBytes] = [bytesOf(key), bytesOf(value)];
            const at = (text: string | null) => (text === null ? -1 : 0);
            encoder.append(1, keyBytes, at(key), keyBytes.length, valueBytes, at(value), valueBytes.length);
            written.push({ offset: written.length, key, value });
          }
          await log.commit({ appends: [{ topic: 'a', partition: 0, bytes: encoder.finish() }] });
        } else if ('truncateShare' in one) {
          const before = Math.floor(written.length * one.truncateShare * 0.5);
          await log.commit({ truncations: [{ topic: 'a', partition: 0, before }] });
        } else if ('maintenance' in one) {
          await maintain(clock, one.maintenance);
        } else {
          store.crash();
          ({ store, log } = open());
        }
        const reader = log.openReader();
        const kept = await readAll(reader);
        const { start, end } = await reader.bounds('a', 0);
        await reader.close();
        if (end !== written.length) throw new Error(`the end is ${end}`);
        for (const record of kept) {
          const original = written[record.offset];
          if (JSON.stringify(original) !== JSON.stringify(record)) throw new Error(`offset ${record.offset} changed`);
        }
        const offsets = new Set(kept.map(({ offset }) => offset));
        if (offsets.size !== kept.length) throw new Error('a record twice');
        const last = new Map<string, Kept>();
        for (const record of written) if (record.key !== null) last.set(record.key, record);
        for (const record of written.slice(start)) {
          const isLast = record.key === null || last.get(record.key) === record;
          if (isLast && record.value !== null && !offsets.has(record.offset)) throw new Error(`lost ${record.offset}`);
          // A tombstone may go only when nothing older of its key is left to come back.
          if (
            isLast &&
            record.value === null &&
            !offsets.has(record.offset) &&
            kept.some(({ key }) => key === record.key)
          ) {
            throw new Error(`${record.key} came back to life`);
          }
        }
        removed += written.length - start - kept.length;
      }
      await log.close();
    }),
    { numRuns: 25 },
  );
  t.ok(removed > 100, 'records went');
});

t.test('a batch that is corrupt on the disk stops its partition alone', async (t) => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const log = new EmbeddedLog(store, new LocalEnds(), clock, { groupCommitMs: 0 });
  await log.createTopics([
    { name: 'a', partitions: 1, cleanup: 'compact', segmentBytes: 600 },
    { name: 'b', partitions: 1, cleanup: 'compact', segmentBytes: 600 },
  ]);
  for (let i = 0; i < 40; i++) {
    for (const topic of ['a', 'b']) {
      const encoder = new BatchEncoder();
      encoder.append(1, bytesOf('k'), 0, 1, bytesOf('v'.padEnd(100)), 0, 100);
      await log.commit({ appends: [{ topic, partition: 0, bytes: encoder.finish() }] });
    }
  }
  const broken = new WriteBatch();
  const bytes = store.get(batchKey(0, 3))!.slice();
  bytes[80]! ^= 1;
  broken.put(batchKey(0, 3), bytes);
  await store.commit(broken);
  await maintain(clock, 20);
  const reader = log.openReader();
  await t.rejects(readAll(reader), { code: 'BATCH_CORRUPT' });
  t.ok(store.get(batchKey(0, 0)) !== undefined, 'nothing of it is touched');
  t.equal(store.get(batchKey(1, 0)), undefined, 'the other is compacted');
  await log.commit({ offsets: [{ group: 'g', topic: 'a', partition: 0, offset: 1 }] });
  await log.close();
});
