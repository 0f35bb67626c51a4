import t from 'tap';
import { ACK, FIN, PUSH, RST, Wire } from './conversation.ts';

t.test('what is acknowledged is handed on in order, before the packet that says so', async (t) => {
  const wire = new Wire();
  t.strictSame(wire.handshake(), ['packet 1 0', 'packet 1 1', 'packet 1 0']);
  t.strictSame(wire.segment(0, ACK, 3, 0, 'lo '), ['packet 1 0 established in stream']);
  t.strictSame(wire.segment(0, ACK | PUSH, 0, 0, 'hel'), ['packet 1 0 established in stream']);
  t.strictSame(wire.segment(1, ACK, 0, 6, 'hi'), ['data 1 0 "hello "', 'packet 1 1 established in stream']);
  t.strictSame(wire.segment(0, ACK, 6, 2), ['data 1 1 "hi"', 'packet 1 0 established']);
  t.strictSame(wire.finish(), [
    'data 1 0 "" last',
    'pseudo 1 0 established',
    'raw 0 "hello "',
    'data 1 1 "" last',
    'pseudo 1 1 established',
    'raw 0 "hi"',
    'end 1 shutdown 5/2 established',
  ]);
});

t.test('a session that closes leaves nothing for its end', async (t) => {
  const wire = new Wire();
  wire.handshake();
  wire.segment(0, ACK, 0, 0, 'bye');
  wire.segment(1, ACK | FIN, 0, 3);
  wire.segment(0, ACK | FIN, 3, 1);
  wire.segment(1, ACK, 1, 4);
  t.match(wire.finish().at(-1), /^end 1 shutdown 4\/3 closed$/);
});

t.test('where the beginning is missing that was acknowledged, a reset need not fit', async (t) => {
  for (const at of [5, 0]) {
    const wire = new Wire();
    wire.handshake();
    wire.segment(0, ACK, at, 0, 'hello');
    wire.segment(1, ACK, 0, at + 5);
    wire.segment(1, RST | ACK, 6, at + 5);
    t.match(wire.finish().at(-1), at === 0 ? / established$/ : / closed$/);
  }
});

t.test('bytes that come late are in order again where they are waited for; else what is missing is told', async (t) => {
  const wire = new Wire();
  wire.handshake();
  wire.notes.waits = true;
  wire.segment(0, ACK, 5, 0, 'world');
  t.strictSame(wire.segment(1, ACK, 0, 5), ['packet 1 1 established']);
  wire.segment(0, ACK, 0, 0, 'hello');
  t.equal(wire.segment(1, ACK, 0, 10)[0], 'data 1 0 "helloworld"');
  wire.notes.waits = false;
  wire.segment(0, ACK, 15, 0, '!');
  t.strictSame(wire.segment(1, ACK, 0, 16).slice(0, 2), ['gap 1 0 5', 'data 1 0 "!"']);
});
