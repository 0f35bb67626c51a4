import fc from 'fast-check';
import t from 'tap';
import { HalfSipHash } from '../../../actors/verify/half-sip-hash.ts';

const KEY = [0x03020100, 0x07060504] as const;

t.test('the first hashes are those of the Linux kernel’s own test of hsiphash on 32 bits', async (t) => {
  const expected = [
    0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6, 0x577999b1,
  ];
  const input = Uint8Array.from({ length: 12 }, (_, i) => i);
  const hash = new HalfSipHash();
  for (const [length, expectedHash] of expected.entries()) {
    hash.begin(...KEY);
    t.equal(hash.finish(input, 0, length) >>> 0, expectedHash, `${length} bytes`);
  }
});

t.test('it does not matter in which parts the input comes', async (t) => {
  const whole = new HalfSipHash();
  const parts = new HalfSipHash();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(20), (input, words) => {
      whole.begin(...KEY);
      parts.begin(...KEY);
      const view = new DataView(input.buffer, input.byteOffset, input.length);
      let at = 0;
      for (; at < 4 * words && at + 4 <= input.length; at += 4) parts.word(view.getInt32(at, true));
      t.equal(parts.finish(input, at, input.length), whole.finish(input, 0, input.length));
    }),
    { numRuns: 300 },
  );
});
