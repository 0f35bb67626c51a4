import t from 'tap';
import { normalUri, parseHost, parseUri } from '../../../../../actors/detect/protocols/http/uri.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const normal = (text: string): string => {
  const raw = bytes(text);
  return Buffer.from(normalUri(parseUri(raw), raw)).toString('latin1');
};

/** What Suricata 7.0.10 has in http.uri. */
const ADDRESSES: readonly (readonly [raw: string, normal: string])[] = [
  ['/index.html?a=b', '/index.html?a=b'],
  ['/a%20b/%2e%2e/c//d\\e/./f/%u0041%uff21?q=%41+%20%zz%u0041#frag%41', '/c/d/e/f/AA?q=A+ %zz%u0041#fragA'],
  ['/caf%C3%A9/%C4%80/%E2%82%AC/%c0%af/%ff/%e2%82', '/caf\xe9/A/?///?/'],
  ['/a/b/../../../c/./d/..', '/c'],
  ['../x/./y/..', 'x'],
  ['/a/.', '/a'],
  ['http://User:pw@WWW.h.com.:81/p/../q?x#y', '/q?x#y'],
  ['/a?b%41%u0041%00\\//..#f%41', '/a?bA%u0041\0\\//..#fA'],
  ['/%', '/%'],
  ['/%4', '/%4'],
  ['/%u004', '/%u004'],
];

t.test('addresses are brought to one spelling', async (t) => {
  for (const [raw, expected] of ADDRESSES) t.equal(normal(raw), expected, raw);
});

t.test('the host of an address is in lower case, without port, credentials and dots at its end', async (t) => {
  const uri = parseUri(bytes('http://User:pw@WWW.h.com.:81/p'));
  t.equal(Buffer.from(uri.hostname!).toString(), 'www.h.com');
  t.equal(uri.port, 81);
  t.equal(parseUri(bytes('/p')).hostname, null);
});

t.test('hosts of headers are as Suricata has them', async (t) => {
  const rows: readonly (readonly [string, string, number, boolean])[] = [
    ['aBc.com', 'abc.com', -1, true],
    ['aBc.com..', 'abc.com..', -1, false],
    [' a_b.Com. : 99 ', 'a_b.Com.', 99, true],
    ['[FE80::1]:99', '[FE80::1]', 99, true],
    ['Abc:0', 'Abc', -1, false],
  ];
  for (const [value, name, port, isValid] of rows) {
    const host = parseHost(bytes(value))!;
    t.same([Buffer.from(host.name).toString(), host.port, host.isValid], [name, port, isValid], value);
  }
  t.equal(parseHost(bytes('')), null);
  t.equal(parseHost(bytes('[FE80::1')), null);
});
