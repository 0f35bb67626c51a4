import t from 'tap';
import { ACK, FIN, PUSH, Wire } from './conversation.ts';

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
