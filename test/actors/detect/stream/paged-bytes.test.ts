import fc from 'fast-check';
import t from 'tap';
import { PagePool } from '../../../../actors/detect/stream/page-pool.ts';
import { PagedBytes, Scratch } from '../../../../actors/detect/stream/paged-bytes.ts';

t.test('bytes are read as they were written last, wherever pages end', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40_000), fc.integer({ min: 1, max: 9000 })), { minLength: 1, maxLength: 30 }),
      (spans) => {
        const pool = new PagePool(1 << 24);
        const bytes = new PagedBytes(pool);
        const scratch = new Scratch();
        const model = new Uint8Array(50_000);
        for (const [index, [start, length]] of spans.entries()) {
          const source = new Uint8Array(length + 7).map((_, at) => (at * 31 + index) & 255);
          const cost = bytes.costOf(start, start + length);
          const before = pool.heldBytes;
          bytes.write(start, source, 7, 7 + length);
          t.equal(pool.heldBytes - before, cost, 'the cost was said before');
          model.set(source.subarray(7), start);
        }
        for (const [start, length] of spans)
          t.ok(Buffer.compare(bytes.read(start, start + length, scratch), model.subarray(start, start + length)) === 0);
        const last = Math.max(...spans.map(([start, length]) => start + length));
        bytes.release(last - 1);
        t.ok(pool.heldBytes <= 4096, 'what is released goes back');
        t.equal(bytes.read(last - 1, last, scratch)[0], model[last - 1]);
        bytes.clear();
        t.equal(pool.heldBytes, 0);
      },
    ),
    { numRuns: 100 },
  );
});
