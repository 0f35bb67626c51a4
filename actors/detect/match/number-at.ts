/** A number in a buffer: binary in either byte order, or written in digits. Values are 64 bits wide, unsigned. */
import type { NumberForm } from '../rules/rule.ts';

export interface NumberAt {
  readonly value: bigint;
  /** Where it begins, and the bytes that it takes: of digits those that belong to the number. */
  readonly start: number;
  readonly length: number;
}

const BINARY_BYTES_MAX = 8;
const DIGITS = { dec: /^\s*\+?(\d+)/, hex: /^\s*\+?(?:0[xX])?([0-9a-fA-F]+)/, oct: /^\s*\+?([0-7]+)/ } as const;
const PREFIX = { dec: '', hex: '0x', oct: '0o' } as const;

/** null: it does not lie in the buffer, or there are no digits. `from` is where relative offsets count from. */
export function numberAt(
  buffer: Uint8Array,
  form: Pick<NumberForm, 'isRelative' | 'endian' | 'base'>,
  place: { readonly from: number; readonly offset: number; readonly bytes: number },
): NumberAt | null {
  const { offset, bytes } = place;
  const start = offset + (form.isRelative ? place.from : 0);
  if (form.isRelative && start >= buffer.length) return null;
  if (start < 0 || bytes < 0 || start + bytes > buffer.length) return null;
  if (form.base === null) {
    if (bytes > BINARY_BYTES_MAX) return null;
    return { value: binary(buffer, start, bytes, form.endian), start, length: bytes };
  }
  const text = Buffer.from(buffer.buffer, buffer.byteOffset + start, bytes).toString('latin1');
  const base = form.base === 'auto' ? baseOf(text) : form.base;
  const match = DIGITS[base].exec(text);
  if (match === null) return null;
  const value = BigInt(PREFIX[base] + match[1]!);
  return value > 0xffff_ffff_ffff_ffffn ? null : { value, start, length: match[0].length };
}

function baseOf(text: string): 'dec' | 'hex' | 'oct' {
  if (/^\s*\+?0[xX][0-9a-fA-F]/.test(text)) return 'hex';
  return /^\s*\+?0/.test(text) ? 'oct' : 'dec';
}

function binary(buffer: Uint8Array, start: number, bytes: number, endian: 'big' | 'little'): bigint {
  let value = 0n;
  for (let i = 0; i < bytes; i += 1)
    value = (value << 8n) | BigInt(buffer[endian === 'big' ? start + i : start + bytes - 1 - i]!);
  return value;
}
