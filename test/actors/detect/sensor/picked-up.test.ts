/** What is recognised in sessions of which only the middle is seen, where it is not what one would guess; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { ACK, alertsIn, FIN, PUSH, RST, Scene, SYN } from './scene.ts';

const ANY = 'any any -> any any';
const DATA = PUSH | ACK;
const DNS_ANSWER =
  '\x10\xcf\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x01\x02\x03\xa5';
const MODBUS_REQUEST = '\x00\x07\x00\x00\x00\x04\x01\x01\x01\x05';
const CONNECT = '\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00';
/** With a quality that no probe takes. */
const CONNACK = '\x27\x02\x00\x01';

t.test('where sessions may be picked up in their middle, datagrams are asked both ways, too', async (t) => {
  const scene = new Scene(53).datagram(1, DNS_ANSWER);
  const rules = [`alert udp ${ANY} (app-layer-protocol:failed;)`];
  t.same(alertsIn(scene, rules, '', true), ['']);
  t.same(alertsIn(scene, rules), ['1>']);
});

t.test('bytes that are missing on one side end the reading of the other only behind what is in hand', async (t) => {
  const scene = new Scene(502)
    .segment(1, ACK, 0, 0)
    .segment(0, DATA, 3, 0, 'abcdef')
    .segment(1, DATA, 0, 9, MODBUS_REQUEST);
  const rules = [`alert modbus ${ANY} (modbus:function 1;)`];
  t.same(alertsIn(scene, rules, '', true), ['->']);
});

t.test('what the end finds undecided is read when it is given once more', async (t) => {
  const scene = new Scene(1883)
    .segment(0, DATA, 0, 0, CONNECT)
    .segment(1, DATA, 0, CONNECT.length, CONNACK)
    .segment(1, FIN | ACK, CONNACK.length, CONNECT.length + 33)
    .segment(0, FIN | ACK, CONNECT.length + 33, CONNACK.length + 1)
    .segment(1, ACK, CONNACK.length + 1, CONNECT.length + 34);
  const rules = ['CONNECT', 'CONNACK'].map((type) => `alert mqtt ${ANY} (mqtt.type:${type};)`);
  t.same(alertsIn(scene, rules, '', true), ['', '']);
});

t.test('what was read is given up where it turns out late that the client says nothing known', async (t) => {
  const scene = new Scene(502).say(0, '\0\0\0\0\x06\x01\x01\0\0\0\x08').say(1, MODBUS_REQUEST).say(1, MODBUS_REQUEST);
  scene.say(0, '\0\x02\0\0\0\x06\x0a\x05\0\x64').say(0, 'x').say(1, 'y');
  const rules = [
    `alert modbus ${ANY} (dsize:>0;)`,
    // Known again with that.
    `alert tcp ${ANY} (app-layer-protocol:modbus;)`,
    `alert tcp ${ANY} (app-layer-protocol:failed;)`,
  ];
  t.same(alertsIn(scene, rules, '', true), ['5< 7>', '5< 10<', '9>']);
});

t.test('where the client speaks nothing that is known, what the server has spoken is forgotten', async (t) => {
  const scene = new Scene(9999)
    .segment(0, ACK, 0, 0)
    .segment(1, DATA, 0, 0, 'SSH-2.0-abc\r\n')
    .segment(0, ACK, 0, 13)
    .segment(1, ACK, 13, 0)
    .segment(0, DATA, 0, 13, 'x'.repeat(40))
    .segment(1, ACK, 13, 40)
    .segment(0, ACK, 40, 13)
    .segment(1, ACK, 13, 40);
  const rules = [
    `alert ssh ${ANY} (ssh.proto; content:"2";)`,
    `alert ssh ${ANY} ()`,
    `alert tcp ${ANY} (app-layer-protocol:ssh;)`,
    `alert tcp ${ANY} (app-layer-protocol:failed;)`,
  ];
  t.same(alertsIn(scene, rules, '', true), ['4<', '3> 4< 5>', '4< 8<', '7>']);
});

t.test('who is first seen to speak is the client to the stream, whoever began the flow', async (t) => {
  const scene = new Scene(7777).segment(0, 0, 0, 0, 'zz').segment(1, ACK, 0, 0, 'abcd').segment(1, ACK, 4, 0, 'efgh');
  const rules = ['bc', 'fg'].map((word) => `alert tcp ${ANY} (content:"${word}";)`);
  t.same(alertsIn(scene, rules, '', true), ['->', '-<']);
});

t.test('an answer with the numbers that the client would go on with is put with what the client says', async (t) => {
  const scene = new Scene(7777, [1000, 1000]).segment(1, SYN | ACK, 0, 1).segment(1, DATA, 1, 1, 'abcd');
  scene.segment(1, DATA, 5, 1, 'efgh').segment(0, DATA, 1, 9, 'ijkl').segment(1, ACK, 9, 5);
  const rules = ['bc', 'fg', 'jk'].map((word) => `alert tcp ${ANY} (content:"${word}";)`);
  t.same(alertsIn(scene, rules, '', true), ['->', '-<', '']);
});

t.test('a session picked up with an answer to a SYN turns its flow, whoever has sent in it before', async (t) => {
  const rules = [
    `alert tcp ${ANY} (flow:to_server; content:"hel";)`,
    `alert tcp ${ANY} (flow:to_server; ttl:64;)`,
    `alert tcp any any -> any 7777 (flow:to_server; content:"o";)`,
  ];
  const behindReset = new Scene(7777)
    .segment(0, RST, 0, 0, 'no')
    .segment(1, SYN | ACK, 0, 1)
    .segment(0, DATA, 1, 1, 'hello')
    .segment(1, DATA, 1, 6, 'hello, too')
    .segment(0, ACK, 6, 11);
  t.same(alertsIn(behindReset, rules, '', true), ['3< 4>', '1> 2> 3< 4> 5<', '1> 3<']);
  const behindFin = new Scene(7777)
    .segment(0, FIN, 0, 0)
    .segment(1, SYN | ACK, 0, 1)
    .segment(0, FIN | SYN, 1, 0, 'hello')
    .segment(1, DATA, 1, 7, 'hello, too');
  t.same(alertsIn(behindFin, rules, '', true), ['3< 4>', '1> 2> 3< 4>', '3<']);
  const first = new Scene(7777)
    .segment(1, SYN | ACK, 0, 1)
    .segment(0, DATA, 1, 1, 'hello')
    .segment(1, DATA, 1, 6, 'hello, too')
    .segment(0, ACK, 6, 11);
  t.same(alertsIn(first, rules, '', true), ['->', '2> 4>', '->']);
});

t.test('what begins before the first number of a session that was picked up is no part of its stream', async (t) => {
  const scene = new Scene(7777)
    .segment(0, DATA, 10, 0, 'zzzz')
    .segment(0, DATA, 0, 0, 'before____zzzzlate')
    .segment(0, DATA, 9, 0, '_zzzzfirst')
    .segment(1, ACK, 0, 30);
  const rules = ['before', 'late', 'zzzzfirst'].map((word) => `alert tcp ${ANY} (content:"${word}";)`);
  t.same(alertsIn(scene, rules, '', true), ['', '', '->']);
});
