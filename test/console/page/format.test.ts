import fc from 'fast-check';
import t from 'tap';
// @ts-expect-error The page is plain JavaScript, as the browser gets it.
import * as format from '../../../console/page/format.js';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

t.test('counts and rates keep to three or so digits that matter', async (t) => {
  t.same(
    [0, 999, 12_076, 99_999, 123_456, 1_234_567, 2_500_000_000].map((n) => plain(format.count(n))),
    ['0', '999', '12,076', '99,999', '123 k', '1.23 M', '2.5 G'],
  );
  t.same(
    [0, 0.04, 0.44, 9.9, 10.2, 203.4, 123_456].map((n) => plain(format.rate(n))),
    ['0', '0.0', '0.4', '9.9', '10', '203', '123 k'],
  );
});

t.test('measures have a true minus, and a dash where there is no value', async (t) => {
  t.equal(format.measure(-2.35, 1), '\u22122.4');
  t.same([format.measure(null), format.measure(Number.NaN)], ['–', '–']);
  t.equal(format.measure(3536, 0), '3,536');
});

t.test('sizes, durations and ages use the largest unit that says something', async (t) => {
  t.same(
    [0, 712, 65_536, 412_000_000, 8 * 2 ** 30].map((n) => plain(format.bytes(n))),
    ['0 B', '712 B', '64 KiB', '393 MiB', '8.0 GiB'],
  );
  t.same(
    [900, 59_000, 185_000, 7_500_000, 5.2e8, 365 * 86_400_000 - 1, 3787.9 * 86_400_000].map((n) =>
      plain(format.duration(n)),
    ),
    ['0 s', '59 s', '3 min', '2 h 05 min', '6 d 0 h', '364 d 23 h', '10 y 137 d'],
  );
  t.same(
    [200, -200, 4_000, -60_000].map((n) => plain(format.age(n))),
    ['now', 'now', '4 s', 'in 1 min'],
  );
  t.same(
    [200, 4_000, -60_000].map((n) => plain(format.ago(n))),
    ['now', '4 s ago', 'in 1 min'],
  );
});

t.test('a hex dump shows every byte once', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const rows = format.hexRows(Buffer.from(bytes).toString('hex')) as {
        offset: number;
        bytes: string[];
        text: string[];
      }[];
      return (
        rows.flatMap((row) => row.bytes).join('') === Buffer.from(bytes).toString('hex') &&
        rows.every((row, i) => row.offset === i * 16 && row.text.length === row.bytes.length)
      );
    }),
  );
});
