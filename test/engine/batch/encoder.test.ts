import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { BatchEncoder, batchSpans, EncoderMark, type EncoderOptions } from '../../../engine/batch/index.ts';
import { judgeBatches } from './kafkajs-judge.ts';
import { anyRecord, append, type PlainRecord, readAll } from './records.ts';

const COMPRESSIONS = ['none', 'lz4', 'zstd'] as const;
const record = (text: string, timestamp = 1000): PlainRecord => ({
  timestamp,
  key: new TextEncoder().encode(text),
  value: new TextEncoder().encode(`value of ${text}`),
  headers: [],
});

function encoded(records: readonly PlainRecord[], options: EncoderOptions = {}): Uint8Array {
  const encoder = new BatchEncoder(options);
  for (const each of records) append(encoder, each);
  return encoder.finish();
}

t.test('what is written is read back the same, whatever the records, the split and the codec', async () => {
  const options = fc.record({
    batchBytesMax: fc.constantFrom(1, 200, 1000, 524_288),
    compression: fc.constantFrom(...COMPRESSIONS),
  });
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 60 }), options, (records, chosen) => {
      const read = readAll(encoded(records, chosen)).map(({ offset: _, ...rest }) => rest);
      if (!isDeepStrictEqual(read, records)) throw new Error('the records differ');
    }),
    { numRuns: 200 },
  );
});

t.test('kafkajs reads the same records out of our batches', async () => {
  const options = fc.record({
    batchBytesMax: fc.constantFrom(200, 524_288),
    compression: fc.constantFrom(...COMPRESSIONS),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 40 }), options, async (records, chosen) => {
      const batches = await judgeBatches(encoded(records, chosen));
      const read = batches.flatMap((batch) => batch.records);
      if (read.length !== records.length) throw new Error(`${read.length} records, not ${records.length}`);
      for (const [i, theirs] of read.entries()) {
        const ours = records[i]!;
        if (theirs.timestamp !== String(ours.timestamp)) throw new Error(`timestamp ${theirs.timestamp}`);
        if (!isSame(theirs.key, ours.key) || !isSame(theirs.value, ours.value)) throw new Error('bytes differ');
        const names = new Set(ours.headers.map((header) => header.name));
        // kafkajs collects them in an object and trips over what every object has.
        for (const name of names) if (name in {}) names.delete(name);
        for (const name of names) {
          const values = ours.headers.filter((header) => header.name === name).map((header) => header.value);
          // kafkajs folds repeated names and then loses a null that comes first.
          if (values.includes(null)) continue;
          const found = theirs.headers[name];
          const list = Array.isArray(found) ? found : [found ?? null];
          if (!values.every((value, k) => isSame(list[k] ?? null, value))) throw new Error(`header ${name} differs`);
        }
      }
    }),
    { numRuns: 100 },
  );
});

function isSame(theirs: Uint8Array | null, ours: Uint8Array | null): boolean {
  if (theirs === null || ours === null) return theirs === ours;
  return Buffer.compare(theirs, ours) === 0;
}

t.test('a rollback leaves the bytes as if nothing had been appended, also over a batch split', async () => {
  const step = fc.record({ records: fc.array(anyRecord, { maxLength: 12 }), isUndone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom(1, 150, 600, 524_288), (steps, batchBytesMax) => {
      const encoder = new BatchEncoder({ batchBytesMax });
      const plain = new BatchEncoder({ batchBytesMax });
      const mark = new EncoderMark();
      for (const { records, isUndone } of steps) {
        encoder.saveTo(mark);
        for (const each of records) append(encoder, each);
        if (isUndone) encoder.rollback(mark);
        else for (const each of records) append(plain, each);
      }
      if (encoder.count !== plain.count || encoder.byteLength !== plain.byteLength) throw new Error('counts differ');
      if (Buffer.compare(encoder.finish(), plain.finish()) !== 0) throw new Error('bytes differ');
    }),
    { numRuns: 300 },
  );
});

/** Values around the sizes at which a length takes another byte. */
const written = fc.record({
  timestamp: fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }), fc.maxSafeInteger()),
  keyLength: fc.integer({ min: 0, max: 80 }),
  valueLength: fc.oneof(fc.integer({ min: 0, max: 140 }), fc.integer({ min: 8_100, max: 8_300 })),
  isAbandoned: fc.boolean(),
});

t.test(
  'a value that is written in place is read back as one that was copied, and one that is given up is nowhere',
  async () => {
    fc.assert(
      fc.property(
        fc.array(written, { maxLength: 40 }),
        fc.constantFrom(1, 300, 9_000, 524_288),
        (records, batchBytesMax) => {
          const encoder = new BatchEncoder({ batchBytesMax });
          const expected: PlainRecord[] = [];
          for (const [i, { timestamp, keyLength, valueLength, isAbandoned }] of records.entries()) {
            const key = new Uint8Array(keyLength).fill(i);
            const value = new Uint8Array(valueLength).fill(255 - i);
            const writer = encoder.begin(timestamp, key, 0, keyLength);
            writer.copy(value);
            if (isAbandoned) continue;
            if (encoder.end() !== valueLength) throw new Error('another length');
            expected.push({ timestamp, key, value, headers: [] });
          }
          if (encoder.count !== expected.length) throw new Error(`${encoder.count} records`);
          const bytes = encoder.finish();
          for (const { start, end, recordCount } of batchSpans(bytes))
            if (recordCount > 1 && end - start > batchBytesMax) throw new Error('the batch is too long');
          const read = readAll(bytes).map(({ offset: _, ...rest }) => rest);
          if (!isDeepStrictEqual(read, expected)) throw new Error('the records differ');
        },
      ),
      { numRuns: 300 },
    );
  },
);

t.test('a value that is written in place is refused where it is too long, without a trace', async (t) => {
  const encoder = new BatchEncoder({ recordBytesMax: 1000 });
  append(encoder, record('before'));
  encoder.begin(1000, new Uint8Array(3), 0, 3).copy(new Uint8Array(1001));
  t.throws(() => encoder.end(), { code: 'BATCH_TOO_LARGE' });
  t.throws(() => encoder.begin(0.5, new Uint8Array(3), 0, 3), { code: 'ASSERTION_FAILED', field: 'timestamp' });
  append(encoder, record('after'));
  t.equal(encoder.count, 2);
  t.equal(readAll(encoder.finish()).length, 2);
});

t.test('a batch is closed before it passes batchBytesMax', async (t) => {
  const bytes = encoded(
    Array.from({ length: 1000 }, (_, i) => record(`key ${i}`)),
    { batchBytesMax: 1000 },
  );
  const spans = [...batchSpans(bytes)];
  t.ok(spans.length > 10);
  t.ok(spans.every((span) => span.end - span.start <= 1000));
  t.equal(
    spans.reduce((sum, span) => sum + span.recordCount, 0),
    1000,
  );
});

t.test(
  'a record longer than a batch stands alone, one longer than recordBytesMax is refused without a trace',
  async (t) => {
    const encoder = new BatchEncoder({ batchBytesMax: 100, recordBytesMax: 1000 });
    const long = { ...record('long'), value: new Uint8Array(800) };
    append(encoder, record('before'));
    append(encoder, long);
    const { byteLength } = encoder;
    t.throws(() => append(encoder, { ...long, value: new Uint8Array(1001) }), { code: 'BATCH_TOO_LARGE' });
    t.equal(encoder.byteLength, byteLength);
    append(encoder, record('after'));
    t.same(
      readAll(encoder.finish()).map((read) => read.value?.length),
      [15, 800, 14],
    );
  },
);

t.test('timestamps that lie too far apart for one batch fall into two', async (t) => {
  const far = [record('a', Number.MIN_SAFE_INTEGER), record('b', Number.MAX_SAFE_INTEGER), record('c', 0)];
  const bytes = encoded(far);
  t.ok([...batchSpans(bytes)].length > 1);
  t.same(
    readAll(bytes).map((read) => read.timestamp),
    far.map((each) => each.timestamp),
  );
});

t.test('what is no whole millisecond or no slice is the caller’s bug', async (t) => {
  const encoder = new BatchEncoder();
  for (const timestamp of [Number.NaN, 0.5, 2 ** 53]) {
    t.throws(() => append(encoder, record('a', timestamp)), { code: 'ASSERTION_FAILED', field: 'timestamp' });
  }
  const bytes = new Uint8Array(10);
  t.throws(() => encoder.append(0, bytes, 9, 2, bytes, 0, 1), { code: 'ASSERTION_FAILED', field: 'key' });
  t.throws(() => encoder.append(0, bytes, 0, 1, bytes, 9, 2), { code: 'ASSERTION_FAILED', field: 'value' });
  t.equal(encoder.finish().length, 0);
});

t.test('finish gives an ArrayBuffer of its own, of exact size, and an empty encoder', async (t) => {
  const encoder = new BatchEncoder();
  append(encoder, record('a'));
  const first = encoder.finish();
  t.equal(first.byteOffset, 0);
  t.equal(first.buffer.byteLength, first.length);
  t.equal(encoder.count, 0);
  t.equal(encoder.byteLength, 0);
  t.equal(encoder.finish().length, 0, 'nothing appended, no batch');
  const before = first.slice();
  append(encoder, record('b'));
  encoder.finish();
  t.same(first, before, 'later records do not touch it');
});

t.test('producer fields stand in each batch and sequences follow one another', async (t) => {
  const encoder = new BatchEncoder({ batchBytesMax: 1 });
  encoder.producerId = 4_294_967_297;
  encoder.producerEpoch = 3;
  encoder.baseSequence = 2 ** 31 - 2;
  encoder.isTransactional = true;
  for (const text of ['a', 'b', 'c']) append(encoder, record(text));
  const batches = await judgeBatches(encoder.finish());
  t.same(
    batches.map((batch) => [batch.producerId, batch.producerEpoch, batch.firstSequence, batch.inTransaction]),
    [
      ['4294967297', 3, 2147483646, true],
      ['4294967297', 3, 2147483647, true],
      ['4294967297', 3, 0, true],
    ],
  );
  t.equal(encoder.baseSequence, 1);
});

t.test('a batch that would not shrink stays uncompressed', async (t) => {
  const bytes = encoded([{ ...record('a'), value: null }], { compression: 'lz4' });
  t.equal(bytes[22], 0, 'attributes name no codec');
  t.equal(readAll(bytes).length, 1);
});
