/** Frames for tests, written apart from the decoder: checksums by the definition, every length filled in. */

export const bytesOf = (...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)));

export const n16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
export const n32 = (value: number): Uint8Array =>
  Uint8Array.of((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** One's complement of the one's complement sum, by big integers. */
function checksumOf(bytes: Uint8Array): Uint8Array {
  const even = bytes.length % 2 === 0 ? bytes : bytesOf(bytes, 0);
  let total = 0n;
  for (let at = 0; at < even.length; at += 2) total += BigInt(even[at]! * 256 + even[at + 1]!);
  // Modulo 0xffff is the folding; a sum that is not zero folds to 0xffff and never to 0.
  const folded = total === 0n ? 0 : Number(total % 0xffffn) || 0xffff;
  return n16(0xffff - folded);
}

function withChecksum(bytes: Uint8Array, at: number, before: Uint8Array = new Uint8Array(0)): Uint8Array {
  const written = Uint8Array.from(bytes);
  written.set(checksumOf(bytesOf(before, bytes)), at);
  return written;
}

export interface Ends {
  /** 4 or 16 bytes each. */
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

const pseudo = ({ from, to }: Ends, protocol: number, length: number): Uint8Array =>
  from.length === 4 ? bytesOf(from, to, 0, protocol, n16(length)) : bytesOf(from, to, n32(length), 0, 0, 0, protocol);

export interface TcpFields {
  readonly fromPort: number;
  readonly toPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window?: number;
  readonly options?: Uint8Array;
}

export function tcpSegment(ends: Ends, fields: TcpFields, payload: Uint8Array): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const padded = bytesOf(options, new Uint8Array((4 - (options.length % 4)) % 4));
  const segment = bytesOf(
    n16(fields.fromPort),
    n16(fields.toPort),
    n32(fields.sequence),
    n32(fields.acknowledgment),
    ((20 + padded.length) / 4) << 4,
    fields.flags,
    n16(fields.window ?? 65_535),
    n32(0),
    padded,
    payload,
  );
  return withChecksum(segment, 16, pseudo(ends, 6, segment.length));
}

export function udpDatagram(ends: Ends, fromPort: number, toPort: number, payload: Uint8Array): Uint8Array {
  const datagram = bytesOf(n16(fromPort), n16(toPort), n16(8 + payload.length), n16(0), payload);
  const written = withChecksum(datagram, 6, pseudo(ends, 17, datagram.length));
  // A sum of zero would say that there is none.
  if (written[6] === 0 && written[7] === 0) written.set([255, 255], 6);
  return written;
}

export function icmpMessage(ends: Ends, type: number, code: number, rest: Uint8Array): Uint8Array {
  const message = bytesOf(type, code, n16(0), rest);
  return withChecksum(message, 2, ends.from.length === 4 ? new Uint8Array(0) : pseudo(ends, 58, message.length));
}

export interface Fragment {
  readonly id: number;
  readonly offset: number;
  readonly more: boolean;
}

export function ipv4(
  { from, to }: Ends,
  protocol: number,
  payload: Uint8Array,
  options: Uint8Array = new Uint8Array(0),
  fragment: Fragment = { id: 7, offset: 0, more: false },
): Uint8Array {
  const header = bytesOf(
    0x40 | (5 + options.length / 4),
    0,
    n16(20 + options.length + payload.length),
    n16(fragment.id),
    n16((fragment.more ? 0x2000 : 0) | (fragment.offset / 8)),
    64,
    protocol,
    n16(0),
    from,
    to,
    options,
  );
  return bytesOf(withChecksum(header, 10), payload);
}

/** `extensions`: numbers and bodies of the headers between; a body lacks its first byte, which names the next. */
export function ipv6(
  { from, to }: Ends,
  protocol: number,
  payload: Uint8Array,
  extensions: readonly (readonly [number, Uint8Array])[] = [],
): Uint8Array {
  const numbers = [...extensions.map(([number]) => number), protocol];
  const chain = bytesOf(...extensions.map(([, body], index) => bytesOf(numbers[index + 1]!, body)));
  return bytesOf(n32(0x60000000), n16(chain.length + payload.length), numbers[0]!, 64, from, to, chain, payload);
}

export const ethernet = (
  type: number,
  payload: Uint8Array,
  tags: readonly (readonly [number, number])[] = [],
): Uint8Array =>
  bytesOf(new Uint8Array(12), ...tags.flatMap(([tagType, id]) => [n16(tagType), n16(id)]), n16(type), payload);
