/**
 * Envelopes under a key that their device's record does not name yet: it may have been enrolled a moment ago. They wait
 * in the actor's state, so that a restart loses none, for the device's next record or until their time is over. Bounded
 * for each device and for the task; what finds no room is not taken.
 */
import { type ByteWriter, type Codec, MsecError, type ValueStore } from '../../engine/index.ts';

/** Of receive time. */
export const HELD_MS_MAX = 10_000;
export const HELD_PER_DEVICE_MAX = 8;
export const HELD_DEVICES_MAX = 128;
/** Longer ones are refused at once. */
export const HELD_BYTES_MAX = 16_384;

export interface HeldFrame {
  /** When the bridge received it. */
  readonly timestamp: number;
  /** Where it stands in its partition. */
  readonly offset: number;
  /** The record of device.frames, an own copy. */
  readonly record: Uint8Array;
}

const HEAD_BYTES = 8 + 8 + 4;

export type HeldList = readonly HeldFrame[];

/** count u8 · (timestamp f64 · offset f64 · length u32 · record) each. */
export const heldCodec: Codec<HeldList> = {
  format: 'msec.held-frames/1',
  decode(bytes, start, end) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, end);
    const frames: HeldFrame[] = [];
    let at = start + 1;
    for (let left = bytes[start] ?? 0; left > 0; left--) {
      if (end - at < HEAD_BYTES) throw broken();
      const length = view.getUint32(at + 16);
      const from = at + HEAD_BYTES;
      if (end - from < length) throw broken();
      const record = bytes.slice(from, from + length);
      frames.push({ timestamp: view.getFloat64(at), offset: view.getFloat64(at + 8), record });
      at = from + length;
    }
    return frames;
  },
  encode(frames: HeldList, writer: ByteWriter) {
    writer.u8(frames.length);
    for (const { timestamp, offset, record } of frames) {
      writer.f64(timestamp);
      writer.f64(offset);
      writer.u32(record.length);
      writer.copy(record);
    }
  },
};

const broken = () => new MsecError('STATE_CORRUPT', 'held frames: the value ends before it should');

export class HeldFrames {
  readonly #store: ValueStore<HeldList>;
  /** Event time at which the first one's time is over; Infinity where none waits. For `ActorTask.watermarkDue`. */
  readonly due: Float64Array = Float64Array.of(Number.POSITIVE_INFINITY);

  constructor(store: ValueStore<HeldList>) {
    this.#store = store;
    this.rebuild();
  }

  /** After a restore or a rollback. */
  rebuild(): void {
    this.due[0] = Number.POSITIVE_INFINITY;
    if (this.#store.size === 0) return;
    for (const { value } of this.#store.entries()) this.#isDueWith(value);
  }

  /** False: there is no room for it. */
  hold(keyId: number, frame: HeldFrame): boolean {
    const before = this.#store.get(keyId);
    const isFull = before === undefined ? this.#store.size >= HELD_DEVICES_MAX : before.length >= HELD_PER_DEVICE_MAX;
    if (isFull || frame.record.length > HELD_BYTES_MAX) return false;
    const after = [...(before ?? []), frame];
    this.#store.set(keyId, after);
    this.#isDueWith(after);
    return true;
  }

  /** Takes out what waits of the device. */
  take(keyId: number): HeldList {
    const held = this.#store.get(keyId);
    if (held === undefined) return [];
    this.#store.delete(keyId);
    this.rebuild();
    return held as HeldList;
  }

  /** Takes out, device by device, all that has waited too long; the rest goes on waiting. */
  takeExpired(watermark: number, expired: (keyId: number, frame: HeldFrame) => void): void {
    const late = [...this.#store.entries()].filter(({ value }) => value.some((frame) => isOver(frame, watermark)));
    for (const { keyId, value } of late) {
      const staying = value.filter((frame) => !isOver(frame, watermark));
      if (staying.length > 0) this.#store.set(keyId, staying);
      else this.#store.delete(keyId);
      for (const frame of value) if (isOver(frame, watermark)) expired(keyId, frame);
    }
    this.rebuild();
  }

  #isDueWith(frames: HeldList): void {
    for (const { timestamp } of frames) this.due[0] = Math.min(this.due[0]!, timestamp + HELD_MS_MAX);
  }
}

function isOver(frame: HeldFrame, watermark: number): boolean {
  return frame.timestamp + HELD_MS_MAX <= watermark;
}
