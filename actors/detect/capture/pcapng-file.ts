/**
 * pcapng: sections of blocks, each section in its own byte order and with its own interfaces. Blocks that hold no packet
 * are passed over without being kept. Invariant: as `PcapFile`, of which this is the younger sister.
 */
import { MsecError } from '../../../engine/index.ts';
import type { ByteQueue } from './byte-queue.ts';
import { type CapturedPacket, MAX_CAPTURED_BYTES } from './captured-packet.ts';
import { u16, u32 } from './integers.ts';
import { type CaptureInterface, readInterface, timeUsOf } from './pcapng-interface.ts';

export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Type and length before a block's body, and the length again behind it. */
const BLOCK_FRAME_BYTES = 12;
const SECTION_MIN_BYTES = 28;
/** A block that must be held whole: a packet with its options. */
const MAX_BLOCK_BYTES = MAX_CAPTURED_BYTES + 65_536;
const MAX_INTERFACES = 4096;

export class PcapngFile {
  #isBig = false;
  #interfaces: CaptureInterface[] = [];
  /** What is left of a block that is passed over. */
  #skipping = 0;

  next(input: ByteQueue, packet: CapturedPacket): boolean {
    for (;;) {
      if (this.#skipping > 0) {
        const now = Math.min(this.#skipping, input.length);
        input.take(now);
        this.#skipping -= now;
        if (this.#skipping > 0) return false;
      }
      if (input.length < BLOCK_FRAME_BYTES) return false;
      const { bytes, start } = input;
      const type = u32(bytes, start, this.#isBig);
      // A section's first block says which byte order holds, and must be read in it.
      if (type === SECTION_HEADER) this.#isBig = this.#byteOrder(input);
      const length = u32(bytes, start + 4, this.#isBig);
      if (length < BLOCK_FRAME_BYTES || length % 4 !== 0) throw damaged(input, 4, `a block of ${length} bytes`);
      if (type === SECTION_HEADER) {
        if (length < SECTION_MIN_BYTES) throw damaged(input, 4, `a section header of ${length} bytes`);
        this.#interfaces = [];
      }
      if (type !== INTERFACE && type !== OLD_PACKET && type !== SIMPLE_PACKET && type !== ENHANCED_PACKET) {
        this.#skipping = length;
        continue;
      }
      if (length > MAX_BLOCK_BYTES) throw damaged(input, 4, `a block of ${length} bytes`);
      if (input.length < length) return false;
      if (u32(bytes, start + length - 4, this.#isBig) !== length)
        throw damaged(input, length - 4, 'the two lengths of a block differ');
      const isPacket = type === INTERFACE ? this.#addInterface(input, length) : this.#read(type, input, length, packet);
      input.take(length);
      if (isPacket) return true;
    }
  }

  /** True where the input may end: between two blocks. */
  get isBetweenBlocks(): boolean {
    return this.#skipping === 0;
  }

  #byteOrder(input: ByteQueue): boolean {
    const magic = u32(input.bytes, input.start + 8, true);
    if (magic === BYTE_ORDER_MAGIC) return true;
    if (u32(input.bytes, input.start + 8, false) === BYTE_ORDER_MAGIC) return false;
    throw damaged(input, 8, 'a section without a byte order');
  }

  #addInterface(input: ByteQueue, length: number): false {
    if (length < BLOCK_FRAME_BYTES + 8) throw damaged(input, 4, `an interface of ${length} bytes`);
    if (this.#interfaces.length === MAX_INTERFACES) throw damaged(input, 0, `more than ${MAX_INTERFACES} interfaces`);
    this.#interfaces.push(readInterface(input.bytes, input.start + 8, input.start + length - 4, this.#isBig));
    return false;
  }

  #read(type: number, input: ByteQueue, length: number, packet: CapturedPacket): true {
    const { bytes, start } = input;
    const isBig = this.#isBig;
    const headerBytes = type === SIMPLE_PACKET ? 4 : 20;
    if (length < BLOCK_FRAME_BYTES + headerBytes) throw damaged(input, 4, `a packet block of ${length} bytes`);
    const body = start + 8;
    let id = 0;
    if (type === ENHANCED_PACKET) id = u32(bytes, body, isBig);
    else if (type === OLD_PACKET) id = u16(bytes, body, isBig);
    const from = this.#interfaces[id];
    if (from === undefined) throw damaged(input, 8, `a packet of interface ${id}, which the section does not name`);
    const room = length - BLOCK_FRAME_BYTES - headerBytes;
    if (type === SIMPLE_PACKET) {
      packet.wireLength = u32(bytes, body, isBig);
      packet.timeUs = 0;
      const captured = from.snapLength === 0 ? packet.wireLength : Math.min(from.snapLength, packet.wireLength);
      // The block says how long the packet was, not how much of it there is; padding is all that may follow.
      if (captured > room) throw damaged(input, 8, 'a packet longer than its block');
      packet.end = body + headerBytes + captured;
    } else {
      const captured = u32(bytes, body + 12, isBig);
      if (captured > room || captured > MAX_CAPTURED_BYTES) throw damaged(input, 20, 'a packet longer than its block');
      packet.timeUs = timeUsOf(from, u32(bytes, body + 4, isBig), u32(bytes, body + 8, isBig));
      packet.wireLength = u32(bytes, body + 16, isBig);
      packet.end = body + headerBytes + captured;
    }
    packet.bytes = bytes;
    packet.start = body + headerBytes;
    packet.linkType = from.linkType;
    return true;
  }
}

function damaged(input: ByteQueue, at: number, what: string): MsecError {
  return new MsecError('CAPTURE_INVALID', `The capture is damaged: ${what}`, { byteOffset: input.offset + at });
}
