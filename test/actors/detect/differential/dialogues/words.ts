/** Words, numbers and other bytes that dialogues are made of. */
import { bytesOf, n16 } from '../../frames.ts';
import type { Dice } from '../dice.ts';

export const WORDS = [
  'alpha',
  'Bravo',
  'CHARLIE',
  'delta9',
  'echo',
  'login',
  'admin',
  'root',
  'select',
  'union',
  'passwd',
  'etc',
];

/** Each character is a byte. */
export const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

/** Some of it twice, so that what is looked for again has something to find. */
export function payload(dice: Dice, most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = dice.int(1, most); i > 0; i -= 1)
    parts.push(
      dice.weighted<() => Uint8Array>([
        [6, () => text(`${dice.pick(WORDS)}${dice.pick(['', ' ', '\r\n', '=', '/'])}`)],
        [2, () => text(String(dice.int(0, 9999)))],
        [2, () => dice.bytes(dice.int(1, 6))],
        [1, () => n16(dice.int(0, 40))],
        [1, () => text(dice.pick(['aaaa', 'abab', 'AbAb', '\0\0\0']))],
        [1, () => text(Buffer.from(dice.pick(WORDS)).toString('base64'))],
      ])(),
    );
  return bytesOf(...parts);
}
