/** What rules ask of a payload beside contents, and of the headers of its packets. */
import type { Message } from '../dialogues/message.ts';
import { contents, piece, wordsOf } from './contents.ts';
import { eventOption } from './events.ts';
import type { Making } from './making.ts';
import { packetOption } from './packets.ts';

export function payloadOptions(making: Making, message: Message): string[] {
  const { dice, dialogue } = making;
  // What lies in two messages, too, is looked for: a stream has it in one piece or in two.
  const sides = dialogue.messages.filter(({ direction }) => direction === message.direction);
  const bytes = dice.chance(0.12) ? Buffer.concat(sides.map((one) => one.bytes)) : message.bytes;
  const options = dice.chance(0.88) ? contents(making, bytes, 3) : [];
  if (dice.chance(0.3)) options.push(...extra(making, bytes));
  if (dice.chance(0.03) && options.length > 0) options.splice(1, 0, 'rawbytes;');
  if (dice.chance(0.05) && options.length > 0) options.unshift('pkt_data;');
  if (dice.chance(0.13) || options.length === 0) options.push(packetOption(making, bytes));
  if (dice.chance(0.04)) options.push(eventOption(making));
  return options;
}

function expression(making: Making, bytes: Uint8Array): string {
  const { dice } = making;
  const word = dice.pick(wordsOf(bytes).filter((one) => !/^\d/.test(one))) ?? 'zzz';
  const body = dice.pick([
    word,
    `${word.slice(0, 2)}.*`,
    '[a-z]{2,}\\d*',
    `^${word}`,
    `${word}$`,
    `(?:${word}|other)`,
    `(${word.slice(0, 1)})\\w+`,
    `\\b${word}\\b`,
    `(?<=${word.slice(0, 1)})${word.slice(1)}`,
    `[^\\x00-\\x1f]{3}`,
  ]);
  return `pcre:${dice.chance(0.08) ? '!' : ''}"/${body}/${dice.pick(['', '', 'i', 's', 'm'])}";`;
}

function extra(making: Making, bytes: Uint8Array): string[] {
  const { dice } = making;
  const at = dice.int(0, Math.max(0, bytes.length - 2));
  const value = bytes[at] ?? 0;
  const close = dice.pick([value, value, value, value + 1, dice.int(0, 300)]);
  return dice.weighted<() => string[]>([
    [4, () => [expression(making, bytes)]],
    [3, () => [`isdataat:${dice.pick(['', '', '!'])}${dice.int(0, bytes.length + 2)}${dice.pick(['', ',relative'])};`]],
    [
      3,
      () => [
        `byte_test:${dice.int(1, 4)},${dice.pick(['>', '<', '=', '!=', '&', '^', '>=', '<='])},${dice.int(0, 300)},${at}${dice.pick(['', ',relative', ',little'])};`,
      ],
    ],
    [2, () => [`byte_test:1,=,${close},${at};`]],
    [1, () => [`byte_test:${dice.int(1, 3)},>,${dice.int(0, 40)},${at},string,${dice.pick(['dec', 'hex', 'oct'])};`]],
    [
      2,
      () => [
        `byte_jump:${dice.int(1, 2)},${at}${dice.pick(['', ',relative', ',from_beginning', ',multiplier 2', ',align', ',post_offset -1'])};`,
        `isdataat:${dice.int(0, 4)},relative;`,
      ],
    ],
    [
      2,
      () => [
        `byte_extract:1,${at},v${dice.pick(['', '', ',relative', ',multiplier 2'])};`,
        `content:"${piece(making, bytes).text}"; ${dice.pick(['offset', 'depth', 'distance', 'within'])}:v;`,
      ],
    ],
    [1, () => [`byte_extract:1,${at},w;`, `byte_test:1,${dice.pick(['=', '>', '<', '!='])},w,${at};`]],
    [
      1,
      () => [
        `byte_math:bytes 1,offset ${at},oper ${dice.pick(['+', '-', '*', '/', '<<', '>>'])},rvalue ${dice.int(1, 5)},result m;`,
        'isdataat:m;',
      ],
    ],
    [
      1,
      () => [
        `base64_decode:bytes ${dice.int(4, 12)},offset ${at};`,
        'base64_data;',
        `content:"${dice.pick(wordsOf(bytes)).slice(0, 3)}";`,
      ],
    ],
  ])();
}
