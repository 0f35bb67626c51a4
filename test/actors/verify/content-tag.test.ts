import fc from 'fast-check';
import t from 'tap';
import { contentTag, contentTagAt } from '../../../actors/verify/content-tag.ts';
import { TagLanes } from '../../../actors/verify/tag-lanes.ts';

t.test('tags that are made eight at a time are those that are made one by one', async (t) => {
  const lanes = new TagLanes();
  const batch = fc.record({
    length: fc.oneof(fc.nat(70), fc.constantFrom(31, 32)),
    head: fc.constantFrom(2, 6),
    count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 })),
    seed: fc.uint8Array({ minLength: 64, maxLength: 64 }),
    baseMs: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 253_402_300_799_999 })),
    key0: fc.integer(),
    key1: fc.integer(),
  });
  fc.assert(
    fc.property(batch, ({ length, head, count, seed, baseMs, key0, key1 }) => {
      const stride = head + length;
      const bytes = Uint8Array.from({ length: 3 + count * stride }, (_, i) => seed[i % 64]! ^ (i >> 5));
      const deltas = Int32Array.from({ length: count + 1 }, (_, i) => (i % 3) * 1_000_000_000 - 7 * i);
      if (baseMs !== null) lanes.setTimes(baseMs, deltas, 1, count + 1);
      const isTimed = baseMs !== null;
      const made = lanes.run(bytes, 3 + head, stride, length, count, isTimed, isTimed ? ~key0 : key0, key1);
      const expected = Array.from({ length: count }, (_, i) => {
        const start = 3 + head + i * stride;
        if (!isTimed) return contentTag(bytes, start, start + length, key0, key1);
        return contentTagAt(baseMs! + deltas[i + 1]!, bytes, start, start + length, key0, key1);
      });
      t.same([...made.subarray(0, count)], expected);
    }),
    { numRuns: 300 },
  );
});

t.test('what fits is as long as the memory, with the lanes of the last eight', async (t) => {
  const lanes = new TagLanes();
  t.ok(lanes.fits(1024, 33));
  t.notOk(lanes.fits(4096, 33));
});
