import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { copyShort } from '../../../engine/base/index.ts';

/** Filled with what no source has, so that a byte too many shows. */
const UNTOUCHED = 0xee;

t.test('exactly these bytes are copied, from whatever was copied from before', async () => {
  const small = Uint8Array.from({ length: 40 }, (_, i) => i);
  const arena = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7) % 200);
  const shifted = new Uint8Array(arena.buffer, 100, 2000);
  fc.assert(
    fc.property(
      fc.array(fc.record({ from: fc.constantFrom(small, arena, shifted), start: fc.nat(20), length: fc.nat(20) })),
      (copies) => {
        for (const { from, start, length } of copies) {
          const target = new Uint8Array(64).fill(UNTOUCHED);
          assert.equal(copyShort(new DataView(target.buffer), 9, from, start, start + length), 9 + length);
          const expected = new Uint8Array(64).fill(UNTOUCHED);
          expected.set(from.subarray(start, start + length), 9);
          assert.deepEqual(target, expected);
        }
      },
    ),
  );
});
