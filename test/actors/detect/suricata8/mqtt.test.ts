/** What rules of Suricata 8 ask of MQTT, as its documentation says it: types, reasons and flags as numbers with names. */
import t from 'tap';
import { alertsIn, Scene } from '../sensor/scene.ts';

const text = (value: string): string => `\0${String.fromCharCode(value.length)}${value}`;
const packet = (first: number, body: string): string => String.fromCharCode(first, body.length) + body;

const CONNECT = packet(
  0x10,
  `${text('MQIsdp')}\x03\xc6\0\x3c${text('meter')}${text('t')}${text('m')}${text('u')}${text('p')}`,
);
const CONNACK = packet(0x20, '\0\x05');
const PUBLISH = packet(0x3b, `${text('a/b')}\0\x07on`);
const PUBACK = packet(0x40, '\0\x07');

const scene = (): Scene =>
  new Scene(1883).handshake().say(0, CONNECT).say(1, CONNACK).say(0, PUBLISH).say(1, PUBACK).segment(0, 17, 0, 0);
const mqtt = (options: string): string => `alert mqtt any any -> any any (${options})`;

/** Whether each alerts, and which way. */
function check(
  t: { equal(found: unknown, wanted: unknown, message: string): unknown },
  cases: readonly (readonly [string, string])[],
): void {
  const found = alertsIn(
    scene(),
    cases.map(([options]) => mqtt(options)),
  );
  for (const [i, [options, ways]] of cases.entries()) t.equal(found[i]!.replace(/\d/g, ''), ways, options);
}

t.test('types have names and numbers, and are a list', async (t) => {
  check(t, [
    ['mqtt.type:CONNACK;', '>'],
    ['mqtt.type:2;', '>'],
    ['mqtt.type:publish;', '>'],
    ['mqtt.type:UNASSIGNED;', ''],
    ['mqtt.type:>2,all;', '>'],
    ['mqtt.type:PUBACK,1;', '>'],
    ['mqtt.type:PUBACK,0;', ''],
    ['mqtt.type:count >2;', ''],
  ]);
});

t.test('reasons are compared', async (t) => {
  check(t, [
    ['mqtt.connack.return_code:5;', '>'],
    ['mqtt.reason_code:>4;', '>'],
    ['mqtt.reason_code:0;', ''],
  ]);
});

t.test('flags have names, how they are meant, and a number', async (t) => {
  check(t, [
    ['mqtt.flags:dup,retain;', '>'],
    ['mqtt.flags:dup,!retain;', ''],
    ['mqtt.flags:-dup,!retain;', '> >'],
    ['mqtt.flags:*retain;', '>'],
    ['mqtt.flags:&0x0b=0x0b;', '>'],
    ['mqtt.connect.flags:username,password;', '>'],
    ['mqtt.connect.flags:will,clean_session;', '>'],
    ['mqtt.connect.flags:!will;', ''],
    ['mqtt.connect.flags:0xc6;', '>'],
  ]);
});

t.test('the name of the protocol is a buffer', async (t) => {
  check(t, [
    ['mqtt.connect.protocol_string; content:"MQIsdp"; bsize:6;', '>'],
    ['mqtt.connect.protocol_string; content:"MQTT";', ''],
  ]);
});
