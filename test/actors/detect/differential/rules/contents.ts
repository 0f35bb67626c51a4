/** Contents taken from bytes that are there, with places that are right or nearly so. */
import type { Making } from './making.ts';

const printed = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9 _./=%?-]/.test(char) ? char : `|${byte.toString(16).padStart(2, '0')}|`;
    })
    .join('');

export interface Piece {
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

/** A piece of the bytes, in `spoilt` of all with a byte that is not there. */
export function piece({ dice }: Making, bytes: Uint8Array, spoilt = 0.04): Piece {
  const at = dice.int(0, Math.max(0, bytes.length - 1));
  const length = Math.min(bytes.length - at, dice.int(1, 8));
  const taken = Uint8Array.from(bytes.subarray(at, at + length));
  if (taken.length > 0 && dice.chance(spoilt)) taken[dice.int(0, taken.length - 1)] = dice.int(0, 255);
  return { text: taken.length === 0 ? 'none' : printed(taken), at, length: Math.max(1, taken.length) };
}

const number = (value: number): string => String(Math.max(-1_048_576, Math.min(1_048_576, value)));

/** One after the other in the bytes, now and then from their start again. */
export function contents(making: Making, bytes: Uint8Array, most: number): string[] {
  const { dice } = making;
  const options: string[] = [];
  let end: number | null = null;
  let hasFast = false;
  for (let i = dice.int(1, most); i > 0; i -= 1) {
    const from: number = end !== null && dice.chance(0.7) && end < bytes.length ? end : 0;
    const isNegated = dice.chance(0.1);
    const { text, at, length } = piece(making, bytes.subarray(from), isNegated ? 0.8 : 0.04);
    const place: number = from + at;
    options.push(`content:${isNegated ? '!' : ''}"${text}";`);
    if (dice.chance(0.2)) options.push('nocase;');
    if (end !== null && dice.chance(0.5)) options.push(...relative(making, place - end, length));
    else if (dice.chance(0.3)) options.push(...absolute(making, place, length));
    if (!isNegated && !hasFast && dice.chance(0.06)) {
      hasFast = true;
      options.push(dice.pick(['fast_pattern;', 'fast_pattern;', `fast_pattern:0,${Math.max(1, length - 1)};`]));
    }
    if (!isNegated) end = place + length;
  }
  return options;
}

const NEAR = [0, 0, 0, 0, 1, -1];

function relative({ dice }: Making, distance: number, length: number): string[] {
  return dice.weighted<() => string[]>([
    [3, () => [`distance:${number(distance - dice.pick(NEAR))};`]],
    [2, () => [`within:${Math.max(length, distance + length + dice.pick([0, 0, 3]))};`]],
    [2, () => [`distance:${number(distance)};`, `within:${length + dice.pick([0, 0, 2])};`]],
  ])();
}

function absolute({ dice }: Making, place: number, length: number): string[] {
  return dice.weighted<() => string[]>([
    [3, () => [`offset:${Math.max(0, place - dice.pick(NEAR))};`]],
    [3, () => [`depth:${place + length + dice.pick([0, 0, 2])};`]],
    [2, () => [`offset:${place};`, `depth:${length + dice.pick([0, 1])};`]],
    [1, () => ['startswith;']],
    [1, () => ['endswith;']],
  ])();
}

/** What text there is in the bytes. */
export const wordsOf = (bytes: Uint8Array, least = 3): readonly string[] =>
  Buffer.from(bytes)
    .toString('latin1')
    .match(new RegExp(`[A-Za-z0-9]{${least},}`, 'g')) ?? ['none'];
