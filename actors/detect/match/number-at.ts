/** A number in a buffer: binary in either byte order, or written in digits. Values are 64 bits wide, unsigned. */
import type { NumberForm } from '../rules/rule.ts';

const SMALL_BYTES_MAX = 6;
const VALUE_MAX = 0xffff_ffff_ffff_ffffn;

/** Reads one number after the other; what it found is in its fields, so that nothing is made for a number. */
export class NumberReader {
  start = 0;
  /** The bytes that it takes: of digits those that belong to the number. */
  length = 0;
  isSmall = true;
  /** The value, where it is small. */
  small = 0;
  #big = 0n;

  get big(): bigint {
    return this.isSmall ? BigInt(this.small) : this.#big;
  }

  /** false: it does not lie in the buffer, or there are no digits. `canBeAtEnd`: a relative one of no bytes behind the last one. */
  read(
    buffer: Uint8Array,
    form: Pick<NumberForm, 'isRelative' | 'endian' | 'base'>,
    start: number,
    bytes: number,
    canBeAtEnd = false,
  ): boolean {
    if (start < 0 || start + bytes > buffer.length) return false;
    if (form.isRelative && start === buffer.length && !canBeAtEnd) return false;
    if (buffer.length === 0) return false;
    this.start = start;
    // Digits of no length are as many as there are.
    if (form.base !== null) return this.#digits(buffer, form.base, start, bytes === 0 ? buffer.length - start : bytes);
    this.length = bytes;
    this.isSmall = bytes <= SMALL_BYTES_MAX;
    if (!this.isSmall) this.#big = binary(buffer, start, bytes, form.endian);
    else {
      let value = 0;
      if (form.endian === 'big') for (let i = 0; i < bytes; i += 1) value = value * 256 + buffer[start + i]!;
      else for (let i = bytes - 1; i >= 0; i -= 1) value = value * 256 + buffer[start + i]!;
      this.small = value;
    }
    return true;
  }

  /** As strtoull does: blanks, a sign, a prefix where the base has one, digits; bytes behind them are left. */
  #digits(buffer: Uint8Array, base: NonNullable<NumberForm['base']>, start: number, bytes: number): boolean {
    const end = start + bytes;
    let at = start;
    while (at < end && isBlank(buffer[at]!)) at += 1;
    const isMinus = at < end && buffer[at] === 0x2d;
    if (at < end && (buffer[at] === 0x2b || isMinus)) at += 1;
    const hasPrefix =
      at + 2 < end && buffer[at] === 0x30 && (buffer[at + 1]! | 0x20) === 0x78 && digit(buffer[at + 2]!) < 16;
    let radix = { dec: 10, hex: 16, oct: 8, auto: 10 }[base];
    if (base === 'auto' && at < end && buffer[at] === 0x30) radix = hasPrefix ? 16 : 8;
    if (radix === 16 && hasPrefix) at += 2;
    const first = at;
    let value = 0n;
    let small = 0;
    for (; at < end; at += 1) {
      const next = digit(buffer[at]!);
      if (next >= radix) break;
      if (small <= 0xffff_ffff) {
        small = small * radix + next;
        value = small > 0xffff_ffff ? BigInt(small) : 0n;
      } else value = value * BigInt(radix) + BigInt(next);
    }
    if (at === first) return false;
    this.isSmall = small <= 0xffff_ffff && !isMinus;
    this.length = at - start;
    this.small = small;
    if (this.isSmall) return true;
    if (small <= 0xffff_ffff) value = BigInt(small);
    if (value > VALUE_MAX) return false;
    this.#big = isMinus ? BigInt.asUintN(64, -value) : value;
    return true;
  }
}

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 9 && byte <= 13);

/** The value of a digit; 99: it is none. */
function digit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : 99;
}

function binary(buffer: Uint8Array, start: number, bytes: number, endian: 'big' | 'little'): bigint {
  let value = 0n;
  for (let i = 0; i < bytes; i += 1)
    value = (value << 8n) | BigInt(buffer[endian === 'big' ? start + i : start + bytes - 1 - i]!);
  return value;
}
