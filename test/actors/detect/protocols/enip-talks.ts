/** Generated EtherNet/IP: sessions, and services of CIP of every form with their answers, right and wrong. */
import { bytesOf } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const le16 = (value: number): Uint8Array => Uint8Array.of(value & 255, (value >> 8) & 255);
const le32 = (value: number): Uint8Array => bytesOf(le16(value & 0xffff), le16(value >>> 16));
const NONE = new Uint8Array(0);

const COMMANDS = [0, 4, 0x63, 0x64, 0x65, 0x66, 0x72, 0x73, 0x99];
const CODES = [1, 2, 3, 3, 4, 4, 5, 6, 7, 0x0a, 0x0e, 0x0e, 0x10, 0x10, 0x4b, 0x4c, 0x52];
const CLASSES = [0, 1, 2, 3, 6, 7, 0x6b, 0x2a1];
const ATTRIBUTES = [0, 1, 2, 3, 7, 9];
const STATUSES = [0, 0, 0, 0, 1, 0x64, 0x77];

export function encapsulated(command: number, body: Uint8Array, length = body.length, status = 0): Uint8Array {
  return bytesOf(le16(command), le16(length), le32(7), le32(status), le32(1), le32(2), le32(0), body);
}

function segment(dice: Dice): Uint8Array {
  const number = dice.pick(dice.happens(0.5) ? CLASSES : ATTRIBUTES);
  const kind = dice.pick([0x20, 0x20, 0x20, 0x24, 0x30, 0x30, 0x21, 0x25]);
  if (dice.happens(0.03)) return Uint8Array.of(dice.pick([0x31, 0x28, 0, 0x91]), number & 255);
  return (kind & 1) === 1 ? bytesOf(kind, 0, le16(number)) : Uint8Array.of(kind, number & 255);
}

function path(dice: Dice): Uint8Array {
  const plain = bytesOf(
    0x20,
    dice.pick(CLASSES) & 255,
    0x24,
    dice.pick([0, 1, 2]),
    ...(dice.happens(0.5) ? [0x30, dice.pick(ATTRIBUTES)] : []),
  );
  return dice.happens(0.6) ? plain : bytesOf(...dice.times(5, () => segment(dice)));
}

/** `depth`: packets of several services may hold others. */
export function service(dice: Dice, depth = 0): Uint8Array {
  const code = dice.pick(CODES);
  if (dice.happens(0.2)) {
    const data = code === 0x0a ? several(dice, depth) : bytesOf(...dice.times(6, () => dice.below(256)));
    return bytesOf(code | 0x80, 0, dice.pick([0, 0, 5, 8]), 0, data);
  }
  const where = path(dice);
  const words = dice.happens(0.04) ? dice.pick([0, 1, 200]) : where.length >> 1;
  const list = dice.times(4, () => le16(dice.pick(ATTRIBUTES)));
  const data =
    code === 0x0a
      ? several(dice, depth)
      : code === 3 || code === 4
        ? bytesOf(le16(dice.happens(0.05) ? 50 : list.length), ...list)
        : bytesOf(...dice.times(4, () => dice.below(256)));
  return bytesOf(code, words, where, data);
}

function several(dice: Dice, depth: number): Uint8Array {
  if (depth > 2) return NONE;
  const services = dice.times(dice.happens(0.1) ? 40 : 4, () => service(dice, depth + 1));
  let place = 2 + 2 * services.length;
  const places = services.map(({ length }) => {
    const at = place;
    place += length;
    return le16(dice.happens(0.04) ? dice.pick([0, 1, 5000, 0xfff0]) : at);
  });
  return bytesOf(le16(services.length + (dice.happens(0.05) ? 3 : 0)), ...places, ...services);
}

/** Services in a message of either command. */
export function carried(dice: Dice, made: Uint8Array): Uint8Array {
  const isConnected = dice.happens(0.4);
  const isSequenced = isConnected && dice.happens(0.1);
  const address = isSequenced
    ? bytesOf(le16(0xb002), le16(8), le32(9), le32(1))
    : isConnected
      ? bytesOf(le16(0xa1), le16(4), le32(9))
      : bytesOf(le16(0), le16(0));
  const data = isConnected ? bytesOf(le16(3), made) : made;
  const length = dice.happens(0.03) ? dice.pick([0, 1, 3, 500]) : data.length;
  const type = dice.happens(0.03) ? 0x8000 : isConnected ? 0xb1 : 0xb2;
  const body = bytesOf(le32(0), le16(5), le16(2), address, le16(type), le16(length), data);
  return encapsulated(
    dice.pick([0x6f, 0x6f, 0x70]),
    body,
    dice.happens(0.03) ? dice.pick([0, 7, 8, 3000]) : body.length,
  );
}

function message(dice: Dice): Uint8Array {
  if (dice.happens(0.75)) return carried(dice, service(dice));
  const body = bytesOf(...dice.times(8, () => dice.below(256)));
  return encapsulated(dice.pick(COMMANDS), body, body.length, dice.pick(STATUSES));
}

export function enipTalk(dice: Dice): Talk {
  const isTcp = dice.happens(0.7);
  const greeting = isTcp ? encapsulated(0x65, Uint8Array.of(1, 0, 0, 0)) : encapsulated(0x63, NONE);
  const parts: Part[] = [
    [0, greeting],
    [1, greeting],
  ];
  for (let left = 1 + dice.below(4); left > 0; left--) {
    const several = dice.happens(0.15) ? [message(dice), message(dice)] : [message(dice)];
    parts.push([dice.happens(0.7) ? 0 : 1, dice.spoil(bytesOf(...several), 0.08)]);
  }
  return {
    transport: isTcp ? 'tcp' : 'udp',
    serverPort: 44_818,
    parts: parts
      .flatMap(([way, bytes], i): Part[] => {
        // Greetings are whole: what recognises them waits for the rest, a parser does not.
        const cut = isTcp && i > 1 && dice.happens(0.1) ? 1 + dice.below(bytes.length) : bytes.length;
        return [
          [way, bytes.slice(0, cut)],
          [way, bytes.slice(cut)],
        ];
      })
      .filter(([, { length }]) => length > 0),
  };
}

export const ENIP_RULES = [
  'enip_command:0;',
  'enip_command:99;',
  'enip_command:101;',
  'enip_command:111;',
  'enip_command:112;',
  'enip_command:115;',
  'enip_command:111; enip_command:0;',
  'enip_command:112; cip_service:3;',
  'cip_service:1;',
  'cip_service:3;',
  'cip_service:4;',
  'cip_service:10;',
  'cip_service:14;',
  'cip_service:76;',
  'cip_service:3,1;',
  'cip_service:4,6,2;',
  'cip_service:3,1,!2;',
  'cip_service:14,1;',
  'cip_service:14,0,0;',
  'cip_service:14,1,1;',
  'cip_service:14,7,7;',
  'cip_service:14,6,1;',
  'cip_service:14,6,!1;',
  'cip_service:16,67;',
  'cip_service:16,3,!3;',
  'cip_service:5,1;',
  'cip_service:14,7; cip_service:99;',
];
