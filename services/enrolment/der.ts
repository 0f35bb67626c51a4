/** Writes DER (X.690), as much of it as certificates need. */

const TAG = { integer: 2, bitString: 3, octetString: 4, oid: 6, utf8: 12, sequence: 48, set: 49, boolean: 1 } as const;
/** GeneralizedTime; certificates use UTCTime up to the year 2049 (RFC 5280, 4.1.2.5). */
const GENERALIZED_TIME = 24;
const UTC_TIME = 23;
const GENERALIZED_FROM_YEAR = 2050;

export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const significant = length.subarray(length.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(tag, 128 + significant.length), significant, content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => der(TAG.set, ...parts);
export const octets = (...parts: readonly Uint8Array[]): Buffer => der(TAG.octetString, ...parts);
export const utf8 = (text: string): Buffer => der(TAG.utf8, Buffer.from(text));
export const yes: Buffer = der(TAG.boolean, Buffer.of(255));
/** [number], constructed. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer => der(0xa0 + number, ...parts);
/** [number], in place of the type's own tag. */
export const implicit = (number: number, ...parts: readonly Uint8Array[]): Buffer => der(0x80 + number, ...parts);

/** Not negative: big-endian, without leading zeros but the one that keeps the sign. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const bare = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  return der(TAG.integer, bare[0]! >= 128 ? Buffer.of(0) : Buffer.alloc(0), bare);
}

export function bits(bytes: Uint8Array, unused = 0): Buffer {
  return der(TAG.bitString, Buffer.of(unused), bytes);
}

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const digits = [value & 127];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 127) | 128);
    return digits;
  };
  return der(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return Number(text.slice(0, 4)) < GENERALIZED_FROM_YEAR
    ? der(UTC_TIME, Buffer.from(text.slice(2)))
    : der(GENERALIZED_TIME, Buffer.from(text));
}
