/** Generated MQTT of versions 3.1, 3.1.1 and 5: messages of every type, right and wrong, in any order. */
import { bytesOf, n16, n32 } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const NONE = new Uint8Array(0);
const WORDS = ['', 'a', 'topicX', 'a/b/c', '\xff\xfe', '\xc3\xa9', 'x"y\\', 'sensor/+/#'];
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const string = (value: string): Uint8Array => bytesOf(n16(value.length), text(value));
const word = (dice: Dice): Uint8Array => string(dice.pick(WORDS));

function variable(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 128) return Uint8Array.from([...bytes, left]);
    bytes.push((left & 127) | 128);
  }
}

/** Identifiers by the form of their value; 5 and 99 do not exist. */
const PROPERTIES: readonly (readonly [readonly number[], (dice: Dice) => Uint8Array])[] = [
  [[1, 23, 25, 36, 37, 40, 41, 42], (dice) => Uint8Array.of(dice.below(256))],
  [[2, 17, 24, 39], (dice) => n32(dice.below(2 ** 32))],
  [[3, 8, 9, 18, 21, 22, 26, 28, 31], word],
  [[11], (dice) => variable(dice.below(100_000))],
  [[19, 33, 34, 35], (dice) => n16(dice.below(65_536))],
  [[38], (dice) => bytesOf(string('key'), word(dice))],
  [[5, 99], () => NONE],
];

function properties(dice: Dice, version: number): Uint8Array {
  if (version !== 5) return NONE;
  const made = bytesOf(
    ...dice.times(3, () => {
      const [identifiers, value] = dice.pick(PROPERTIES);
      return bytesOf(variable(dice.pick(identifiers)), value(dice));
    }),
  );
  return bytesOf(variable(made.length), made);
}

function connect(dice: Dice, version: number): Uint8Array {
  const flags = dice.happens(0.6) ? dice.pick([0x02, 0xc2, 0xf6, 0x04, 0xce, 0x26]) : dice.below(256);
  const spoken = dice.pick([version, version, version, 3, 4, 5]);
  return bytesOf(
    string(dice.pick(['MQTT', 'MQIsdp'])),
    spoken,
    flags,
    n16(60),
    properties(dice, spoken),
    word(dice),
    flags & 4 ? bytesOf(properties(dice, spoken), word(dice), word(dice)) : NONE,
    flags & 0x80 ? word(dice) : NONE,
    flags & 0x40 ? word(dice) : NONE,
  );
}

function body(dice: Dice, type: number, qos: number, version: number): Uint8Array {
  const id = n16(1 + dice.below(3));
  const codes = (): Uint8Array => bytesOf(...dice.times(4, () => dice.below(130)));
  switch (type) {
    case 1:
      return connect(dice, version);
    case 2:
      return bytesOf(dice.below(3), dice.pick([0, 1, 5]), properties(dice, version));
    case 3: {
      const payload = text(dice.pick(['', 'hello', '\xff\x00', '{"a":1}']));
      return bytesOf(word(dice), qos > 0 ? id : NONE, properties(dice, version), payload);
    }
    case 4:
    case 5:
    case 6:
    case 7:
      return bytesOf(id, version === 5 ? dice.pick([NONE, Uint8Array.of(16), bytesOf(0, properties(dice, 5))]) : NONE);
    case 8:
      return bytesOf(id, properties(dice, version), ...dice.times(4, () => bytesOf(word(dice), dice.below(3))));
    case 9:
    case 11:
      return bytesOf(id, properties(dice, version), codes());
    case 10:
      return bytesOf(id, properties(dice, version), ...dice.times(4, () => word(dice)));
    case 14:
      return version === 5 ? dice.pick([NONE, Uint8Array.of(4), bytesOf(4, properties(dice, 5))]) : NONE;
    case 15:
      return bytesOf(dice.pick([0, 24]), properties(dice, 5));
    default:
      return NONE;
  }
}

/** Header flags that the specification asks for, by type. */
const RIGHT_FLAGS = [0, 0, 0, 2, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0];

function message(dice: Dice, version: number, type: number): Uint8Array {
  const flags = dice.happens(0.6) ? RIGHT_FLAGS[type]! : dice.below(16);
  let bytes = dice.spoil(body(dice, type, (flags >> 1) & 3, version), 0.06);
  if (dice.happens(0.03)) bytes = bytesOf(bytes, text('junk'));
  const length = dice.happens(0.01) ? Uint8Array.of(255, 255, 255, 255) : variable(bytes.length);
  return bytesOf((type << 4) | flags, length, bytes);
}

const FROM_SERVER = new Set([2, 9, 11, 13]);
const FROM_BOTH = new Set([3, 4, 5, 6, 7]);

export function mqttTalk(dice: Dice): Talk {
  const version = dice.pick([3, 4, 5, 5]);
  const none = version === 5 ? Uint8Array.of(0) : NONE;
  const parts: Part[] = [[0, bytesOf(0x10, 12 + none.length, string('MQTT'), version, 2, n16(60), none, string(''))]];
  if (dice.happens(0.9)) parts.push([1, bytesOf(0x20, 2 + none.length, 0, 0, none)]);
  for (let left = 1 + dice.below(8); left > 0; left--) {
    const type = dice.happens(0.03) ? 0 : 1 + dice.below(15);
    const bytes = message(dice, version, type);
    const direction = FROM_BOTH.has(type) ? dice.pick([0, 1] as const) : FROM_SERVER.has(type) ? 1 : 0;
    const cut = dice.happens(0.2) ? 1 + dice.below(bytes.length - 1) : bytes.length;
    parts.push([direction, bytes.slice(0, cut)], [direction, bytes.slice(cut)]);
  }
  return { transport: 'tcp', serverPort: 1883, parts: parts.filter(([, { length }]) => length > 0) };
}

export const MQTT_RULES = [
  ...['CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP'].map((type) => `mqtt.type:${type};`),
  ...['SUBSCRIBE', 'SUBACK', 'UNSUBSCRIBE', 'UNSUBACK', 'PINGREQ', 'DISCONNECT', 'AUTH'].map(
    (type) => `mqtt.type:${type};`,
  ),
  'mqtt.qos:0;',
  'mqtt.qos:1;',
  'mqtt.flags:dup;',
  'mqtt.flags:!dup,retain;',
  'mqtt.reason_code:0;',
  'mqtt.reason_code:16;',
  'mqtt.reason_code:100;',
  'mqtt.connect.flags:username;',
  'mqtt.connect.flags:!username,clean_session;',
  'mqtt.connack.session_present:true;',
  'mqtt.connect.clientid; content:"topic";',
  'mqtt.connect.clientid; content:!"a";',
  'mqtt.connect.username; content:"|ef bf bd|";',
  'mqtt.connect.password; content:"|ff|";',
  'mqtt.connect.willtopic; content:"a";',
  'mqtt.connect.willmessage; content:"a";',
  'mqtt.publish.topic; content:"/";',
  'mqtt.publish.message; content:"hello";',
  'mqtt.publish.message; content:!"x";',
  'mqtt.subscribe.topic; content:"topicX";',
  'mqtt.subscribe.topic; content:!"a";',
  'mqtt.unsubscribe.topic; content:"a/b";',
  'mqtt.unsubscribe.topic; content:!"a";',
  'mqtt.type:SUBACK; mqtt.subscribe.topic; content:"a";',
];
