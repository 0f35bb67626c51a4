import { crc32c as nativeCrc32c } from '@node-rs/crc32';
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import { CRC_NATIVE_BYTES_MIN, crc32c, crc32cAfterChange, crc32cInScript } from '../../../engine/batch/crc32c.ts';

t.test('the sums are those of RFC 3720, appendix B.4', async (t) => {
  t.equal(crc32c(new Uint8Array(32)), 0x8a9136aa, '32 bytes of zeros');
  t.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43, '32 bytes of ones');
  t.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e, '32 incrementing bytes');
  t.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283, 'the check value');
});

t.test('script and native code agree at every length, position and beyond their crossover', async (t) => {
  const bytes = seededRandom(7).bytes(CRC_NATIVE_BYTES_MIN * 3);
  const differing: string[] = [];
  const compare = (start: number, end: number) => {
    const expected = nativeCrc32c(bytes.subarray(start, end));
    if (crc32cInScript(bytes, start, end) !== expected) differing.push(`script ${start}..${end}`);
    if (crc32c(bytes, start, end) !== expected) differing.push(`chosen ${start}..${end}`);
  };
  for (let start = 0; start < 9; start++) for (let length = 0; length < 80; length++) compare(start, start + length);
  for (let end = CRC_NATIVE_BYTES_MIN - 9; end < bytes.length; end += 7) compare(3, end);
  t.same(differing, []);
});

t.test('what a change makes of a sum is the sum of what was changed', async (t) => {
  const random = seededRandom(11);
  for (const [before, changed, after] of [
    [0, 1, 0],
    [0, 36, 1],
    [3, 36, 97],
    [5, 8, 4096],
    [21, 36, 524_231],
  ] as const) {
    const bytes = random.bytes(before + changed + after);
    const sum = crc32c(bytes);
    const changes = random.bytes(changed);
    for (let i = 0; i < changed; i++) bytes[before + i]! ^= changes[i]!;
    t.equal(crc32cAfterChange(sum, changes, after), crc32c(bytes), `${changed} of ${bytes.length} bytes`);
  }
});
