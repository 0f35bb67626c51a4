/** Which directions are looked at once more when their flow ends; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { ACK, alertsIn, FIN, PUSH, RST, Scene, SYN } from './scene.ts';

/** About addresses: asked of every packet, and of those that nobody sent. */
const ADDRESSES = 'alert tcp [10.1.0.0,10.2.0.0] any -> [[10.1.0.0,10.2.0.0],!10.3.0.0] any ()';
const aboutStream = (ports: string): string => `alert tcp any any -> any ${ports} (content:"zzzz";)`;

const syn = (): Scene => new Scene(7777).segment(0, SYN, 0, 0);
const said = (): Scene => new Scene(7777).handshake().say(0, 'abc');

t.test('a side that has begun and never said a byte is looked at where rules ask about its stream', async (t) => {
  const cases: readonly (readonly [Scene, none: string, both: string, toClient: string])[] = [
    [syn(), '1>', '1> ->', '1>'],
    [syn().segment(1, SYN | ACK, 0, 1), '1> 2<', '1> 2< -> -<', '1> 2< -<'],
    [syn().segment(1, RST | ACK, 0, 1), '1> 2<', '1> 2< ->', '1> 2<'],
    [new Scene(7777).handshake().segment(0, RST | ACK, 0, 0), '1> 2< 3> 4>', '1> 2< 3> 4> -> -<', '1> 2< 3> 4> -<'],
    [said().segment(1, RST | ACK, 0, 0), '1> 2< 3> 4> 5< 6< ->', '1> 2< 3> 4> 5< 6< -> -<', '1> 2< 3> 4> 5< 6< -> -<'],
    [
      said()
        .segment(0, FIN | ACK, 0, 0)
        .segment(1, FIN | ACK, 0, 1)
        .segment(0, ACK, 1, 1),
      '1> 2< 3> 4> 5< 6> 7< 8> ->',
      '1> 2< 3> 4> 5< 6> 7< 8> -> -<',
      '1> 2< 3> 4> 5< 6> 7< 8> -> -<',
    ],
  ];
  for (const [scene, none, both, toClient] of cases) {
    t.same(alertsIn(scene, [ADDRESSES]), [none]);
    t.same(alertsIn(scene, [ADDRESSES, aboutStream('any')]), [both, '']);
    t.same(alertsIn(scene, [ADDRESSES, aboutStream('7777')]), [both, '']);
    // To the client the port of whoever sends is the server's.
    t.same(alertsIn(scene, [ADDRESSES, aboutStream('80')]), [toClient, '']);
  }
});

t.test('what came behind a hole at the beginning is not left for the application', async (t) => {
  const scene = new Scene(7777).handshake().segment(0, PUSH | ACK, 24, 0, 'ab');
  scene
    .segment(0, FIN | ACK, 26, 0)
    .segment(1, FIN | ACK, 0, 27)
    .segment(0, ACK, 27, 1);
  t.same(alertsIn(scene, [ADDRESSES]), ['1> 2< 3> 4> 5> 6< 7>']);
  t.same(alertsIn(scene, [ADDRESSES, aboutStream('any')]), ['1> 2< 3> 4> 5> 6< 7> -> -<', '']);
});

t.test('what waits behind a hole that is still kept is not left for the application', async (t) => {
  const scene = new Scene(53)
    .handshake()
    .segment(0, PUSH | ACK, 0, 0, '\0\x23;+\x01\0')
    .segment(0, PUSH | ACK, 6, 0, '\0\x01\0\0\0\0\0\0\x01a\x01')
    .segment(0, PUSH | ACK, 34, 0, '\0\x0f\0');
  scene
    .segment(0, FIN | ACK, 37, 0)
    .segment(1, FIN | ACK, 0, 38)
    .segment(0, ACK, 38, 1);
  t.same(alertsIn(scene, [ADDRESSES]), ['1> 2< 3> 4> 5> 6> 7> 8< 9> ->']);
  // What was acknowledged is kept for a window's length where rules ask whether it is said otherwise.
  const overlaps = 'alert tcp any any -> any any (stream-event:reassembly_overlap_different_data;)';
  t.same(alertsIn(scene, [ADDRESSES, overlaps]), ['1> 2< 3> 4> 5> 6> 7> 8< 9>', '']);
});

t.test('a transaction that was logged before an earlier one is left in both directions', async (t) => {
  const begun = new Scene(1883)
    .handshake()
    .say(0, '\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04abcd')
    .say(1, '\x20\x02\x00\x00');
  // A subscription that is not answered, and a ping behind it, which is over at once.
  const [subscribe, ping] = ['\x82\x0a\x00\x07\x00\x05alpha\x02', '\xc0\x00'];
  begun.segment(0, PUSH | ACK, 0, 0, subscribe).segment(0, PUSH | ACK, 12, 0, ping);
  begun
    .segment(0, FIN | ACK, 14, 0)
    .segment(1, FIN | ACK, 0, 15)
    .segment(0, ACK, 15, 1);
  t.same(alertsIn(begun, [ADDRESSES]), ['1> 2< 3> 4> 5< 6< 7> 8> 9> 10> 11< 12> -> -<']);
});

t.test(
  'a byte with the number of a FIN that was repeated without one is no keep-alive, and in the stream',
  async (t) => {
    const scene = new Scene(7777)
      .handshake()
      .segment(1, FIN | ACK, 0, 0)
      .segment(0, PUSH | ACK, 0, 0, 'abc')
      .segment(1, ACK, 0, 3)
      .segment(1, PUSH | ACK, 0, 3, 'C')
      .segment(1, PUSH | ACK, 1, 3, 'HARLIE')
      .segment(0, ACK, 3, 7);
    const rules = ['content:"CHARLIE";', 'content:"C"; dsize:1;'].map(
      (asked) => `alert tcp any any -> any any (${asked})`,
    );
    t.same(alertsIn(scene, rules), ['-<', '7<']);
  },
);
