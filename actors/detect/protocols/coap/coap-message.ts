/**
 * Messages of CoAP (RFC 7252, 3): version 2 bits · type 2 · length of the token 4 · code u8 · message id u16 · token ·
 * options · 0xff and a payload. An option has the difference of its number to the one before and its length in a nibble
 * each, of which 13 and 14 mean one and two bytes more.
 */

const HEADER_BYTES = 4;
const VERSION = 1;
const TOKEN_BYTES_MAX = 8;
const PAYLOAD_MARK = 0xff;
const OPTIONS_MAX = 64;
/** Classes of codes: requests and empty, success, client's and server's error. */
const CLASSES: ReadonlySet<number> = new Set([0, 2, 4, 5]);
const METHODS = ['', 'GET', 'POST', 'PUT', 'DELETE', 'FETCH', 'PATCH', 'iPATCH'];

export const TYPES = ['CON', 'NON', 'ACK', 'RST'] as const;

export const OPTIONS = {
  uriHost: 3,
  observe: 6,
  uriPort: 7,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
} as const;

export interface CoapOption {
  readonly number: number;
  readonly value: Uint8Array;
}

export interface CoapMessage {
  readonly type: (typeof TYPES)[number];
  readonly code: number;
  readonly id: number;
  readonly token: Uint8Array;
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
}

export const isRequest = ({ code }: CoapMessage): boolean => code > 0 && code < METHODS.length;
export const isEmpty = ({ code }: CoapMessage): boolean => code === 0;

/** A method, or `2.05`. */
export const codeText = (code: number): string => METHODS[code] ?? `${code >> 5}.${String(code & 31).padStart(2, '0')}`;

/** The message in a datagram, whose bytes are kept; null: it is none. */
export function readMessage(bytes: Uint8Array): CoapMessage | null {
  if (bytes.length < HEADER_BYTES || bytes[0]! >> 6 !== VERSION) return null;
  const tokenBytes = bytes[0]! & 15;
  const code = bytes[1]!;
  const start = HEADER_BYTES + tokenBytes;
  if (tokenBytes > TOKEN_BYTES_MAX || start > bytes.length || !CLASSES.has(code >> 5)) return null;
  // An empty message is a header alone.
  if (code === 0 && bytes.length > HEADER_BYTES) return null;
  const options = readOptions(bytes, start);
  if (options === null) return null;
  return {
    type: TYPES[(bytes[0]! >> 4) & 3]!,
    code,
    id: (bytes[2]! << 8) | bytes[3]!,
    token: bytes.subarray(HEADER_BYTES, start),
    ...options,
  };
}

function readOptions(
  bytes: Uint8Array,
  start: number,
): { readonly options: CoapOption[]; readonly payload: Uint8Array } | null {
  const options: CoapOption[] = [];
  let number = 0;
  let at = start;
  while (at < bytes.length) {
    const first = bytes[at++]!;
    // A payload of no bytes is malformed.
    if (first === PAYLOAD_MARK) return at === bytes.length ? null : { options, payload: bytes.subarray(at) };
    const sizes: number[] = [];
    for (const nibble of [first >> 4, first & 15]) {
      const more = nibble === 13 ? 1 : nibble === 14 ? 2 : 0;
      if (nibble === 15 || at + more > bytes.length) return null;
      if (more === 0) sizes.push(nibble);
      else sizes.push(more === 1 ? bytes[at]! + 13 : ((bytes[at]! << 8) | bytes[at + 1]!) + 269);
      at += more;
    }
    number += sizes[0]!;
    const end = at + sizes[1]!;
    if (end > bytes.length || options.length === OPTIONS_MAX) return null;
    options.push({ number, value: bytes.subarray(at, end) });
    at = end;
  }
  return { options, payload: new Uint8Array(0) };
}

export const valuesOf = ({ options }: CoapMessage, number: number): Uint8Array[] =>
  options.filter((option) => option.number === number).map(({ value }) => value);

/** An unsigned number of up to four bytes; null: the option is not there. */
export function numberOption(message: CoapMessage, number: number): number | null {
  const [value] = valuesOf(message, number);
  return value === undefined || value.length > 4 ? null : value.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** RFC 7959, 2.2: number · more 1 bit · exponent of the size 3 bits. */
export function blockOption(
  message: CoapMessage,
  number: number,
): { readonly number: number; readonly more: boolean; readonly size: number } | null {
  const value = numberOption(message, number);
  if (value === null || value > 0xffffff) return null;
  return { number: value >> 4, more: (value & 8) !== 0, size: 1 << ((value & 7) + 4) };
}
