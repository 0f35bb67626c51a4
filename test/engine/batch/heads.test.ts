import fc from 'fast-check';
import t from 'tap';
import { BatchEncoder, BatchHeads, batchSpans, rewriteBaseOffsets } from '../../../engine/batch/index.ts';
import { anyRecord, append } from './records.ts';

const batch = fc.record({
  records: fc.array(anyRecord, { minLength: 1, maxLength: 5 }),
  producerId: fc.integer({ min: -1, max: 2 ** 31 }),
  gap: fc.nat(3),
});

t.test('heads step where spans do, wherever the bytes are cut', async (t) => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 6 }), fc.nat(), (batches, cut) => {
      let offset = 0;
      const parts = batches.map(({ records, producerId, gap }) => {
        const encoder = new BatchEncoder();
        encoder.producerId = producerId;
        encoder.isTransactional = producerId >= 0;
        for (const record of records) append(encoder, record);
        const bytes = encoder.finish();
        offset = rewriteBaseOffsets(bytes, offset + gap);
        return bytes;
      });
      const all = Buffer.concat(parts);
      const end = cut % (all.length + 1);
      const heads = new BatchHeads();
      heads.reset(all, 0, end);
      for (const span of batchSpans(all, 0, end)) {
        t.equal(heads.next(), true);
        const { start, end, baseOffset, lastOffset, producerId, isTransactional, isControl } = heads;
        const { recordCount: _, maxTimestamp: __, ...expected } = span;
        t.same({ start, end, baseOffset, lastOffset, producerId, isTransactional, isControl }, expected);
      }
      t.equal(heads.next(), false);
    }),
    { numRuns: 50 },
  );
});

t.test('a header that cannot be one is BATCH_CORRUPT', async (t) => {
  const encoder = new BatchEncoder();
  encoder.append(1, new Uint8Array(1), -1, -1, new Uint8Array(1), 0, 1);
  const good = encoder.finish();
  const heads = new BatchHeads();
  for (const [at, value] of [
    [16, 1],
    [23, 0x80],
    [0, 0x7f],
    [8, 0xff],
  ] as const) {
    const bytes = good.slice();
    bytes[at] = value;
    heads.reset(bytes);
    t.throws(() => heads.next(), { code: 'BATCH_CORRUPT' }, `byte ${at}`);
  }
});
