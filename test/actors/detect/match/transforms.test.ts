import t from 'tap';
import { transformer } from '../../../../actors/detect/match/index.ts';

function transformed(text: string, ...transforms: readonly (readonly [string, string?])[]): string {
  const change = transformer(transforms.map(([name, value = null]) => ({ name, value })));
  // What the call before left must not show.
  change(Buffer.from('x'.repeat(300)));
  return Buffer.from(change(Buffer.from(text, 'latin1'))).toString('latin1');
}

t.test('each transform changes what it is about and nothing else', async (t) => {
  const cases: readonly (readonly [string, string, string, string?])[] = [
    ['compress_whitespace', ' a \t\r\nb\x0bc  ', ' a b\x0bc '],
    ['strip_whitespace', ' a \t\r\nb\x0bc  ', 'abc'],
    ['strip_pseudo_headers', ':method: GET\r\nHost: a\r\n:path: /\r\nX: :y\r\n', 'Host: a\r\nX: :y\r\n'],
    ['dotprefix', 'a.b', '.a.b'],
    ['dotprefix', '', ''],
    ['url_decode', 'a%41+%zz%4%4', 'aA %zz%4%4'],
    ['header_lowercase', 'HoSt: A:B\r\nX-Y: Z', 'host: A:B\r\nx-y: Z'],
    ['to_lowercase', 'A\xc0Z', 'a\xc0z'],
    ['to_uppercase', 'a\xe0z', 'A\xe0Z'],
    ['xor', 'abc', 'bc`', '0301'],
    ['pcrexform', 'GET /a.php HTTP', '/a.php', '[A-Z]+ (\\S+)'],
    ['pcrexform', 'nothing', 'nothing', 'x(y)'],
    ['pcrexform', 'b', 'b', '(a)?b'],
    ['to_md5', 'a', '\x0c\xc1\x75\xb9\xc0\xf1\xb6\xa8\x31\xc3\x99\xe2\x69\x77\x26\x61'],
  ];
  for (const [name, text, expected, value] of cases)
    t.equal(
      transformed(text, value === undefined ? [name] : [name, value]),
      expected,
      `${name} of ${JSON.stringify(text)}`,
    );
});

t.test('transforms follow one another', async (t) => {
  t.equal(transformed('%41 %42', ['url_decode'], ['strip_whitespace'], ['to_lowercase'], ['dotprefix']), '.ab');
  t.equal(transformed('a', ['to_sha1']).length, 20);
  t.equal(transformed('a', ['to_sha256']).length, 32);
});
