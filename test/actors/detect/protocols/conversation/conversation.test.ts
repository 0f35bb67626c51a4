import t from 'tap';
import { Conversation, type Direction, PROTOCOLS, Recogniser } from '../../../../../actors/detect/protocols/index.ts';

const RECOGNISER = new Recogniser(PROTOCOLS);
const BOTH_WAYS = new Recogniser(PROTOCOLS, true);
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function talk(
  parts: readonly (readonly [Direction, string])[],
  { isMidstream = false, isLast = false, port = 80 } = {},
): Conversation {
  const conversation = new Conversation(isMidstream ? BOTH_WAYS : RECOGNISER, {
    transport: 'tcp',
    sourcePort: 40_000,
    destinationPort: port,
    isPickedUp: isMidstream,
  });
  for (const [direction, text] of parts) conversation.data(direction, Buffer.from(text, 'latin1'), false);
  if (isLast) for (const direction of [1, 0] as const) conversation.data(direction, new Uint8Array(), true);
  return conversation;
}

t.test('a protocol is found by its first bytes, whole or in pieces, whatever the port', async (t) => {
  t.equal(talk([[0, REQUEST]], { port: 5555 }).protocol?.name, 'http');
  t.equal(talk([...'GET /'].map((char) => [0, char] as const)).protocol?.name, 'http');
  t.equal(talk([[0, 'GE']]).protocol, null);
  t.equal(talk([[1, RESPONSE]]).protocol?.name, 'http');
  t.equal(talk([[0, 'SSH-2.0-x\r\n']]).protocol?.name, 'ssh');
});

t.test('what came before is parsed once it is known', async (t) => {
  const pieces = [...REQUEST].map((char) => [0, char] as const);
  const [tx] = talk([...pieces, [1, RESPONSE]]).parser!.transactions;
  t.same(tx!.progress, [5, 5]);
});

t.test('nothing more is asked where no protocol is left, and a flow without one fails', async (t) => {
  const conversation = talk([
    [0, 'x'.repeat(5000)],
    [1, 'y'.repeat(5000)],
  ]);
  t.ok(conversation.hasFailed);
  t.equal(conversation.side(0), 'failed');
  t.notOk(talk([[0, 'GE']]).hasFailed);
});

t.test('a gap before anything was recognised, and nothing on the other side, leaves no protocol', async (t) => {
  const conversation = talk([[0, 'x'.repeat(22)]], { port: 5555 });
  t.equal(conversation.final, null);
  conversation.gap(1, 13, false);
  conversation.data(0, new Uint8Array(), false);
  t.equal(conversation.final, 'failed');
});

t.test('bytes of one direction that are never recognised are bounded', async (t) => {
  const conversation = talk([]);
  for (let i = 0; i < 300; i += 1) conversation.data(0, new Uint8Array(1000).fill(0x78), false);
  t.ok(conversation.hasFailed);
});

t.test('the direction that is not recognised is heard once it can be nothing else', async (t) => {
  const conversation = talk([
    [0, REQUEST],
    [1, 'no response at all, but long enough for every question\r\n'],
  ]);
  t.equal(conversation.side(1), 'failed');
  t.same(conversation.parser!.transactions[0]!.progress, [5, 5]);
});

t.test('a picked-up flow is turned round where the server speaks as a client', async (t) => {
  const turned = talk([[1, REQUEST]], { isMidstream: true });
  t.equal(turned.protocol?.name, 'http');
  t.ok(turned.takeReversal());
  t.notOk(turned.takeReversal(), 'told once');
  turned.data(1, Buffer.from(RESPONSE), false);
  t.same(turned.parser!.transactions[0]!.progress, [5, 5]);
  t.notOk(talk([[0, REQUEST]], { isMidstream: true }).takeReversal());
  const behind = talk(
    [
      [0, 'HTTP/1'],
      [1, REQUEST],
    ],
    { isMidstream: true },
  );
  behind.takeReversal();
  behind.data(1, Buffer.from(RESPONSE.slice(6)), false);
  t.same(behind.parser!.transactions[0]!.progress, [5, 5], 'with what had been said before');
});

t.test('behind a gap a direction is not recognised any more, and heard as what the other one speaks', async (t) => {
  const conversation = talk([]);
  t.notOk(conversation.gap(0, 10, false));
  conversation.data(0, Buffer.from(REQUEST), false);
  t.equal(conversation.protocol, null);
  t.equal(conversation.unused(0), REQUEST.length, 'kept until it is known');
  conversation.data(1, Buffer.from(RESPONSE), false);
  t.equal(conversation.protocol?.name, 'http');
  conversation.data(0, new Uint8Array(), false);
  t.equal(conversation.unused(0), 0);
  t.equal(conversation.spoken(0), null, 'of itself nothing was found');
});
