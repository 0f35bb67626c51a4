import { gzipSync } from 'node:zlib';
import t from 'tap';
import {
  BatchCursor,
  BatchEncoder,
  batchSpans,
  crc32c,
  hideBatch,
  rewriteBaseOffsets,
  sequenceAfter,
  stampBatch,
  validateBatches,
} from '../../../engine/batch/index.ts';
import { judgeBatches } from './kafkajs-judge.ts';

const LIMITS = { batchBytesMax: 1_048_576 };

function batches(count: number, batchBytesMax = 150): Uint8Array {
  const encoder = new BatchEncoder({ batchBytesMax });
  const value = new TextEncoder().encode('a value of a few bytes');
  for (let i = 0; i < count; i++) encoder.append(1000 + ((i * 7) % 10), value, 0, 3, value, 0, value.length);
  return encoder.finish();
}

function summed(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setUint32(17, crc32c(bytes, 21, bytes.length));
  return bytes;
}

t.test('batches are numbered one after the other, and their sums still hold', async (t) => {
  const bytes = batches(10);
  const base = 4_294_967_290;
  t.equal(rewriteBaseOffsets(bytes, base), base + 10);
  const cursor = new BatchCursor();
  cursor.reset(bytes);
  const offsets: number[] = [];
  while (cursor.next()) offsets.push(cursor.offset);
  t.same(
    offsets,
    Array.from({ length: 10 }, (_, i) => base + i),
  );
  const judged = await judgeBatches(bytes);
  t.same(
    judged.flatMap((batch) => batch.records.map((record) => Number(record.offset))),
    offsets,
    'kafkajs agrees',
  );
});

t.test('a cut-off batch is not numbered', async (t) => {
  const bytes = batches(10);
  t.throws(() => rewriteBaseOffsets(bytes.slice(0, -1), 0), { code: 'BATCH_CORRUPT', field: 'batchLength' });
  t.throws(() => rewriteBaseOffsets(bytes, 2 ** 53 - 1), { code: 'ASSERTION_FAILED' });
  t.throws(() => rewriteBaseOffsets(bytes, -1), { code: 'ASSERTION_FAILED' });
});

t.test('spans tell where each batch lies and what it holds, as kafkajs sees it', async (t) => {
  const bytes = batches(10);
  rewriteBaseOffsets(bytes, 30);
  const spans = [...batchSpans(bytes)];
  const judged = await judgeBatches(bytes);
  t.same(
    spans.map(({ baseOffset, lastOffset, recordCount, maxTimestamp }) => [
      baseOffset,
      lastOffset,
      recordCount,
      maxTimestamp,
    ]),
    judged.map((batch) => [
      Number(batch.firstOffset),
      Number(batch.firstOffset) + batch.lastOffsetDelta,
      batch.records.length,
      Number(batch.maxTimestamp),
    ]),
  );
  t.equal(spans[0]?.start, 0);
  t.equal(spans.at(-1)?.end, bytes.length);
  t.equal([...batchSpans(bytes, 0, bytes.length - 1)].length, spans.length - 1, 'without the truncated last');
});

t.test('a hidden batch keeps a right sum, is passed over and counted', async (t) => {
  const bytes = batches(10);
  rewriteBaseOffsets(bytes, 0);
  const [first, second] = [...batchSpans(bytes)];
  t.equal(second?.isControl, false);
  hideBatch(bytes, second!.start, second!.end);
  t.equal([...batchSpans(bytes)][1]?.isControl, true);
  const cursor = new BatchCursor();
  cursor.reset(bytes);
  const offsets: number[] = [];
  while (cursor.next()) offsets.push(cursor.offset);
  t.notOk(offsets.some((offset) => offset > first!.lastOffset && offset <= second!.lastOffset));
  t.equal(offsets.length, 10 - second!.recordCount);
  t.equal(cursor.offsetNext, 10);
});

t.test('good bytes from outside pass with their totals', async (t) => {
  t.match(validateBatches(batches(10), LIMITS), { recordCount: 10, maxTimestamp: 1009 });
  t.match(validateBatches(new Uint8Array(0), LIMITS), { batchCount: 0, recordCount: 0 });
});

t.test('bytes from outside are refused for whatever would harm the log', async (t) => {
  const one = () => batches(3, 1000);
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
  const cases: [
    name: string,
    expected: { code: string; field?: string; message?: RegExp },
    bytes: Uint8Array,
    limits?: object,
  ][] = [
    ['cut off', { code: 'BATCH_CORRUPT', field: 'batchLength' }, one().slice(0, -1)],
    ['trailing bytes', { code: 'BATCH_CORRUPT', field: 'batchLength' }, Uint8Array.of(...one(), 0)],
    ['a wrong sum', { code: 'BATCH_CORRUPT', field: 'crc' }, one().fill(1, 80, 81)],
    ['too large', { code: 'BATCH_TOO_LARGE' }, one(), { batchBytesMax: 100 }],
    ['too many records', { code: 'BATCH_TOO_LARGE' }, one(), { recordsMax: 2 }],
  ];
  const control = one();
  control[22] = 0x20;
  cases.push(['a control batch', { code: 'BATCH_CORRUPT', field: 'attributes' }, summed(control)]);
  const gaps = one();
  view(gaps).setInt32(23, 7);
  cases.push(['gaps', { code: 'BATCH_CORRUPT', field: 'lastOffsetDelta' }, summed(gaps)]);
  const late = one();
  view(late).setInt32(39, 5000);
  cases.push(['a maxTimestamp of none', { code: 'BATCH_CORRUPT', field: 'maxTimestamp' }, summed(late)]);
  const empty = one().slice(0, 61);
  view(empty).setInt32(8, 49);
  view(empty).setInt32(23, 0);
  view(empty).setInt32(57, 0);
  cases.push(['no records', { code: 'BATCH_CORRUPT', field: 'recordCount' }, summed(empty)]);
  const packed = gzipSync(new Uint8Array(10_000));
  const bomb = Uint8Array.of(...one().slice(0, 61), ...packed);
  view(bomb).setInt32(8, bomb.length - 12);
  bomb[22] = 1;
  cases.push(['a bomb', { code: 'BATCH_CORRUPT', message: /bomb/ }, summed(bomb), { decompressedBytesMax: 9999 }]);
  for (const [name, expected, bytes, limits] of cases) {
    t.throws(() => validateBatches(bytes, { ...LIMITS, ...limits }), expected, name);
  }
});

t.test('a stamp names the producer, and the sum holds again, as kafkajs sees it', async (t) => {
  const bytes = batches(10);
  const plain = bytes.slice();
  const stamp = { producerId: 4_294_967_297, producerEpoch: 32_766, baseSequence: 0x7ffffffe, isTransactional: true };
  let baseSequence = stamp.baseSequence;
  for (const { start, end, recordCount } of batchSpans(bytes)) {
    stampBatch(bytes, start, end, { ...stamp, baseSequence });
    baseSequence = sequenceAfter(baseSequence, recordCount);
  }
  const cursor = new BatchCursor();
  cursor.reset(bytes);
  const seen: (number | boolean)[][] = [];
  while (cursor.nextBatch()) seen.push([cursor.producerId, cursor.producerEpoch, cursor.isTransactional]);
  t.ok(seen.length > 2);
  for (const each of seen) t.same(each, [stamp.producerId, stamp.producerEpoch, true]);
  for (const judged of await judgeBatches(bytes)) {
    t.match(judged, { producerId: String(stamp.producerId), producerEpoch: stamp.producerEpoch, inTransaction: true });
  }
  for (const { start, end } of batchSpans(bytes)) {
    stampBatch(bytes, start, end, { producerId: -1, producerEpoch: -1, baseSequence: -1, isTransactional: false });
  }
  t.same(bytes, plain, 'and nothing else was changed');
  bytes[70]! ^= 1;
  const end = [...batchSpans(bytes)][0]?.end ?? 0;
  t.throws(() => stampBatch(bytes, 0, end, stamp), { code: 'BATCH_CORRUPT', field: 'crc' });
});

t.test('sequence numbers go round after 31 bits', async (t) => {
  t.equal(sequenceAfter(0, 5), 5);
  t.equal(sequenceAfter(0x7ffffffe, 1), 0x7fffffff);
  t.equal(sequenceAfter(0x7ffffffe, 2), 0);
  t.equal(sequenceAfter(0x7fffffff, 1_000), 999);
});
