/** Generated DNS: messages of every kind, right and wrong, over UDP and TCP. */
import { bytesOf, n16, n32 } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const LABELS = ['www', 'a', 'example', '\xff\x80', 'b"c', '\u0000', 'x'.repeat(63), 'com'];
const TYPES = [1, 2, 5, 6, 12, 15, 16, 10, 28, 33, 41, 44, 46, 65, 99, 257, 40_000];
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

function name(dice: Dice): Uint8Array {
  const labels = dice.times(4, () => text(dice.pick(LABELS)));
  const plain = bytesOf(...labels.flatMap((label) => [label.length, label]));
  const form = dice.below(10);
  if (form < 5) return bytesOf(plain, 0);
  // Pointers to the first question, into it, and anywhere; the last form has no end.
  return form < 9 ? bytesOf(plain, n16(0xc000 | dice.pick([12, 12, 13, dice.below(80), dice.below(300)]))) : plain;
}

function data(dice: Dice, type: number): Uint8Array {
  if (dice.happens(0.1)) return bytesOf(...dice.times(20, () => dice.below(256)));
  switch (type) {
    case 1:
      return n32(dice.below(2 ** 32));
    case 28:
      return bytesOf(n32(dice.below(2 ** 32)), n32(5), n32(dice.below(9)), n32(1));
    case 2:
    case 5:
    case 12:
      return name(dice);
    case 15:
      return bytesOf(n16(dice.below(9)), name(dice));
    case 6:
      return bytesOf(name(dice), name(dice), n32(1), n32(dice.below(2 ** 32)), n32(3), n32(4), n32(5));
    case 16: {
      const strings = [text('v=spf1'), ...dice.times(3, () => text(dice.pick(['', 'ab', '\xfe'])))];
      return bytesOf(...strings.flatMap((string) => [string.length, string]));
    }
    case 33:
      return bytesOf(n16(1), n16(2), n16(3), name(dice));
    case 44:
      return bytesOf(1, 2, text('xyz'));
    default:
      return text(dice.pick(['', 'a', 'abcd']));
  }
}

function records(dice: Dice, count: number): Uint8Array {
  const made = Array.from({ length: count }, () => {
    const type = dice.pick(TYPES);
    const bytes = data(dice, type);
    const length = dice.happens(0.97) ? bytes.length : dice.below(40);
    return bytesOf(name(dice), n16(type), n16(1), n32(dice.below(2 ** 32)), n16(length), bytes);
  });
  return bytesOf(...made);
}

function message(dice: Dice, isResponse: boolean): Uint8Array {
  const questions = dice.happens(0.75) ? 1 : dice.below(4);
  const answers = isResponse ? dice.below(4) : Number(dice.happens(0.15));
  const authorities = dice.happens(0.2) ? dice.below(3) : 0;
  const additionals = Number(dice.happens(0.25));
  const wild = dice.happens(0.2) ? dice.below(0x8000) : 0x100;
  const flags = (isResponse ? 0x8000 | dice.below(16) : 0) | wild;
  const asked = Array.from({ length: questions }, () => bytesOf(name(dice), n16(dice.pick(TYPES)), n16(1)));
  const counts = [dice.happens(0.97) ? questions : dice.below(9), answers, authorities, additionals].map(n16);
  const sections = [answers, authorities, additionals].map((count) => records(dice, count));
  return dice.spoil(bytesOf(n16(dice.below(65_536)), n16(flags), ...counts, ...asked, ...sections), 0.15);
}

const plain = (flags: number): Uint8Array =>
  bytesOf(n16(7), n16(flags), n16(1), n32(0), n16(0), 1, text('a'), 0, n16(1), n16(1));

/** It begins with a plain question and its answer, so that it is recognised the right way round. */
export function dnsTalk(dice: Dice): Talk {
  const messages: Part[] = [
    [0, plain(0x100)],
    [1, plain(0x8100)],
    ...dice.times(5, (): Part => {
      const direction = dice.pick([0, 1] as const);
      return [direction, message(dice, direction === 1)];
    }),
  ];
  if (dice.happens(0.5))
    return { transport: 'udp', serverPort: 53, parts: messages.filter(([, { length }]) => length > 0) };
  const parts = messages.flatMap(([direction, bytes]): Part[] => {
    const whole = bytesOf(n16(bytes.length), bytes);
    const cut = dice.happens(0.3) ? 1 + dice.below(whole.length - 1) : whole.length;
    return [
      [direction, whole.slice(0, cut)],
      [direction, whole.slice(cut)],
    ];
  });
  return { transport: 'tcp', serverPort: 53, parts: parts.filter(([, { length }]) => length > 0) };
}

export const DNS_RULES = [
  'dns.query; content:"www";',
  'dns.query; content:!"a";',
  'dns.query; content:"example.com"; endswith;',
  'dns.query; bsize:1;',
  'dns.opcode:0;',
  'dns.opcode:!0;',
  'dns.opcode:4;',
];
