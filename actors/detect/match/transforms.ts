/**
 * Transforms: a buffer is changed before it is looked at, by one function after the other. A result lies in memory of the
 * transform until its next call; where nothing changes, it is the buffer itself.
 */
import { hash } from 'node:crypto';
import { unwrapped } from '../inflate/index.ts';
import { TYPES } from '../rules/regex/byte-sets.ts';
import type { Transform } from '../rules/rule.ts';
import { decodeBase64, isBase64 } from './base64.ts';
import { FOLD } from './literal-search.ts';
import { compileRegex } from './regex/index.ts';

const NO_BYTES = new Uint8Array(0);
const DIGESTS: ReadonlySet<string> = new Set(['to_md5', 'to_sha1', 'to_sha256']);

export type Transformer = (bytes: Uint8Array) => Uint8Array;

/** One for each buffer of a rule and worker. */
export function transformer(transforms: readonly Transform[]): Transformer {
  const steps = transforms.map((transform) => ({ step: one(transform), isDigest: DIGESTS.has(transform.name) }));
  return (bytes) => {
    let changed = bytes;
    // No other transform makes something of nothing.
    for (const { step, isDigest } of steps) if (changed.length > 0 || isDigest) changed = step(changed);
    return changed;
  };
}

function one({ name, value }: Transform): Transformer {
  switch (name) {
    case 'compress_whitespace':
      return rewriting(compressBlanks);
    case 'strip_whitespace':
      return rewriting(stripBlanks);
    case 'strip_pseudo_headers':
      return rewriting(stripPseudoHeaders);
    case 'dotprefix':
      return rewriting(prefixDot);
    case 'url_decode':
      return rewriting(decodeUrl);
    case 'header_lowercase':
      return rewriting(lowerHeaders);
    case 'to_lowercase':
      return rewriting((from, to) => mapped(from, to, FOLD));
    case 'to_uppercase':
      return rewriting((from, to) => mapped(from, to, UPPER));
    case 'xor': {
      const key = Buffer.from(value ?? '', 'hex');
      return rewriting((from, to) => {
        for (let i = 0; i < from.length; i += 1) to[i] = from[i]! ^ key[i % key.length]!;
        return from.length;
      });
    }
    case 'to_md5':
      return (bytes) => hash('md5', bytes, 'buffer');
    case 'to_sha1':
      return (bytes) => hash('sha1', bytes, 'buffer');
    case 'to_sha256':
      return (bytes) => hash('sha256', bytes, 'buffer');
    case 'from_base64':
      return fromBase64(value ?? '');
    case 'gunzip':
    case 'zlib_deflate': {
      const bytesMax = Number(value);
      const kind = name === 'gunzip' ? 'gzip' : 'zlib';
      return (bytes) => unwrapped(bytes, kind, bytesMax);
    }
    case 'subslice':
      return slicing(value ?? '');
    case 'pcrexform':
      return captured(value ?? '');
    default:
      throw new TypeError(`the transform ${name} does not exist`);
  }
}

/** Writes into memory that is kept: at most one byte more than it reads. */
type Rewrite = (from: Uint8Array, to: Uint8Array) => number;

function rewriting(rewrite: Rewrite): Transformer {
  let memory = new Uint8Array();
  return (bytes) => {
    if (memory.length <= bytes.length) memory = new Uint8Array(Math.max(256, 2 * bytes.length));
    return memory.subarray(0, rewrite(bytes, memory));
  };
}

const BLANKS = TYPES.s!;
const UPPER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte));

/** Of blanks in a row the first one stays. */
const compressBlanks: Rewrite = (from, to) => {
  let length = 0;
  for (let i = 0; i < from.length; i += 1)
    if (i === 0 || BLANKS[from[i]!] === 0 || BLANKS[from[i - 1]!] === 0) to[length++] = from[i]!;
  return length;
};

const stripBlanks: Rewrite = (from, to) => {
  let length = 0;
  for (const byte of from) if (BLANKS[byte] === 0) to[length++] = byte;
  return length;
};

/** Lines that begin with a colon are left out. */
const stripPseudoHeaders: Rewrite = (from, to) => {
  let length = 0;
  let isLineStart = true;
  let isPseudo = false;
  for (const byte of from) {
    if (isLineStart) {
      if (byte === 0x3a) isPseudo = true;
      isLineStart = byte === 13 || byte === 10;
    } else if (byte === 10) {
      isLineStart = true;
      if (!isPseudo) to[length++] = byte;
      isPseudo = false;
      continue;
    }
    if (!isPseudo) to[length++] = byte;
  }
  return length;
};

const prefixDot: Rewrite = (from, to) => {
  to[0] = 0x2e;
  to.set(from, 1);
  return from.length + 1;
};

const decodeUrl: Rewrite = (from, to) => {
  let length = 0;
  for (let i = 0; i < from.length; i += 1) {
    const high = from[i] === 0x25 && i + 2 < from.length ? digit(from[i + 1]!) : -1;
    const low = high === -1 ? -1 : digit(from[i + 2]!);
    if (low !== -1) {
      to[length++] = high * 16 + low;
      i += 2;
    } else to[length++] = from[i] === 0x2b ? 0x20 : from[i]!;
  }
  return length;
};

/** The value of a hexadecimal digit; -1: it is none. */
function digit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The names of headers in lower case, their values as they are. */
const lowerHeaders: Rewrite = (from, to) => {
  let isName = true;
  for (let i = 0; i < from.length; i += 1) {
    const byte = from[i]!;
    to[i] = isName ? FOLD[byte]! : byte;
    if (isName ? byte === 0x3a : byte === 10) isName = !isName;
  }
  return from.length;
};

function mapped(from: Uint8Array, to: Uint8Array, table: Uint8Array): number {
  for (let i = 0; i < from.length; i += 1) to[i] = table[from[i]!]!;
  return from.length;
}

/** Where nothing can be read, everything stays. */
function fromBase64(value: string): Transformer {
  const [bytes, offset, mode] = value.split(' ');
  const [most, from] = [Number(bytes), Number(offset)];
  return (text) => {
    const part = text.subarray(from, most === 0 ? text.length : from + most);
    const decoded =
      mode === 'rfc2045'
        ? decodeBase64(part.filter((byte) => isBase64(byte)))
        : mode === 'strict' && !part.every((byte) => isBase64(byte))
          ? part.subarray(0, 0)
          : decodeBase64(part);
    return decoded.length === 0 ? text : decoded;
  };
}

/** `offset bytes truncate`: a negative number counts from the end; without bytes up to the end. */
function slicing(value: string): Transformer {
  const [offset, count, isCut] = value.split(' ').map(Number) as [number, number, number];
  return (bytes) => {
    const { length } = bytes;
    if (isCut === 0 && Math.abs(offset) > length) return NO_BYTES;
    const start = offset < 0 ? Math.max(0, length + offset) : Math.min(offset, length);
    // A count of 0 stands for none.
    const end = count === 0 ? length : count < 0 ? length + count : start + count;
    if (isCut === 0 && (end < 0 || end > length)) return NO_BYTES;
    const stop = Math.min(Math.max(end, 0), length);
    return bytes.subarray(Math.min(start, stop), Math.max(start, stop));
  };
}

/** What the first group of the expression holds; where it does not match, everything. */
function captured(pattern: string): Transformer {
  const regex = compileRegex(pattern, '');
  return (bytes) => {
    if (!regex.find(bytes, 0, 0)) return bytes;
    const [start, end] = regex.group(1);
    return end === -1 ? bytes : bytes.subarray(start, end);
  };
}
