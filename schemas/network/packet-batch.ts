/**
 * Captured packets on their way from a capture to the sensor, many in one record of network.packets. The layout is in
 * docs/specs/packet-batch.md; all integers are unsigned unless said, and big-endian.
 *
 *   batch  = kind u8 1 · version u8 1 · link type u16 · session u64 · sequence u64 · time i64 µs · dropped u32 · packets u32 · packet*
 *   packet = time i32 µs from the batch's · captured u32 · on the wire u32 · captured bytes
 */
import { MsecError } from '../../engine/base/index.ts';

export const KIND_PACKETS = 1;
const VERSION = 1;
const HEAD_BYTES = 36;
const PACKET_HEAD_BYTES = 12;
/** One packet more than this is cut: its length on the wire tells so. */
export const BATCH_PACKET_BYTES_MAX = 128 * 1024;
/** A whole batch, its last packet included; fits into what every log takes as a record. */
export const PACKET_BATCH_BYTES_MAX = 192 * 1024;

/** The key of a lane's records. Lane 0 has the name of the place alone: so has a capture without lanes. */
export const vantageKey = (place: string, lane: number): string => (lane === 0 ? place : `${place}/${lane}`);

/** What a sensor counts of a place whose capture has wrong checksums begins so; the key follows. */
export const WRONG_CHECKSUMS = 'wrongChecksum:';

/** A batch that is read in place: valid as long as the bytes are. Reused for each. */
export class PacketBatchView {
  bytes: Uint8Array = new Uint8Array(0);
  linkType = 0;
  /** Of the publisher's run, in two halves. */
  sessionHigh = 0;
  sessionLow = 0;
  /** Counts the batches of a session, from 1. */
  sequence = 0;
  /** Of the first packet; of a batch without one, how far time has come. Microseconds since 1970. */
  timeUs = 0;
  /** Packets that the publisher has lost since the batch before. */
  dropped = 0;
  packets = 0;
  /** Of the packet at hand: its bytes are bytes[packetStart, packetEnd). */
  packetStart = 0;
  packetEnd = 0;
  packetTimeUs = 0;
  wireLength = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #next = 0;
  #end = 0;

  /** Looks at the whole of it, so that what is wrong is found before the first packet is taken. PACKETS_INVALID. */
  open(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length < HEAD_BYTES) throw invalid('packets', 0, `${length} bytes are no whole head`);
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
    if (view.getUint8(0) !== KIND_PACKETS) throw invalid('kind', 0, `${view.getUint8(0)} is not known`);
    if (view.getUint8(1) !== VERSION) throw invalid('version', 1, `${view.getUint8(1)} is not known`);
    this.linkType = view.getUint16(2);
    this.sessionHigh = view.getUint32(4);
    this.sessionLow = view.getUint32(8);
    this.sequence = safe(view, 12, 'sequence');
    this.timeUs = safe(view, 20, 'time');
    this.dropped = view.getUint32(28);
    this.packets = view.getUint32(32);
    let at = HEAD_BYTES;
    for (let i = 0; i < this.packets; i++) {
      if (at + PACKET_HEAD_BYTES > length) throw invalid('captured', at, `packet ${i} of ${this.packets} is missing`);
      const captured = view.getUint32(at + 4);
      if (captured > length - at - PACKET_HEAD_BYTES)
        throw invalid('captured', at + 4, `packet ${i} has ${captured} bytes, beyond the batch`);
      if (view.getUint32(at + 8) < captured) throw invalid('wire', at + 8, 'more was captured than there was');
      if (this.timeUs + view.getInt32(at) < 0) throw invalid('time', at, 'a time before 1970');
      at += PACKET_HEAD_BYTES + captured;
    }
    if (at !== length) throw invalid('packets', at, `${length - at} bytes are behind the last packet`);
    this.bytes = bytes;
    this.#view = view;
    this.#next = HEAD_BYTES;
    this.#end = length;
  }

  /** Moves to the next packet; false behind the last. */
  next(): boolean {
    const at = this.#next;
    if (at >= this.#end) return false;
    const view = this.#view;
    const captured = view.getUint32(at + 4);
    this.packetTimeUs = this.timeUs + view.getInt32(at);
    this.wireLength = view.getUint32(at + 8);
    this.packetStart = view.byteOffset - this.bytes.byteOffset + at + PACKET_HEAD_BYTES;
    this.packetEnd = this.packetStart + captured;
    this.#next = at + PACKET_HEAD_BYTES + captured;
    return true;
  }
}

/** Fills one batch after the other. */
export class PacketBatchWriter {
  packets = 0;
  readonly #sessionHigh: number;
  readonly #sessionLow: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = HEAD_BYTES;
  #timeUs = 0;
  #linkType = 0;

  constructor(session: { readonly high: number; readonly low: number }, bytesMax = PACKET_BATCH_BYTES_MAX) {
    this.#sessionHigh = session.high;
    this.#sessionLow = session.low;
    this.#bytes = new Uint8Array(bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get byteLength(): number {
    return this.#position;
  }

  /** False where the batch has no place for it: `finish` first. An empty batch takes every packet, cut where it is too long. */
  add(bytes: Uint8Array, start: number, end: number, wireLength: number, linkType: number, timeUs: number): boolean {
    const most = Math.min(BATCH_PACKET_BYTES_MAX, this.#bytes.length - HEAD_BYTES - PACKET_HEAD_BYTES);
    const captured = Math.min(end - start, most);
    if (this.packets === 0) {
      this.#timeUs = timeUs;
      this.#linkType = linkType;
    } else if (linkType !== this.#linkType) return false;
    const after = timeUs - this.#timeUs;
    const at = this.#position;
    if (after !== (after | 0) || at + PACKET_HEAD_BYTES + captured > this.#bytes.length) return false;
    this.#view.setInt32(at, after);
    this.#view.setUint32(at + 4, captured);
    this.#view.setUint32(at + 8, Math.max(wireLength, captured));
    this.#bytes.set(bytes.subarray(start, start + captured), at + PACKET_HEAD_BYTES);
    this.#position = at + PACKET_HEAD_BYTES + captured;
    this.packets += 1;
    return true;
  }

  /** The batch, an own copy; `timeUs` is how far time has come, for one without packets. Begins the next. */
  finish(sequence: number, dropped: number, timeUs: number): Uint8Array<ArrayBuffer> {
    const view = this.#view;
    view.setUint8(0, KIND_PACKETS);
    view.setUint8(1, VERSION);
    view.setUint16(2, this.#linkType);
    view.setUint32(4, this.#sessionHigh);
    view.setUint32(8, this.#sessionLow);
    view.setBigUint64(12, BigInt(sequence));
    view.setBigInt64(20, BigInt(this.packets === 0 ? timeUs : this.#timeUs));
    view.setUint32(28, Math.min(dropped, 0xffff_ffff));
    view.setUint32(32, this.packets);
    const batch = this.#bytes.slice(0, this.#position) as Uint8Array<ArrayBuffer>;
    this.#position = HEAD_BYTES;
    this.packets = 0;
    return batch;
  }
}

function safe(view: DataView, at: number, field: string): number {
  const value = Number(view.getBigInt64(at));
  if (value < 0 || !Number.isSafeInteger(value)) throw invalid(field, at, `${value} is out of range`);
  return value;
}

function invalid(field: string, byteOffset: number, says: string): MsecError {
  return new MsecError('PACKETS_INVALID', `packet batch, ${field} at byte ${byteOffset}: ${says}`, {
    field,
    byteOffset,
  });
}
