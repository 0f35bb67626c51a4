import t from 'tap';
import { NumberReader } from '../../../../actors/detect/match/number-at.ts';

type Form = Parameters<NumberReader['read']>[1];
const form = (change: Partial<Form> = {}): Form => ({ isRelative: false, endian: 'big', base: null, ...change });
const reader = new NumberReader();
const read = (bytes: string, change: Partial<Form>, offset: number, count: number, from = 0) =>
  reader.read(Buffer.from(bytes, 'latin1'), form(change), offset + from, count) ? reader.big : undefined;

t.test('binary numbers in both byte orders, up to eight bytes, inside of the buffer alone', async (t) => {
  t.equal(read('\x01\x02\x03', {}, 0, 3), 0x01_02_03n);
  t.equal(read('\x01\x02\x03', { endian: 'little' }, 0, 3), 0x03_02_01n);
  t.equal(read('\xff'.repeat(8), {}, 0, 8), 0xffff_ffff_ffff_ffffn);
  t.equal(read('\x01\x02\x03', {}, 2, 2), undefined);
  t.equal(read('\x01\x02\x03', {}, -1, 1), undefined);
  t.equal(read('\x01\x02\x03', { isRelative: true }, -1, 1, 2), 2n);
  t.equal(read('\x01\x02\x03', { isRelative: true }, 0, 0, 3), undefined);
});

t.test('digits in the base that is named, or in the one that their prefix tells', async (t) => {
  t.equal(read('x12z', { base: 'dec' }, 1, 3), 12n);
  t.equal(read(' 12z', { base: 'dec' }, 0, 4), 12n);
  t.equal(reader.length, 3);
  t.equal(read('-1', { base: 'dec' }, 0, 2), 0xffff_ffff_ffff_ffffn);
  t.equal(read('18446744073709551615', { base: 'dec' }, 0, 20), 0xffff_ffff_ffff_ffffn);
  t.equal(read('ff', { base: 'hex' }, 0, 2), 255n);
  t.equal(read('0xff', { base: 'hex' }, 0, 4), 255n);
  t.equal(read('17', { base: 'oct' }, 0, 2), 15n);
  t.same(
    ['0x1f', '017', '17'].map((text) => read(text, { base: 'auto' }, 0, text.length)),
    [31n, 15n, 17n],
  );
  t.equal(read('zz', { base: 'dec' }, 0, 2), undefined);
  t.equal(read('18446744073709551616', { base: 'dec' }, 0, 20), undefined);
});
