/** Values of ASN.1 out of a seed: right ones of every type, and such as are not what their type must be. */
import { Dice } from '../protocols/dice.ts';

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** By tag: contents, some of which the type may not have. */
const CONTENTS: readonly (readonly [number, readonly string[]])[] = [
  [0, ['', 'a']],
  [1, ['\xff', '\0', '', 'ab']],
  [2, ['\x01', '', '\0\0\x7f', '\xff'.repeat(9)]],
  [3, ['\0abc', '\x07a', '\x10a', '\x11a', '\xff', '', '\x08', '\xffabcdefghijklmnopqrstuvwxyzabcdefg']],
  [4, ['abc', '', 'x'.repeat(130), 'x'.repeat(300)]],
  [5, ['', 'a']],
  [6, ['\x2a\x86\x48', '', '\xff']],
  [7, ['abc', '\x80']],
  [9, ['1'.repeat(257), '1'.repeat(256), `\x40${'1'.repeat(300)}`, `\x3f${'1'.repeat(300)}`, '']],
  [10, ['\x01', '', '\0\0\0\x01\x02\x03\x04', '\x01\x02\x03\x04\x05', '\xff\xff\xff\xff']],
  [11, ['abc']],
  [12, ['abc', '\xc3\xa4', '\xc3', '\xed\xa0\x80', '\xf0\x9f\x98\x80']],
  [13, ['\x05', '']],
  [18, ['12 3', '12a', '']],
  [19, ["aZ9 '()+,-./:=?", 'a*b', 'a\xe4']],
  [20, ['abc\x7f', 'a\x1f']],
  [21, ['abc', '\x80']],
  [22, ['a\0\x7f', '\x80']],
  [23, ['2001021504Z', '200102150405Z', '200102150405+0100', '200102150405', '201302150405Z', '2001021504+0100', 'x']],
  [
    24,
    [
      ...['20200102150405', '20200102150405Z', '202001021504', '202001021504Z', '20200102150405.1', '20200102150405.Z'],
      ...[
        '20200102150405.1234',
        '20200102150405.1234Z',
        '20200102150405,123-0200',
        '20200102150460Z',
        '20200102240405Z',
      ],
      ...['20200102150405.12345', '20200102150405.', '20200102150405x', '20200102150405+01'],
    ],
  ],
  [25, ['a\x01', '\x80']],
  [26, ['abc', 'a\n']],
  [27, ['abc', '\xff']],
  [28, ['\0\0\0a', 'a']],
  [30, ['\0a\0b', '\0a\0', '\xd8\0\xdc\0', '\x61\xd8', '\xd8\0\0a', '']],
];

/** The length in as many bytes as it needs, or in more. */
function lengthOf(dice: Dice, length: number): Uint8Array {
  const isLong = dice.happens(0.15);
  if (length < 0x80 && !isLong) return Uint8Array.of(length);
  const wide = dice.pick([2, 2, 3, 4, 9]);
  const bytes = new Uint8Array(wide + 1);
  bytes[0] = 0x80 | wide;
  bytes[wide] = length & 0xff;
  bytes[wide - 1] = (length >> 8) & 0xff;
  return bytes;
}

function identifier(dice: Dice, family: number, isConstructed: boolean, tag: number): Uint8Array {
  const head = (family << 6) | (isConstructed ? 0x20 : 0);
  if (tag < 0x1f && !dice.happens(0.03)) return Uint8Array.of(head | tag);
  return Uint8Array.of(head | 0x1f, ...dice.pick([[], [0x80], [0x80, 0x80, 0x80], [0x80, 0x80, 0x80, 0x80]]), tag);
}

function value(dice: Dice, depth: number): Uint8Array {
  const family = dice.happens(0.8) ? 0 : dice.pick([1, 2, 3]);
  if (depth > 0 && dice.happens(0.35)) {
    const inner = Buffer.concat(dice.times(4, () => value(dice, depth - 1)));
    const head = identifier(dice, family, !dice.happens(0.03), dice.pick([16, 16, 17, 16, 4, 1, 3]));
    if (!dice.happens(0.25)) return Buffer.concat([head, lengthOf(dice, inner.length), inner]);
    return Buffer.concat([head, Uint8Array.of(0x80), inner, dice.happens(0.95) ? Uint8Array.of(0, 0) : latin1('')]);
  }
  const [tag, contents] = dice.pick(CONTENTS);
  // Most are what they must be, so that more is read behind them.
  const content = latin1(dice.happens(0.6) ? contents[0]! : dice.pick(contents));
  return Buffer.concat([identifier(dice, family, dice.happens(0.05), tag), lengthOf(dice, content.length), content]);
}

/** Many in one another, of known or unknown length. */
function deep(dice: Dice): Uint8Array {
  const isOpen = dice.happens(0.5);
  const depth = dice.pick([3, 47, 48, 49, 50, 51, 52, 100, 253, 254, 255, 256, 257, 300]);
  let bytes: Uint8Array = Buffer.concat([Uint8Array.of(3, 1, 0xff), value(dice, 0)]);
  for (let i = 0; i < depth; i += 1)
    bytes = isOpen
      ? Buffer.concat([Uint8Array.of(0x30, 0x80), bytes, Uint8Array.of(0, 0)])
      : Buffer.concat([Uint8Array.of(0x30, 0x82, bytes.length >> 8, bytes.length & 0xff), bytes]);
  return bytes;
}

const many = (dice: Dice): Uint8Array =>
  Buffer.concat([Uint8Array.of(3, 1, 0xff), ...Array(dice.pick([10, 254, 255, 256, 300])).fill(Uint8Array.of(5, 0))]);

export function berValues(seed: number): Uint8Array {
  const dice = new Dice(seed);
  const bytes = dice.happens(0.06)
    ? deep(dice)
    : dice.happens(0.03)
      ? many(dice)
      : Buffer.concat([...dice.times(4, () => value(dice, 3)), value(dice, 3)]);
  const before = dice.happens(0.3) ? latin1(dice.pick(['ab', 'BER', 'xBERy'])) : latin1('');
  return Buffer.concat([before, dice.spoil(bytes, 0.15)]);
}
