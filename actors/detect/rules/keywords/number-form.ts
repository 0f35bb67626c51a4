/** Where a number stands in the payload and how it is written: what byte_test, byte_jump, byte_extract, byte_math share. */
import type { Draft } from '../draft.ts';
import { leadingNumber, whole } from '../numbers.ts';
import type { NumberForm } from '../rule.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import { amount } from './content.ts';

const OFFSET_MAX = { byte_test: 0x7fff_ffff, byte_jump: 0xffff, byte_extract: 0xffff, byte_math: 0xffff } as const;
const BINARY_BYTES_MAX = 8;
const STRING_BYTES_MAX = { byte_test: 23, byte_jump: 23, byte_extract: 23, byte_math: 10 } as const;

/** `other` takes the options that only one keyword has; false: it does not know the option. */
export function readForm(
  draft: Draft,
  keyword: keyof typeof STRING_BYTES_MAX,
  place: { readonly bytes: string; readonly offset: string },
  options: readonly string[],
  other: (option: string) => boolean,
): NumberForm {
  let isRelative = false;
  let endian: 'big' | 'little' = 'big';
  let isString = false;
  let base: 'dec' | 'hex' | 'oct' | null = null;
  let bitmask: number | null = null;
  for (const option of options) {
    const mask = /^bitmask\s+([-+\w]+)$/.exec(option);
    if (option === 'relative') isRelative = true;
    else if (option === 'big' || option === 'little') endian = option;
    else if (option === 'string') isString = true;
    else if (option === 'dec' || option === 'hex' || option === 'oct') base = option;
    else if (option === 'dce') unsupported(keyword, 'the byte order of DCE/RPC');
    else if (mask !== null) bitmask = maskOf(keyword, mask[1]!);
    else if (!other(option)) wrong(keyword, `the option "${shown(option)}" does not exist`);
  }
  if (base !== null && !isString) wrong(keyword, `${base} needs string`);
  const max = isString ? STRING_BYTES_MAX[keyword] : BINARY_BYTES_MAX;
  const bytes = /^\d/.test(place.bytes)
    ? whole(keyword, place.bytes, 0, max)
    : amount(draft, keyword, place.bytes, 0, max);
  const offset = amount(draft, keyword, place.offset, -OFFSET_MAX[keyword], OFFSET_MAX[keyword]);
  return { bytes, offset, isRelative, endian, base: isString ? (base ?? 'auto') : null, bitmask };
}

const MASK_MAX = 0xffff_ffffn;

function maskOf(keyword: string, text: string): number {
  const mask = leadingNumber(text);
  if (mask === null || mask < 0n || mask > MASK_MAX) return wrong(keyword, `"${shown(text)}" is no mask of 32 bits`);
  return Number(mask);
}
