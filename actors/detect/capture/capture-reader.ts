/**
 * A capture file or pipe, read as its bytes arrive: push a piece, then take packets until there is none, and say when it
 * ends. Which kind of file it is its first bytes tell. Memory: one block of the file, and the piece.
 */
import { MsecError } from '../../../engine/index.ts';
import { ByteQueue } from './byte-queue.ts';
import { CapturedPacket } from './captured-packet.ts';
import { u32 } from './integers.ts';
import { isPcapMagic, PcapFile } from './pcap-file.ts';
import { PcapngFile, SECTION_HEADER } from './pcapng-file.ts';

const MAGIC_BYTES = 4;

export class CaptureReader {
  /** The packet that `next` found last. */
  readonly packet: CapturedPacket = new CapturedPacket();
  readonly #input = new ByteQueue();
  #file: PcapFile | PcapngFile | undefined;

  push(piece: Uint8Array): void {
    this.#input.push(piece);
  }

  /** True with the next packet in `packet`; false where more has to be pushed first: the last piece is free again. */
  next(): boolean {
    this.#file ??= this.#recognise();
    if (this.#file?.next(this.#input, this.packet) === true) {
      this.packet.number++;
      return true;
    }
    this.#input.keep();
    return false;
  }

  /** Throws where the capture ends within something. Call it after the last packet. */
  finish(): void {
    const isWhole = this.#file instanceof PcapngFile ? this.#file.isBetweenBlocks : this.#file !== undefined;
    if (isWhole && this.#input.length === 0) return;
    const byteOffset = this.#input.offset + this.#input.length;
    const says = byteOffset === 0 ? 'The file is empty' : 'The capture ends within a packet or a header';
    throw new MsecError('CAPTURE_INVALID', says, { byteOffset });
  }

  #recognise(): PcapFile | PcapngFile | undefined {
    const { bytes, start, length, offset } = this.#input;
    if (length < MAGIC_BYTES) return undefined;
    if (u32(bytes, start, true) === SECTION_HEADER) return new PcapngFile();
    if (isPcapMagic(bytes, start)) return new PcapFile();
    throw new MsecError('CAPTURE_INVALID', 'Neither a pcap file nor a pcapng file', { byteOffset: offset });
  }
}
