/**
 * The classic capture file: a header of 24 bytes, then packets, each behind 16. Both byte orders, micro- and
 * nanoseconds. Invariant: `next` returns true with a whole packet, false where more bytes are needed, and throws at the
 * first packet that cannot be true, after those before it.
 */
import { MsecError } from '../../../engine/index.ts';
import type { ByteQueue } from './byte-queue.ts';
import { type CapturedPacket, MAX_CAPTURED_BYTES } from './captured-packet.ts';
import { u32 } from './integers.ts';
import { LINK_TYPE_MASK } from './link-types.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
/** The magic of Kuznetzov's patch: 8 bytes more before each packet. */
const MODIFIED = 0xa1b2cd34;
const MODIFIED_HEADER_BYTES = 24;

export function isPcapMagic(bytes: Uint8Array, at: number): boolean {
  return [true, false].some((isBig) => [MICROSECONDS, NANOSECONDS, MODIFIED].includes(u32(bytes, at, isBig)));
}

export class PcapFile {
  #isBig = false;
  #isNano = false;
  #linkType = -1;
  #recordHeaderBytes = RECORD_HEADER_BYTES;

  next(input: ByteQueue, packet: CapturedPacket): boolean {
    if (this.#linkType < 0 && !this.#readFileHeader(input)) return false;
    const header = this.#recordHeaderBytes;
    if (input.length < header) return false;
    const { bytes, start } = input;
    const isBig = this.#isBig;
    const captured = u32(bytes, start + 8, isBig);
    if (captured > MAX_CAPTURED_BYTES)
      throw new MsecError('CAPTURE_INVALID', `A packet of ${captured} bytes; ${MAX_CAPTURED_BYTES} are allowed`, {
        byteOffset: input.offset + 8,
      });
    if (input.length < header + captured) return false;
    const fraction = u32(bytes, start + 4, isBig);
    packet.timeUs = u32(bytes, start, isBig) * 1e6 + (this.#isNano ? Math.floor(fraction / 1000) : fraction);
    packet.wireLength = u32(bytes, start + 12, isBig);
    packet.linkType = this.#linkType;
    packet.bytes = bytes;
    packet.start = start + header;
    packet.end = start + header + captured;
    input.take(header + captured);
    return true;
  }

  #readFileHeader(input: ByteQueue): boolean {
    if (input.length < FILE_HEADER_BYTES) return false;
    const { bytes, start } = input;
    const isBig = bytes[start] === 0xa1;
    const magic = u32(bytes, start, isBig);
    this.#isBig = isBig;
    this.#isNano = magic === NANOSECONDS;
    if (magic === MODIFIED) this.#recordHeaderBytes = MODIFIED_HEADER_BYTES;
    this.#linkType = u32(bytes, start + 20, isBig) & LINK_TYPE_MASK;
    input.take(FILE_HEADER_BYTES);
    return true;
  }
}
