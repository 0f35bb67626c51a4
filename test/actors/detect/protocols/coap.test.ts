import fc from 'fast-check';
import t from 'tap';
import { coap } from '../../../../actors/detect/protocols/coap/index.ts';
import type { Direction } from '../../../../actors/detect/protocols/index.ts';
import { bytesOf, n16 } from '../frames.ts';
import { eveOf } from './eve-of.ts';

const text = (value: string): Uint8Array => Buffer.from(value);

/** An option behind another, both by their numbers. */
function option(before: number, number: number, value: Uint8Array): Uint8Array {
  const [delta, deltaMore] = nibble(number - before);
  const [length, lengthMore] = nibble(value.length);
  return bytesOf((delta << 4) | length, deltaMore, lengthMore, value);
}

function nibble(value: number): readonly [number, Uint8Array] {
  if (value < 13) return [value, new Uint8Array(0)];
  return value < 269 ? [13, Uint8Array.of(value - 13)] : [14, n16(value - 269)];
}

function message(
  type: number,
  code: number,
  id: number,
  token: Uint8Array,
  ...rest: readonly Uint8Array[]
): Uint8Array {
  return bytesOf(0x40 | (type << 4) | token.length, code, n16(id), token, ...rest);
}

function talked(...datagrams: readonly (readonly [Direction, Uint8Array])[]) {
  const parser = coap.open('udp');
  for (const [direction, bytes] of datagrams) {
    // What is overwritten afterwards must have been copied.
    const copy = new Uint8Array(bytes);
    parser.data(direction, copy, false);
    copy.fill(0xaa);
  }
  return parser.transactions;
}

const TOKEN = Uint8Array.of(0xbe, 0xef);
const payload = (value: string): Uint8Array => bytesOf(0xff, text(value));

t.test('a request and the response with its token are one transaction', async (t) => {
  // Written by RFC 7252, 3.1: GET coap://city/env/air?unit=c, block 2 of 64 bytes; 2.05 with text.
  const request = message(
    0,
    1,
    7,
    TOKEN,
    option(0, 3, text('city')),
    option(3, 11, text('env')),
    option(11, 11, text('air')),
    option(11, 15, text('unit=c')),
    option(15, 23, Uint8Array.of(0x12)),
  );
  const response = message(
    2,
    0x45,
    7,
    TOKEN,
    option(0, 12, new Uint8Array(0)),
    option(12, 60, n16(300)),
    payload('21.5'),
  );
  const [tx, ...others] = talked([0, request], [1, response]);
  t.equal(others.length, 0);
  t.same(tx!.progress, [1, 1]);
  t.same(eveOf(coap, tx!), {
    token: 'beef',
    request: {
      type: 'CON',
      message_id: 7,
      code: 'GET',
      host: 'city',
      path: '/env/air',
      query: 'unit=c',
      block2: { number: 1, more: false, size: 64 },
    },
    response: { type: 'ACK', message_id: 7, code: '2.05', content_format: 0, payload: '21.5', payload_length: 4 },
  });
});

t.test('another token, or the same direction, does not answer', async (t) => {
  const ask = message(0, 3, 1, TOKEN);
  const other = message(1, 0x44, 2, Uint8Array.of(1));
  const all = talked([0, ask], [1, other], [0, message(1, 0x44, 3, TOKEN)]);
  t.same(
    all.map(({ progress, events }) => [progress, events]),
    [
      [[1, 0], []],
      [[1, 1], ['unsolicited_response']],
      [[1, 1], ['unsolicited_response']],
    ],
  );
});

t.test('a reset ends what has its message id; an acknowledgment does not', async (t) => {
  const [asked] = talked([0, message(0, 1, 9, TOKEN)], [1, message(2, 0, 9, new Uint8Array(0))]);
  t.same(asked!.progress, [1, 0]);
  const [reset] = talked([0, message(0, 1, 9, TOKEN)], [1, message(3, 0, 9, new Uint8Array(0))]);
  t.same(reset!.progress, [1, 1]);
  t.match(eveOf(coap, reset!), { reset: true });
});

t.test('long deltas and lengths are read', async (t) => {
  const name = 'x'.repeat(300);
  const [tx] = talked([
    0,
    message(1, 2, 1, TOKEN, option(0, 11, text(name)), option(11, 2048, text('ignored')), payload('p')),
  ]);
  t.match(eveOf(coap, tx!), { request: { path: `/${name}`, payload: 'p' } });
  const [other] = talked([0, message(1, 2, 1, TOKEN, option(0, 15, text('q'.repeat(20))))]);
  t.match(eveOf(coap, other!), { request: { query: 'q'.repeat(20) } });
});

t.test('what is no message is an event', async (t) => {
  const empty = new Uint8Array(0);
  for (const [what, bytes] of Object.entries({
    'a version that does not exist': bytesOf(0x80, 1, n16(1)),
    'a token of nine bytes': bytesOf(0x49, 1, n16(1), new Uint8Array(9)),
    'an option that goes beyond the end': message(0, 1, 1, empty, Uint8Array.of(0xb5, 1)),
    'a reserved nibble': message(0, 1, 1, empty, Uint8Array.of(0xf1, 1)),
    'a mark without a payload': message(0, 1, 1, empty, Uint8Array.of(0xff)),
    'an empty message with more': message(0, 0, 1, empty, Uint8Array.of(0xb1, 1)),
  })) {
    const [tx] = talked([0, bytes]);
    t.same(tx!.events, ['malformed_message'], what);
    t.equal(eveOf(coap, tx!), null);
  }
});

t.test('no bytes make it throw, and requests without an answer are bounded', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1), fc.uint8Array({ maxLength: 60 })), { maxLength: 20 }), (datagrams) => {
      const all = talked(...datagrams.map(([way, bytes]) => [way === 0 ? 0 : 1, bytes] as const));
      for (const tx of all) eveOf(coap, tx);
      return all.length <= datagrams.length;
    }),
  );
  const flood = talked(...Array.from({ length: 300 }, (_, id) => [0, message(0, 1, id, n16(id))] as const));
  t.equal(flood.filter(({ progress: [, toClient] }) => toClient === 0).length, 256);
});
