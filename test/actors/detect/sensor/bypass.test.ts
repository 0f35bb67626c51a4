/** Flows that a rule lets bypass: what Suricata 7.0.10 says of them. */
import t from 'tap';
import { ACK, alertsIn, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';

t.test('a rule about addresses that bypasses is about packets: fragments are asked, and no flow is dropped', (t) => {
  const scene = new Scene(7).datagram(0, 'abc').fragmented(0, 'abcdefghijklmnopqrst', 16).datagram(1, 'x');
  t.same(alertsIn(scene, [`alert ip ${ANY} (bypass;)`]), ['1> 2 3']);
  t.same(alertsIn(scene, [`drop ip ${ANY} (bypass;)`]), ['1> 2 3']);
  t.same(alertsIn(scene, [`drop ip ${ANY} ()`]), ['1> 2']);
  t.end();
});

t.test('a rule about a protocol that bypasses stays about the protocol', (t) => {
  const scene = new Scene(53).datagram(
    0,
    '\x00\x1a\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04evil\x03com\x00\x00\x0f\x00\x01',
  );
  t.same(alertsIn(scene, [`alert dns ${ANY} (bypass;)`]), ['1>']);
  t.end();
});

t.test('what is left at the end of a flow bypasses nothing: its other side is asked, too', (t) => {
  const scene = new Scene(53)
    .handshake()
    .segment(0, PUSH | ACK, 0, 0, 'one')
    .segment(1, PUSH | ACK, 0, 0, 'one');
  t.same(alertsIn(scene, [`alert tcp ${ANY} (content:"one"; bypass;)`]), ['-> -<']);
  t.end();
});
