/**
 * Values of ASN.1 in the basic encoding, one behind another, and whether one of them is what the keyword asn1 asks for. What makes a
 * value one is what Suricata's reader takes for one: the strings of most types must hold their characters, a sequence whole values.
 * Behind the first that is none nothing is read.
 */
import { isUtf8 } from 'node:buffer';
import type { Expense } from './expense.ts';

export interface BerQuestion {
  /** A value is longer; null: that is not asked. */
  readonly oversizeLength: number | null;
  /** A string of bits leaves out more than it has. */
  readonly bitstringOverflow: boolean;
  /** A number is written in more than 256 digits. */
  readonly doubleOverflow: boolean;
}

/** As many values stand behind one another and in one another at most: Suricata's asn1-max-frames. */
const VALUES_MAX = 256;
/** Values of unknown length in one another. */
const OPEN_ENDS_MAX = 50;
const DOUBLE_MAX = 256;
const TAG_BYTES_MAX = 5;
const OPEN_END = -1;
const BROKEN = -1;

const END = 0;
const BOOLEAN = 1;
const BIT_STRING = 3;
const REAL = 9;
const ENUMERATED = 10;
const UTF8 = 12;
const SEQUENCE = 16;
const SET = 17;
const UTC_TIME = 23;
const GENERALIZED_TIME = 24;
const UNIVERSAL_STRING = 28;
const BMP_STRING = 30;

type IsCharacter = (byte: number) => boolean;
const isAscii: IsCharacter = (byte) => byte < 0x80;
const isVisible: IsCharacter = (byte) => byte >= 0x20 && byte < 0x80;
const isNumeric: IsCharacter = (byte) => (byte >= 0x30 && byte <= 0x39) || byte === 0x20;
const PRINTABLE = new Set(Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"));
/** By tag: what a string of it may hold. */
const CHARACTERS: ReadonlyMap<number, IsCharacter> = new Map([
  [7, isAscii],
  [18, isNumeric],
  [19, (byte) => PRINTABLE.has(byte)],
  [20, isVisible],
  [21, isVisible],
  [22, isAscii],
  [25, isAscii],
  [26, isVisible],
  [27, isAscii],
]);
const UTC_TIME_TEXT = /^\d\d(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:Z|[+-]\d{4})|Z)$/;
const GENERALIZED_TIME_TEXT =
  /^\d{4}(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:[.,](?:\d{0,3}(?=[Z+-])|\d{1,4}$))?(?:Z|[+-]\d{4})?|Z)$/;
const TIME_TEXT_MAX = 24;
const TIME_LIMITS = [12, 31, 23, 59, 59];

export class BerReader {
  readonly #question: BerQuestion;
  readonly #expense: Expense;
  #bytes: Uint8Array = new Uint8Array();
  #isMet = false;
  // Of the header that was read last.
  #isUniversal = false;
  #isConstructed = false;
  #tag = 0;
  #length = 0;

  constructor(question: BerQuestion, expense: Expense) {
    this.#question = question;
    this.#expense = expense;
  }

  /** What stands from `start` on. */
  matches(bytes: Uint8Array, start: number): boolean {
    this.#bytes = bytes;
    this.#isMet = false;
    let isMet = false;
    let at = start;
    for (let values = 0; at < bytes.length; values += 1) {
      // Where there are too many none of them counts.
      if (values >= VALUES_MAX || this.#expense.steps <= 0) return false;
      at = this.#value(at, bytes.length, VALUES_MAX);
      if (at === BROKEN) return isMet;
      isMet = this.#isMet;
    }
    return isMet;
  }

  /** One value; returns where it ends. */
  #value(at: number, end: number, depth: number): number {
    const start = this.#header(at, end);
    if (start === BROKEN) return BROKEN;
    const { isUniversal, isConstructed, tag, length } = this.#read();
    const next = this.#skip(start, end, length, OPEN_ENDS_MAX);
    if (next === BROKEN || depth === 0) return BROKEN;
    // The two bytes that end a value of unknown length are none of it.
    const stop = length === OPEN_END ? next - 2 : next;
    if (isUniversal) {
      if (tag === SEQUENCE || tag === SET) {
        if (!isConstructed) return BROKEN;
        for (let inner = start; inner < stop; ) {
          inner = this.#value(inner, stop, depth - 1);
          if (inner === BROKEN) return BROKEN;
        }
      } else if (!this.#isContent(tag, isConstructed, length, start, stop)) return BROKEN;
    }
    // Of a value of unknown length nothing is asked.
    if (length !== OPEN_END && this.#isAsked(isUniversal && !isConstructed ? tag : BROKEN, start, length))
      this.#isMet = true;
    return next;
  }

  #read(): { isUniversal: boolean; isConstructed: boolean; tag: number; length: number } {
    return {
      isUniversal: this.#isUniversal,
      isConstructed: this.#isConstructed,
      tag: this.#tag,
      length: this.#length,
    };
  }

  /** `plain`: the tag of a simple value of ASN.1's own types. */
  #isAsked(plain: number, start: number, length: number): boolean {
    const { oversizeLength, bitstringOverflow, doubleOverflow } = this.#question;
    if (oversizeLength !== null && length > oversizeLength) return true;
    const first = this.#bytes[start]!;
    if (bitstringOverflow && plain === BIT_STRING && first > length * 8) return true;
    return doubleOverflow && plain === REAL && length > DOUBLE_MAX && (first & 0xc0) === 0;
  }

  /** Tag and length; returns where the content begins. */
  #header(start: number, end: number): number {
    const bytes = this.#bytes;
    this.#expense.steps -= 1;
    if (start >= end || this.#expense.steps <= 0) return BROKEN;
    const first = bytes[start]!;
    this.#isUniversal = first >> 6 === 0;
    this.#isConstructed = (first & 0x20) !== 0;
    this.#tag = first & 0x1f;
    let at = start + 1;
    if (this.#tag === 0x1f) {
      this.#tag = 0;
      for (let count = 1; ; count += 1) {
        if (at >= end || count > TAG_BYTES_MAX) return BROKEN;
        const byte = bytes[at]!;
        at += 1;
        this.#tag = ((this.#tag << 7) | (byte & 0x7f)) >>> 0;
        if (byte < 0x80) break;
      }
    }
    if (at >= end) return BROKEN;
    const size = bytes[at]!;
    at += 1;
    this.#length = size;
    if (size < 0x80) return at;
    if (size === 0x80) {
      this.#length = OPEN_END;
      return this.#isConstructed ? at : BROKEN;
    }
    const stop = at + (size & 0x7f);
    if (size === 0xff || stop > end) return BROKEN;
    this.#length = 0;
    for (; at < stop; at += 1) {
      this.#length = this.#length * 256 + bytes[at]!;
      // No buffer is as long.
      if (this.#length > Number.MAX_SAFE_INTEGER / 256) return BROKEN;
    }
    return at;
  }

  /** Returns where the content ends, with what ends it. */
  #skip(start: number, end: number, length: number, depth: number): number {
    if (depth === 0) return BROKEN;
    if (length !== OPEN_END) return start + length <= end ? start + length : BROKEN;
    for (let at = start; ; ) {
      at = this.#header(at, end);
      if (at === BROKEN) return BROKEN;
      const isEnd = this.#tag === END && this.#length === 0;
      at = this.#skip(at, end, this.#length, depth - 1);
      if (at === BROKEN || isEnd) return at;
    }
  }

  /** It is what its type must be. */
  #isContent(tag: number, isConstructed: boolean, length: number, start: number, stop: number): boolean {
    const bytes = this.#bytes;
    switch (tag) {
      case BOOLEAN:
        return length === 1;
      case BIT_STRING:
        return start < stop && !isConstructed;
      case UNIVERSAL_STRING:
        return !isConstructed;
      case ENUMERATED:
        return !isConstructed && this.#isSmall(start, stop);
      case UTC_TIME:
        return this.#isTime(UTC_TIME_TEXT, start, stop);
      case GENERALIZED_TIME:
        return this.#isTime(GENERALIZED_TIME_TEXT, start, stop);
    }
    const isCharacter = CHARACTERS.get(tag);
    if (isCharacter === undefined && tag !== UTF8 && tag !== BMP_STRING) return true;
    this.#expense.steps -= (stop - start) >> 3;
    if (isConstructed) return false;
    if (isCharacter === undefined)
      return isUtf8(bytes.subarray(start, stop)) && (tag === UTF8 || this.#isUtf16(start, stop));
    for (let at = start; at < stop; at += 1) if (!isCharacter(bytes[at]!)) return false;
    return true;
  }

  /** A number of 32 bits. */
  #isSmall(start: number, stop: number): boolean {
    let first = start;
    while (first < stop && this.#bytes[first] === 0) first += 1;
    return stop - first <= 4;
  }

  #isTime(form: RegExp, start: number, stop: number): boolean {
    if (stop - start > TIME_TEXT_MAX) return false;
    const parts = form.exec(Buffer.from(this.#bytes.subarray(start, stop)).toString('latin1'));
    return parts !== null && TIME_LIMITS.every((limit, i) => Number(parts[i + 1] ?? 0) <= limit);
  }

  /** Two bytes a unit, and each first half of a pair before its second. */
  #isUtf16(start: number, stop: number): boolean {
    if ((stop - start) % 2 !== 0) return false;
    let isOpen = false;
    for (let at = start; at < stop; at += 2) {
      const kind = this.#bytes[at]! & 0xfc;
      if ((kind === 0xdc) !== isOpen) return false;
      isOpen = kind === 0xd8;
    }
    return !isOpen;
  }
}
