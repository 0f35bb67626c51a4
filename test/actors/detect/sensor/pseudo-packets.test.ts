/**
 * Where a session is encrypted from here on, or another protocol follows in it, Suricata looks at what there is of both
 * directions before the packet in hand; these are its answers.
 */
import t from 'tap';
import { ACK, alertsIn, FIN, PUSH, RST, Scene, SYN } from './scene.ts';

const ANY = 'any any -> any any';
const NEW_KEYS = '\x00\x00\x00\x0a\x04\x15abcdefgh';

t.test('SSH: behind the new keys of both sides nothing is looked for in payloads', async (t) => {
  const scene = new Scene(22).handshake().say(1, 'SSH-2.0-srv\r\n').say(0, 'SSH-2.0-cli\r\n').say(1, NEW_KEYS);
  const rules = [
    `alert ssh ${ANY} ()`,
    `alert tcp ${ANY} (content:"secret";)`,
    `alert tcp ${ANY} (content:"SSH-";)`,
    `alert tcp ${ANY} (content:!"xx";)`,
    `alert tcp-pkt ${ANY} (content:"secret";)`,
    `alert ip ${ANY} (ttl:>1;)`,
    `alert tcp ${ANY} (flow:to_client; stream_size:both,>,1;)`,
  ];
  // The packet with which that is known still has its payload.
  scene
    .segment(0, PUSH | ACK, 0, 0, NEW_KEYS)
    .segment(1, PUSH | ACK, 0, 14, 'secret one')
    .say(0, 'secret two');
  t.same(alertsIn(scene, rules), [
    '5> 6> 7< 8< 9> 10> -> -< 11< 12> 13< -> -<',
    '',
    '-> -<',
    '-> -<',
    '11<',
    '1> 2< 3> 4< 5> 6> 7< 8< 9> 10> 11< 12> 13<',
    '7< 8< -< 11< 13<',
  ]);
});

t.test('a granted CONNECT: with each packet until what follows is known', async (t) => {
  const rules = [
    `alert http ${ANY} ()`,
    `alert ssh ${ANY} ()`,
    `alert tcp ${ANY} (content:"HTTP";)`,
    `alert http ${ANY} (http.stat_code; content:"200";)`,
  ];
  const granted = (): Scene =>
    new Scene(8080)
      .handshake()
      .say(0, 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n')
      .say(1, 'HTTP/1.1 200 OK\r\n\r\n')
      .say(0, '');
  const known = granted().say(1, 'SSH-2.0-srv\r\n').say(0, 'SSH-2.0-cli\r\n');
  t.same(alertsIn(known, rules), ['5< 6< -< -> 7> -< -> 8> -> -< 9< -> -< 10<', '11> 12> 13< -> -<', '-< ->', '-<']);
  const none = granted()
    .segment(0, FIN | ACK, 0, 0)
    .segment(1, FIN | ACK, 0, 1)
    .segment(0, ACK, 1, 1);
  t.same(alertsIn(none, rules), ['5< 6< -< -> 7> -< -> 8> -> -< 9< -< -> 10> -> -< 11<', '', '-< ->', '-<']);
});

t.test('keys that are not acknowledged are known when the flow ends', async (t) => {
  const scene = new Scene(22).handshake().say(1, 'SSH-2.0-srv\r\n').say(0, 'SSH-2.0-cli\r\n').say(1, NEW_KEYS);
  scene.segment(0, PUSH | ACK, 0, 0, NEW_KEYS);
  const rules = [`alert ssh ${ANY} ()`, `alert tcp ${ANY} (content:"SSH-";)`];
  t.same(alertsIn(scene, rules), ['5> 6> 7< 8< 9> 10> -< -> -> -> -< -<', '-< ->']);
});

t.test('what nobody sent has headers that rules ask for, unless it ends the flow', async (t) => {
  const scene = new Scene(22).handshake().say(1, 'SSH-2.0-srv\r\n').say(0, 'SSH-2.0-cli\r\n').say(1, NEW_KEYS);
  scene.segment(0, PUSH | ACK, 0, 0, NEW_KEYS).segment(1, PUSH | ACK, 0, 14, 'secret one');
  const rules = [
    `alert tcp ${ANY} (ip.src; content:"|0a 01|"; startswith;)`,
    `alert tcp ${ANY} (ip.dst; content:"|0a 01|"; startswith;)`,
    `alert tcp ${ANY} (ipv4.hdr; content:"|45 00 00 28 00 00 00 00 40 06|"; startswith;)`,
    `alert tcp ${ANY} (tcp.hdr; content:"|00 16|"; startswith; content:"|0a 00|"; offset:14; depth:2;)`,
  ];
  t.same(alertsIn(scene, rules), ['1> 3> 5> 6> 9> 10> ->', '2< 4< 7< 8< -< 11<', '-> -<', '-<']);
});

t.test('in a flow that was turned round they have the addresses of the other side', async (t) => {
  const turned = new Scene(8080)
    .segment(1, SYN | ACK, 0, 1)
    .segment(0, PUSH | ACK, 1, 1, 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n')
    .segment(1, PUSH | ACK, 1, 36, 'HTTP/1.1 200 OK\r\n\r\n')
    .segment(0, ACK, 36, 20);
  const rules = [
    'alert http 10.1.0.0 any -> any any (http.stat_code; content:"200";)',
    'alert http 10.2.0.0 any -> any any (http.stat_code; content:"200";)',
    'alert http any 8080 -> any any ()',
    `alert http ${ANY} (flow:to_client; ip.src; content:"|0a 01|"; startswith;)`,
    'alert tcp 10.1.0.0 any -> any any (content:"HTTP";)',
  ];
  t.same(alertsIn(turned, rules, '', true), ['-<', '', '3< ->', '-<', '-<']);
});

t.test('what is carried is asked of the end of a flow, too', async (t) => {
  const scene = new Scene(80).handshake().segment(0, PUSH | ACK, 0, 0, 'hello');
  const rules = [
    'alert ip !10.2.0.0 any -> any any (ip_proto:!17;)',
    'alert ip !10.2.0.0 any -> any any (ip_proto:17;)',
    'alert ip !10.2.0.0 any -> any any (ip_proto:6; tos:0;)',
  ];
  t.same(alertsIn(scene, rules), ['1> 3> 4> ->', '', '1> 3> 4>']);
});

t.test('a request without an answer is left in both directions where its record is to be written', async (t) => {
  const scene = new Scene(80).handshake().say(0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n').segment(0, ACK, 0, 0);
  scene.segment(1, RST | ACK, 0, 0);
  const rules = ['alert ip !10.2.0.0 any -> any any ()', 'alert ip !10.1.0.0 any -> any any ()'];
  t.same(alertsIn(scene, rules), ['1> 3> 4> 6> ->', '2< 5< 7< -<']);
});
