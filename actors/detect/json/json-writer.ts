/**
 * An object of JSON, written field by field into bytes that are used again: EVE tells of every second packet, and objects that
 * are made only to become text cost several times what the text does. The text is that of JSON.stringify, byte for byte.
 */

/** `,"name":`, made once. A name is a field's of EVE: nothing in it has to be escaped. */
export const key = (name: string): Uint8Array => Buffer.from(`,${JSON.stringify(name)}:`);
/** Fields that are always the same. */
export const fixed = (fields: Readonly<Record<string, unknown>>): Uint8Array =>
  Buffer.from(`,${JSON.stringify(fields).slice(1, -1)}`);
/** Stands for the key where the value is one of a list. */
export const ITEM: Uint8Array = Uint8Array.of(0x2c);

const [QUOTE, COMMA, OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN, CLOSE] = [0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d];
const [ZERO, LETTER_U] = [0x30, 0x75];
const BYTES = 8192;
/** Of what one large record has taken no more is kept for the next. */
const KEPT_BYTES_MAX = 1_048_576;
/** The longest a number or a flag is, with what stands around it. */
const SHORT_BYTES = 32;
/** Of one byte, `\u001f`; of one character of a string there are fewer. */
const ESCAPE_BYTES = 6;
/** Copied byte by byte, what is short takes less than the call. */
const COPIED_MIN = 64;

/** By byte: 0 where it stands for itself, 1 where it is beyond ASCII, 2 where it is written as a number, else what stands behind a backslash. */
const NOT_ASCII = 1;
const NUMBERED = 2;
const WRITTEN = new Uint8Array(256).fill(NUMBERED, 0, 0x20).fill(NOT_ASCII, 0x80);
WRITTEN[QUOTE] = QUOTE;
WRITTEN[BACKSLASH] = BACKSLASH;
for (const [byte, letter] of Object.entries({ 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r' }))
  WRITTEN[Number(byte)] = letter.charCodeAt(0);

const HEX_DIGITS = Buffer.from('0123456789abcdef');
const utf8Encoder = new TextEncoder();

export class JsonWriter {
  bytes: Uint8Array = new Uint8Array(BYTES);
  /** So many bytes are written. */
  length = 0;

  /** A new object. */
  begin(): void {
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = new Uint8Array(BYTES);
    this.bytes[0] = OPEN;
    this.length = 1;
  }

  /** The fields of an object, or an object of a list. */
  open(name: Uint8Array): void {
    this.#begin(name, SHORT_BYTES);
    this.bytes[this.length++] = OPEN;
  }

  close(): void {
    this.#room(1);
    this.bytes[this.length++] = CLOSE;
  }

  openList(name: Uint8Array): void {
    this.#begin(name, SHORT_BYTES);
    this.bytes[this.length++] = OPEN_LIST;
  }

  closeList(): void {
    this.#room(1);
    this.bytes[this.length++] = CLOSE_LIST;
  }

  /** What `fixed` has made. */
  fixed(fields: Uint8Array): void {
    this.#begin(fields, 0);
  }

  flag(name: Uint8Array, value: boolean): void {
    this.#begin(name, SHORT_BYTES);
    this.#ascii(value ? 'true' : 'false');
  }

  number(name: Uint8Array, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      this.value(name, value);
      return;
    }
    this.#begin(name, SHORT_BYTES);
    this.#integer(value);
  }

  /** Text that is bytes: `decode` says what it is where it is more than ASCII. */
  text(name: Uint8Array, value: Uint8Array, decode: (bytes: Uint8Array) => string): void {
    this.#begin(name, ESCAPE_BYTES * value.length + 2);
    const { bytes } = this;
    const { length } = value;
    const start = this.length;
    let at = start;
    bytes[at++] = QUOTE;
    for (let i = 0; i < length; i += 1) {
      const byte = value[i]!;
      const written = WRITTEN[byte]!;
      if (written === 0) bytes[at++] = byte;
      else if (written === NOT_ASCII) {
        this.#any(decode(value));
        return;
      } else at = this.#escape(byte, written, at);
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  string(name: Uint8Array, value: string): void {
    const { length } = value;
    this.#begin(name, ESCAPE_BYTES * length + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      const written = code < 0x80 ? WRITTEN[code]! : NOT_ASCII;
      if (written === 0) bytes[at++] = code;
      else if (written === NOT_ASCII) {
        this.#any(value);
        return;
      } else at = this.#escape(code, written, at);
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** Text that nothing has to be escaped in: an address, a time. */
  plain(name: Uint8Array, value: Uint8Array): void {
    this.#begin(name, value.length + 2);
    this.bytes[this.length++] = QUOTE;
    this.#copy(value, 0);
    this.bytes[this.length++] = QUOTE;
  }

  /** Of IPv4. */
  address(name: Uint8Array, value: number): void {
    this.#begin(name, SHORT_BYTES);
    this.bytes[this.length++] = QUOTE;
    for (let shift = 24; shift >= 0; shift -= 8) {
      this.#small((value >>> shift) & 255);
      this.bytes[this.length++] = shift === 0 ? QUOTE : 0x2e;
    }
  }

  /** A text of so many bytes, the last ones a number with zeros before it. */
  numbered(name: Uint8Array, before: Uint8Array, number: number, digits: number, behind: Uint8Array): void {
    this.#begin(name, before.length + digits + behind.length + 2);
    this.bytes[this.length++] = QUOTE;
    this.#copy(before, 0);
    let left = number;
    for (let at = this.length + digits - 1; at >= this.length; at -= 1) {
      const rest = (left / 10) | 0;
      this.bytes[at] = ZERO + left - 10 * rest;
      left = rest;
    }
    this.length += digits;
    this.#copy(behind, 0);
    this.bytes[this.length++] = QUOTE;
  }

  /** Whatever it is, by JSON.stringify: for what is seldom told. */
  value(name: Uint8Array, value: unknown): void {
    if (value === undefined) return;
    this.#begin(name, 0);
    this.#any(value);
  }

  /** Fields of an object into the one that is open. */
  spread(fields: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(fields);
    if (text === '{}') return;
    this.#room(SHORT_BYTES + 3 * text.length);
    const { bytes } = this;
    const isFirst = isOpening(bytes[this.length - 1]!);
    // Its brace becomes the comma, or is the one that stands there.
    const at = isFirst ? this.length - 1 : this.length;
    this.length = at + utf8Encoder.encodeInto(text, bytes.subarray(at)).written - 1;
    if (!isFirst) bytes[at] = COMMA;
  }

  /** Room for so many bytes more. */
  #room(count: number): void {
    const { bytes, length } = this;
    if (length + count <= bytes.length) return;
    this.bytes = new Uint8Array(Math.max(2 * bytes.length, length + count));
    this.bytes.set(bytes.subarray(0, length));
  }

  /** The key, and room for what follows. */
  #begin(name: Uint8Array, count: number): void {
    this.#room(name.length + count);
    this.#copy(name, isOpening(this.bytes[this.length - 1]!) ? 1 : 0);
  }

  #copy(from: Uint8Array, start: number): void {
    const { bytes } = this;
    const { length } = from;
    let at = this.length;
    if (length >= COPIED_MIN) {
      bytes.set(start === 0 ? from : from.subarray(start), at);
      this.length = at + length - start;
      return;
    }
    for (let i = start; i < length; i += 1) bytes[at++] = from[i]!;
    this.length = at;
  }

  #ascii(value: string): void {
    for (let i = 0; i < value.length; i += 1) this.bytes[this.length++] = value.charCodeAt(i);
  }

  #integer(value: number): void {
    // Beyond 32 bits in two parts: digits are cheap of small numbers alone.
    if (value >= 1e9) {
      const high = Math.floor(value / 1e9);
      this.#integer(high);
      this.#digits(value - high * 1e9, 9);
    } else this.#small(value);
  }

  #small(value: number): void {
    let digits = 1;
    for (let limit = 10; digits < 9 && value >= limit; limit *= 10) digits += 1;
    this.#digits(value, digits);
  }

  /** Below 10^9. */
  #digits(value: number, digits: number): void {
    const { bytes, length } = this;
    let left = value | 0;
    for (let at = length + digits - 1; at >= length; at -= 1) {
      const rest = (left / 10) | 0;
      bytes[at] = ZERO + left - 10 * rest;
      left = rest;
    }
    this.length = length + digits;
  }

  /** Gives the place behind. */
  #escape(code: number, written: number, from: number): number {
    const { bytes } = this;
    let at = from;
    bytes[at++] = BACKSLASH;
    if (written !== NUMBERED) {
      bytes[at++] = written;
      return at;
    }
    bytes[at++] = LETTER_U;
    bytes[at++] = ZERO;
    bytes[at++] = ZERO;
    bytes[at++] = HEX_DIGITS[code >> 4]!;
    bytes[at++] = HEX_DIGITS[code & 15]!;
    return at;
  }

  #any(value: unknown): void {
    const text = JSON.stringify(value) ?? 'null';
    this.#room(3 * text.length);
    this.length += utf8Encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }
}

const isOpening = (byte: number): boolean => byte === OPEN || byte === OPEN_LIST;
