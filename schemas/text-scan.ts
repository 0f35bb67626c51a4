/**
 * Reads a text frame from left to right, in place. Every refusal is FRAME_INVALID with field and offset, and none
 * quotes the frame: whatever stands there may be an address of a person's device.
 */
import { MsecError } from './base.ts';

const DIGIT_0 = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const LF = 0x0a;
const CR = 0x0d;
/** 15 digits are safe integers, also after scaling by at most six places. */
const INTEGER_DIGITS_MAX = 9;

export function frameInvalid(field: string, byteOffset: number, message: string): never {
  throw new MsecError('FRAME_INVALID', `${field} at byte ${byteOffset}: ${message}`, { field, byteOffset });
}

export class TextScan {
  bytes: Uint8Array = EMPTY;
  at = 0;
  end = 0;
  #start = 0;

  open(bytes: Uint8Array, start: number, end: number, bytesMax: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#start = start;
    if (end - start > bytesMax)
      frameInvalid('length', 0, `the frame has ${end - start} bytes, at most ${bytesMax} may be`);
    while (this.end > start && isLineEnd(bytes[this.end - 1])) this.end--;
  }

  close(): void {
    this.bytes = EMPTY;
  }

  fail(field: string, message: string, at = this.at): never {
    return frameInvalid(field, at - this.#start, message);
  }

  /** ASCII letters and digits; returns where they start, they end at the new `at`. */
  alphanumeric(field: string, charsMax: number): number {
    const from = this.at;
    while (this.at < this.end && isAlphanumeric(this.bytes[this.at])) this.at++;
    if (this.at === from) this.fail(field, 'a letter or digit is expected');
    if (this.at - from > charsMax) this.fail(field, `more than ${charsMax} characters`, from);
    return from;
  }

  literal(field: string, text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (this.at + i >= this.end || this.bytes[this.at + i] !== text.charCodeAt(i)) {
        this.fail(field, `"${text}" is expected`);
      }
    }
    this.at += text.length;
  }

  /** Exactly `count` decimal digits. */
  digits(field: string, count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const digit = this.at < this.end ? this.bytes[this.at] - DIGIT_0 : -1;
      if (digit < 0 || digit > 9) this.fail(field, 'a digit is expected');
      value = value * 10 + digit;
      this.at++;
    }
    return value;
  }

  integer(field: string, isSigned: boolean): number {
    const isNegative = isSigned && this.at < this.end && this.bytes[this.at] === MINUS;
    if (isNegative) this.at++;
    const value = this.#whole(field);
    return isNegative ? 0 - value : value;
  }

  /** A number with at most `places` decimals, times 10^places. */
  decimal(field: string, places: number): number {
    const isNegative = this.at < this.end && this.bytes[this.at] === MINUS;
    if (isNegative) this.at++;
    let value = this.#whole(field);
    let left = places;
    if (this.at < this.end && this.bytes[this.at] === DOT) {
      this.at++;
      const from = this.at;
      for (; this.at < this.end && isDigit(this.bytes[this.at]); this.at++, left--) {
        if (left === 0) this.fail(field, `more than ${places} decimals`);
        value = value * 10 + this.bytes[this.at] - DIGIT_0;
      }
      if (this.at === from) this.fail(field, 'a digit is expected after the point');
    }
    for (; left > 0; left--) value *= 10;
    return isNegative ? 0 - value : value;
  }

  /** Six pairs of hexadecimal digits with colons, into six bytes. */
  address(field: string, into: Uint8Array): void {
    for (let i = 0; i < 6; i++) {
      if (i > 0) {
        if (this.at >= this.end || this.bytes[this.at] !== COLON) this.fail(field, 'a colon is expected');
        this.at++;
      }
      const high = this.at < this.end ? hexValue(this.bytes[this.at]) : -1;
      const low = this.at + 1 < this.end ? hexValue(this.bytes[this.at + 1]) : -1;
      if (high < 0 || low < 0) this.fail(field, 'a pair of hexadecimal digits is expected');
      into[i] = high * 16 + low;
      this.at += 2;
    }
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** LF or CR LF. */
  lineEnd(field: string): void {
    if (this.at < this.end && this.bytes[this.at] === CR) this.at++;
    if (this.at >= this.end || this.bytes[this.at] !== LF) this.fail(field, 'the line should end here');
    this.at++;
  }

  #whole(field: string): number {
    const from = this.at;
    let value = 0;
    for (; this.at < this.end && isDigit(this.bytes[this.at]); this.at++) {
      if (this.at - from === INTEGER_DIGITS_MAX) this.fail(field, `more than ${INTEGER_DIGITS_MAX} digits`, from);
      value = value * 10 + this.bytes[this.at] - DIGIT_0;
    }
    if (this.at === from) this.fail(field, 'a digit is expected');
    return value;
  }
}

/** Whether `@WIFI@` (mark, text, mark) follows the first letters and digits: how a text frame is recognised. */
export function hasTag(bytes: Uint8Array, start: number, end: number, charsMax: number, tag: string): boolean {
  let at = start;
  while (at < end && at - start <= charsMax && isAlphanumeric(bytes[at])) at++;
  if (at === start || at + tag.length > end) return false;
  for (let i = 0; i < tag.length; i++) if (bytes[at + i] !== tag.charCodeAt(i)) return false;
  return true;
}

/** A date and time as if UTC, in milliseconds; NaN where the calendar has none. Years 2000 to 2199. */
export function civilMs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  if (year < 2000 || year > 2199 || month < 1 || month > 12 || day < 1) return Number.NaN;
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return day > 28 && new Date(ms).getUTCDate() !== day ? Number.NaN : ms;
}

function isLineEnd(byte: number): boolean {
  return byte === LF || byte === CR;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= 0x39;
}

function isAlphanumeric(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

function hexValue(byte: number): number {
  if (isDigit(byte)) return byte - DIGIT_0;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const EMPTY = new Uint8Array(0);
