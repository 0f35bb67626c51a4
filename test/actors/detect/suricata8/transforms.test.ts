/** Transforms of Suricata 8: compressed data, parts of a buffer. */
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { transformer } from '../../../../actors/detect/match/index.ts';
import { alertsIn, Scene } from '../sensor/scene.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const gunzip = (size: number) => transformer([{ name: 'gunzip', value: String(size) }]);
const inflate = (size: number) => transformer([{ name: 'zlib_deflate', value: String(size) }]);

t.test('compressed data is what it stands for, up to the size that the rule names', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.integer({ min: 1, max: 4000 }), (plain, size) => {
      const wanted = text(plain.subarray(0, size));
      return text(gunzip(size)(gzipSync(plain))) === wanted && text(inflate(size)(deflateSync(plain))) === wanted;
    }),
  );
});

t.test('what is not of that kind is nothing', async (t) => {
  t.equal(gunzip(1024)(deflateSync('some text')).length, 0);
  t.equal(inflate(1024)(gzipSync('some text')).length, 0);
  t.equal(gunzip(1024)(bytes('plain')).length, 0);
  t.equal(gunzip(1024)(gzipSync('some text').subarray(0, 10)).length, 0, 'a header alone');
});

t.test('any bytes are taken', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
      const damaged = gzipSync(any);
      if (damaged.length > 12) damaged[12]! ^= 0xff;
      return gunzip(100)(any).length <= 100 && gunzip(100)(damaged).length <= 100;
    }),
  );
});

t.test('a part of a buffer is what slice gives, and nothing where it goes beyond, unless cut', async () => {
  const whole = 'this is a sentence';
  fc.assert(
    fc.property(
      fc.integer({ min: -25, max: 25 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      (offset, count, isCut) => {
        const part = transformer([{ name: 'subslice', value: `${offset} ${count} ${isCut ? 1 : 0}` }]);
        const start = offset < 0 ? Math.max(0, whole.length + offset) : offset;
        const isBeyond = Math.abs(offset) > whole.length || start + count > whole.length;
        return text(part(bytes(whole))) === (isBeyond && !isCut ? '' : whole.slice(start, start + count));
      },
    ),
  );
});

t.test('a count from the end, and one that turns the part round', async (t) => {
  const part = (value: string): string => text(transformer([{ name: 'subslice', value }])(bytes('0123456789')));
  t.equal(part('2 0 0'), '23456789');
  t.equal(part('-3 0 0'), '789');
  t.equal(part('0 -3 0'), '0123456');
  t.equal(part('8 -6 0'), '4567', 'the end lies before the start');
  t.equal(part('0 -11 0'), '');
  t.equal(part('0 -11 1'), '');
});

t.test('rules name them behind a buffer', async (t) => {
  const value = gzipSync('This is compressed then base64-encoded').toString('base64').replaceAll('+', '%2B');
  const scene = new Scene(80)
    .handshake()
    .say(0, `GET /gzb64?value=${value} HTTP/1.1\r\nHost: a\r\n\r\n`)
    .segment(1, 16, 0, 0);
  const found = alertsIn(scene, [
    'alert http any any -> any any (http.uri; content:"/gzb64?value="; fast_pattern; from_base64:offset 13; gunzip:max-size 1024; content:"This is compressed then base64-encoded"; startswith; endswith;)',
    'alert http any any -> any any (http.uri; from_base64:offset 13; gunzip:max-size 4; content:"This"; bsize:4;)',
    'alert http any any -> any any (http.uri; subslice:1,5; content:"gzb64"; bsize:5;)',
    'alert http any any -> any any (http.uri; subslice:-500; content:"g";)',
    'alert http any any -> any any (http.uri; subslice:-500,truncate; content:"/gzb64";)',
  ]);
  t.same(
    found.map((one) => one !== ''),
    [true, true, true, false, true],
  );
});

t.test('what they cannot be is refused', async (t) => {
  const scene = new Scene(80);
  for (const options of [
    'gunzip:max-size 0',
    'gunzip:min-size 3',
    'subslice:1,0',
    'subslice:x',
    'subslice:1,2,3,4',
    'zlib_deflate:7',
  ])
    t.throws(() => alertsIn(scene, [`alert http any any -> any any (http.uri; ${options}; content:"a";)`]), options);
});
