import t from 'tap';
import { halfSipHash13 } from '../../../engine/batch/index.ts';

t.test('the first hashes are those of the Linux kernel’s own test of hsiphash on 32 bits', async (t) => {
  const expected = [
    0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6, 0x577999b1,
  ];
  const input = Uint8Array.from({ length: 12 }, (_, i) => i);
  for (const [length, hash] of expected.entries()) {
    t.equal(halfSipHash13(input, 0, length, 0x03020100, 0x07060504) >>> 0, hash, `${length} bytes`);
  }
});
