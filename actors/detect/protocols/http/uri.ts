/** The parts of a request's address, and the address in one spelling. */
import { COLON, copyOf, isSpace, joined, lowered, NO_BYTES, numberOf, SLASH } from './octets.ts';
import { decodePath, decodeQuery, resolveDots, singleBytes } from './uri-path.ts';

export interface Uri {
  readonly hostname: Uint8Array | null;
  /** -1: none, or no port. */
  readonly port: number;
  /** Decoded. */
  readonly path: Uint8Array | null;
  /** As it came. */
  readonly query: Uint8Array | null;
  readonly fragment: Uint8Array | null;
  /** The name or the port of what it is asked of is none. */
  readonly hasInvalidHost: boolean;
}

const QUESTION = 0x3f;
const HASH = 0x23;
const AT = 0x40;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

export const NO_URI: Uri = {
  hostname: null,
  port: -1,
  path: null,
  query: null,
  fragment: null,
  hasInvalidHost: false,
};

export function parseUri(uri: Uint8Array): Uri {
  if (uri.length === 0) return NO_URI;
  const { length } = uri;
  let at = 0;
  let hostname: Uint8Array | null = null;
  let port = -1;
  let authority: Uint8Array | null = null;
  if (uri[0] !== SLASH) {
    const colon = uri.indexOf(COLON);
    if (colon !== -1) {
      at = colon + 1;
      if (at + 2 < length && uri[at] === SLASH && uri[at + 1] === SLASH && uri[at + 2] !== SLASH) {
        const start = at + 2;
        at = start;
        while (at < length && uri[at] !== QUESTION && uri[at] !== SLASH && uri[at] !== HASH) at += 1;
        const whole = uri.subarray(start, at);
        const credentials = whole.indexOf(AT);
        authority = credentials === -1 ? whole : whole.subarray(credentials + 1);
        [hostname, port] = authorityOf(authority);
      }
    }
  }
  const hasInvalidHost = authority !== null && parseHost(authority)?.isValid === false;
  const pathStart = at;
  while (at < length && uri[at] !== QUESTION && uri[at] !== HASH) at += 1;
  const path = normalPath(uri.subarray(pathStart, at));
  let query: Uint8Array | null = null;
  if (uri[at] === QUESTION) {
    const start = at + 1;
    while (at < length && uri[at] !== HASH) at += 1;
    query = uri.subarray(start, at);
  }
  return { hostname, port, path, query, fragment: uri[at] === HASH ? uri.subarray(at + 1) : null, hasInvalidHost };
}

function authorityOf(place: Uint8Array): [Uint8Array, number] {
  let end = place.length;
  let colon: number;
  if (place[0] === BRACKET && place.includes(BRACKET_END)) {
    end = place.indexOf(BRACKET_END) + 1;
    colon = place.indexOf(COLON, end);
  } else {
    colon = place[0] === BRACKET ? -1 : place.indexOf(COLON);
    if (colon !== -1) end = colon;
  }
  const port = colon === -1 ? -1 : portOf(place.subarray(colon + 1));
  const name = copyOf(place.subarray(0, end));
  return [normalHost(name.subarray(0, decodeQuery(name))), port];
}

/** In lower case, without dots at its end. */
function normalHost(name: Uint8Array): Uint8Array {
  let end = name.length;
  while (end > 0 && name[end - 1] === 0x2e) end -= 1;
  return lowered(name.subarray(0, end));
}

/** What a path has in it that is not itself in its one spelling. */
const PLAIN = new Uint8Array(256).fill(1);
for (const odd of '%\\.') PLAIN[odd.charCodeAt(0)] = 0;
PLAIN.fill(0, 0x80);

function normalPath(raw: Uint8Array): Uint8Array {
  let isPlain = true;
  for (let at = 0; at < raw.length && isPlain; at += 1)
    isPlain = PLAIN[raw[at]!] === 1 && !(raw[at] === SLASH && raw[at + 1] === SLASH);
  if (isPlain) return raw;
  const path = copyOf(raw);
  const decoded = decodePath(path);
  const single = singleBytes(path, decoded);
  return path.subarray(0, resolveDots(path.subarray(0, single), single));
}

/** Path, query and fragment as http.uri has them. */
export function normalUri(uri: Uri, raw: Uint8Array): Uint8Array {
  const { path, query, fragment } = uri;
  if (path === null) return NO_BYTES;
  const isWhole = path.buffer === raw.buffer && path.byteOffset === raw.byteOffset;
  if (isWhole && !raw.includes(0x25, path.length)) return raw;
  const parts = [path];
  if (query !== null) {
    const decoded = copyOf(query);
    parts.push(Uint8Array.of(QUESTION), decoded.subarray(0, decodeQuery(decoded)));
  }
  if (fragment !== null) {
    const decoded = copyOf(fragment);
    parts.push(Uint8Array.of(HASH), decoded.subarray(0, decodeQuery(decoded)));
  }
  return joined(...parts);
}

export interface Host {
  readonly name: Uint8Array;
  /** -1: none, or no port. */
  readonly port: number;
  readonly isValid: boolean;
}

/** The value of a Host header: the name without its port, in lower case where it has none; null: there is none. */
export function parseHost(value: Uint8Array): Host | null {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value[start]!)) start += 1;
  while (end > start && isSpace(value[end - 1]!)) end -= 1;
  if (start === end) return null;
  const host = value.subarray(start, end);
  if (host[0] === BRACKET) {
    const close = host.indexOf(BRACKET_END);
    if (close === -1) return null;
    const name = host.subarray(0, close + 1);
    if (close + 1 === host.length) return { name, port: -1, isValid: true };
    const port = host[close + 1] === COLON ? portOf(host.subarray(close + 2)) : -1;
    return { name, port, isValid: port !== -1 };
  }
  const colon = host.indexOf(COLON);
  if (colon === -1) return { name: lowered(host), port: -1, isValid: isName(host) };
  let nameEnd = colon;
  while (nameEnd > 0 && isSpace(host[nameEnd - 1]!)) nameEnd -= 1;
  const port = portOf(host.subarray(colon + 1));
  const name = host.subarray(0, nameEnd);
  return { name, port, isValid: port !== -1 && isName(name) };
}

function portOf(bytes: Uint8Array): number {
  const port = numberOf(bytes);
  return port > 0 && port < 65_536 ? port : -1;
}

/** Labels of letters, digits, hyphens and underscores, with single dots between. */
function isName(name: Uint8Array): boolean {
  if (name.length === 0 || name.length > 255) return false;
  let label = 0;
  for (const byte of name) {
    if (byte === 0x2e) {
      if (label === 0) return false;
      label = 0;
      continue;
    }
    const lower = byte | 0x20;
    const isPart = (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f;
    label += 1;
    if (!isPart || label > 63) return false;
  }
  return label > 0 || name.at(-1) === 0x2e;
}
