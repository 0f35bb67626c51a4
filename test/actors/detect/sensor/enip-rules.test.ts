/** EtherNet/IP as a sensor sees it; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { bytesOf } from '../frames.ts';
import { encapsulated } from '../protocols/enip-talks.ts';
import { ACK, alertsIn, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const PORT = 44_818;
const text = (...parts: readonly (Uint8Array | number)[]): string => Buffer.from(bytesOf(...parts)).toString('latin1');
const le16 = (...values: readonly number[]): Uint8Array =>
  bytesOf(...values.flatMap((value) => [value & 255, value >> 8]));

const REGISTER = text(encapsulated(0x65, Uint8Array.of(1, 0, 0, 0)));
const LIST_IDENTITY = text(encapsulated(0x63, new Uint8Array(0)));
/** Sent without a connection. */
const unconnected = (service: Uint8Array): string =>
  text(encapsulated(0x6f, bytesOf(le16(0, 0, 5, 2, 0, 0, 0xb2, service.length), service)));
const GET_LIST = Uint8Array.of(3, 2, 0x20, 6, 0x24, 1, 2, 0, 7, 0, 9, 0);
const GET_SINGLE = Uint8Array.of(0x0e, 3, 0x20, 4, 0x24, 1, 0x30, 4);
const RESET = Uint8Array.of(5, 2, 0x20, 1, 0x24, 1);
const SEVERAL = bytesOf(
  Uint8Array.of(0x0a, 2, 0x20, 2, 0x24, 1),
  le16(3, 8, 8 + GET_LIST.length, 8 + GET_LIST.length + GET_SINGLE.length),
  GET_LIST,
  GET_SINGLE,
  RESET,
);

const RULES = [
  'enip_command:0;',
  'enip_command:111;',
  'cip_service:10;',
  'cip_service:3;',
  'cip_service:3,6,9;',
  'cip_service:14,4,4;',
  'cip_service:5;',
].map((options) => `alert enip ${ANY} (${options})`);

t.test('a message that is cut is never put together again: what comes behind the cut is taken for one', async (t) => {
  const message = unconnected(SEVERAL);
  const found = new Map<string, number[]>();
  for (let cut = 1; cut < message.length; cut += 1) {
    const scene = new Scene(PORT).handshake().say(0, REGISTER).say(1, REGISTER);
    scene.say(0, message.slice(0, cut)).say(0, message.slice(cut));
    const alerts = alertsIn(scene, RULES).join(', ');
    const cuts = found.get(alerts) ?? [];
    found.set(alerts, cuts);
    cuts.push(cut);
  }
  const runs = [...found].map(([alerts, cuts]) => `${cuts[0]}-${cuts.at(-1)} (${cuts.length}): ${alerts}`);
  t.same(runs, [
    '1-16 (7): 10>, , , , , , ',
    '2-23 (14): 10> ->, , , , , , ',
    '7-8 (2): 10> -> ->, , , , , , ',
    '24-34 (7): ->, 10>, , , , , ',
    '27-41 (11): , 10>, , , , , ',
    '42-55 (14): , 10>, 10>, , , , ',
    '56-56 (1): , 10>, 10>, 10>, , , ',
    '57-65 (9): ->, 10>, 10>, 10>, , , ',
    '66-73 (8): ->, 10>, 10>, 10>, 10>, , ',
    '74-75 (2): ->, 10>, 10>, 10>, 10>, 10>, ',
    '76-79 (4): ->, 10>, 10>, 10>, 10>, 10>, 10>',
  ]);
});

t.test('bytes without a header are a message of zeros', async (t) => {
  const scene = new Scene(PORT).handshake().say(0, REGISTER).say(1, REGISTER).say(0, 'abc').say(1, 'abc');
  t.same(alertsIn(scene, RULES.slice(0, 2)), ['11> -<', '']);
});

t.test('what is not recognised is waited for, and what the other side speaks is given to it', async (t) => {
  const rules = [
    `alert enip ${ANY} (enip_command:101;)`,
    `alert tcp ${ANY} (app-layer-protocol:enip;)`,
    `alert enip ${ANY} (dsize:>0;)`,
    `alert tcp ${ANY} (app-layer-protocol:failed;)`,
  ];
  const cut = new Scene(PORT).handshake().say(0, REGISTER.slice(0, 7)).say(1, REGISTER).say(0, REGISTER.slice(7));
  t.same(alertsIn(cut, rules), ['9< ->', '9<', '8>', ''], 'cut');
  const unknown = new Scene(PORT).handshake().say(0, REGISTER).say(1, 'x'.repeat(30)).say(1, REGISTER);
  t.same(alertsIn(unknown, rules), ['7> -<', '7>', '6< 8<', '8<'], 'unknown');
  const elsewhere = new Scene(PORT + 1).handshake().say(0, REGISTER).say(1, REGISTER);
  t.same(alertsIn(elsewhere, rules), ['', '', '', ''], 'elsewhere');
  const status = new Scene(PORT).handshake().say(0, text(encapsulated(0x65, Uint8Array.of(1, 0, 0, 0), 4, 9)));
  t.same(alertsIn(status.say(1, REGISTER), rules), ['7> -<', '', '', ''], 'status');
});

t.test('a gap is passed over', async (t) => {
  const scene = new Scene(PORT).handshake().say(0, REGISTER).say(1, REGISTER);
  scene
    .segment(0, PUSH | ACK, 10, 0, unconnected(RESET))
    .segment(1, ACK, 0, 60)
    .segment(1, ACK, 0, 60);
  scene.segment(0, PUSH | ACK, 10 + unconnected(RESET).length, 0, unconnected(GET_LIST)).segment(1, ACK, 0, 120);
  t.same(alertsIn(scene, RULES), ['', '11> ->', '', '->', '->', '', '11>']);
});

t.test('datagrams, from the port of whoever asks, too', async (t) => {
  const rules = [
    `alert enip ${ANY} (enip_command:99;)`,
    `alert udp ${ANY} (cip_service:5,1;)`,
    `alert udp ${ANY} (cip_service:5;)`,
    `alert udp ${ANY} (app-layer-protocol:enip;)`,
    `alert enip ${ANY} (flow:to_client; enip_command:111;)`,
  ];
  const asked = new Scene(PORT).datagram(0, LIST_IDENTITY).datagram(1, unconnected(RESET)).datagram(0, 'abc');
  t.same(alertsIn(asked, rules), ['1>', '', '2<', '1> 2< 3>', '2<'], 'asked');
  const asking = new Scene(PORT).datagram(1, LIST_IDENTITY).datagram(0, unconnected(RESET)).datagram(1, 'abc');
  t.same(alertsIn(asking, rules), ['1>', '', '2<', '1> 2< 3>', '2<'], 'asking');
});

t.test('several messages at once; services are read beyond the end of theirs', async (t) => {
  const short = text(encapsulated(0x6f, bytesOf(le16(0, 0, 5, 2, 0, 0, 0xb2, 9)), 16));
  const messages = short + unconnected(RESET) + LIST_IDENTITY;
  const scene = new Scene(PORT).handshake().say(0, REGISTER).say(1, REGISTER).say(0, messages);
  const options = ['enip_command:111;', 'cip_service:5;', 'cip_service:111;', 'enip_command:99;'];
  t.same(
    alertsIn(
      scene,
      options.map((one) => `alert enip ${ANY} (${one})`),
    ),
    ['-> ->', '->', '', '->'],
  );
});

t.test('sessions that are picked up in their middle', async (t) => {
  const scene = new Scene(PORT).say(1, unconnected(Uint8Array.of(0x85, 0, 0, 0))).say(0, unconnected(RESET));
  t.same(alertsIn(scene, [...RULES, `alert enip ${ANY} (flow:to_server; cip_service:5;)`], '', true), [
    '',
    '4> -<',
    '',
    '',
    '',
    '',
    '-<',
    '',
  ]);
});
