/** Fills a topic with EnMon frames for both sides, keyed by device, event time in the record, slightly out of order. */
import { batchBytesAt } from '../../../engine/batch/layout.ts';
import { type Append, BatchEncoder, type Log, partitionForKey } from '../../../engine/index.ts';
import { Fleet, type FleetOptions } from '../../load/fleet.ts';

export const FRAMES_TOPIC = 'bench.frames';
export const PARTITIONS = 8;
/** As a tuned producer packs them; not compressed. */
export const BATCH_BYTES = 128 * 1024;

const FRAME_BYTES = 31;
const COMMIT_BYTES = 8 * 1024 * 1024;
const CHECK_FRAMES = 4096;
const JITTER_MS = 2_000;
/** Ahead of every frame: less than what a broker takes for a wrong clock. */
const CLOSING_AHEAD_MS = 30 * 60_000;
export const CLOSING_DEVICE = 'closing';

export interface FilledTopic {
  readonly frames: number;
  readonly bytes: number;
  /** Each window that must be told, under `device windowStart`. */
  readonly expected: ReadonlyMap<string, bigint[]>;
}

export interface FilledFrames extends FilledTopic {
  readonly topic: string;
}

/** Count, then of each quantity sum, least, greatest, squares: in whole numbers, apart from the engine and the codec. */
class PlainSums {
  readonly #windows = new Map<number, Float64Array>();
  readonly #fleet: Fleet;
  readonly #windowMs: number;
  readonly #stride: number;

  constructor(fleet: Fleet, windowMs: number) {
    this.#fleet = fleet;
    this.#windowMs = windowMs;
    this.#stride = 1 + 4 * fleet.wire.length;
  }

  add(timestamp: number): void {
    const { device, wire, ids } = this.#fleet;
    const start = Math.floor(timestamp / this.#windowMs) * this.#windowMs;
    let sums = this.#windows.get(start);
    if (sums === undefined) {
      sums = new Float64Array(ids.length * this.#stride);
      this.#windows.set(start, sums);
    }
    let at = device * this.#stride;
    const isFirst = sums[at] === 0;
    sums[at]!++;
    at++;
    for (let i = 0; i < wire.length; i++, at += 4) {
      const value = wire[i]!;
      sums[at]! += value;
      if (isFirst || value < sums[at + 1]!) sums[at + 1] = value;
      if (isFirst || value > sums[at + 2]!) sums[at + 2] = value;
      sums[at + 3]! += value * value;
    }
  }

  windows(): Map<string, bigint[]> {
    const all = new Map<string, bigint[]>();
    for (const [start, sums] of this.#windows)
      for (const [device, id] of this.#fleet.ids.entries()) {
        const window = sums.subarray(device * this.#stride, (device + 1) * this.#stride);
        if (window[0] !== 0) all.set(`${id} ${start}`, Array.from(window, BigInt));
      }
    return all;
  }
}

export async function fillFrames(
  log: Log,
  options: FleetOptions,
  frames: number,
  windowMs: number,
  topic = FRAMES_TOPIC,
): Promise<FilledFrames> {
  await log.createTopics([{ name: topic, partitions: PARTITIONS, cleanup: 'delete' }]);
  const fleet = new Fleet(options);
  const sums = new PlainSums(fleet, windowMs);
  const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
  const partitionOf = keys.map((key) => partitionForKey(key, 0, key.length, PARTITIONS));
  const payloads = fleet.imeis.map(framePayload);
  const encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));
  let bytes = 0;
  const flush = async () => {
    const appends = encoders
      .map((encoder, partition) => ({ topic, partition, bytes: encoder.finish() }))
      .filter((append) => append.bytes.length > 0);
    bytes += appends.reduce((sum, append) => sum + append.bytes.length, 0);
    await appendEach(log, appends);
  };
  for (let i = 0; i < frames; i++) {
    fleet.next();
    const { device } = fleet;
    const timestamp = Math.max(options.startMs, fleet.timestamp - ((Math.imul(i, 0x9e3779b1) >>> 8) % JITTER_MS));
    sums.add(timestamp);
    const payload = payloads[device]!;
    writeMeasures(payload, fleet);
    const key = keys[device]!;
    encoders[partitionOf[device]!]!.append(timestamp, key, 0, key.length, payload, 0, FRAME_BYTES);
    if (i % CHECK_FRAMES === 0 && encoders.reduce((sum, { byteLength }) => sum + byteLength, 0) > COMMIT_BYTES)
      await flush();
  }
  await flush();
  return { topic, frames, bytes, expected: sums.windows() };
}

/**
 * One more frame for each partition, far ahead, so that every window before it is told; its own stays open. To be sent
 * after the measured time: Kafka Streams looks for closed windows once a second.
 */
export async function closeWindows(log: Log, topic = FRAMES_TOPIC): Promise<void> {
  const key = new TextEncoder().encode(CLOSING_DEVICE);
  const payload = framePayload('0'.repeat(15));
  new DataView(payload.buffer).setInt16(23, 3000);
  const encoder = new BatchEncoder();
  const appends = Array.from({ length: PARTITIONS }, (_, partition) => {
    encoder.append(Date.now() + CLOSING_AHEAD_MS, key, 0, key.length, payload, 0, FRAME_BYTES);
    return { topic, partition, bytes: encoder.finish() };
  });
  await appendEach(log, appends);
}

/** Batch by batch: a transaction would leave its markers, whose offsets a reader of records alone never commits. */
async function appendEach(log: Log, appends: readonly Append[]): Promise<void> {
  const batches = appends.flatMap(({ topic, partition, bytes }) => {
    const parts: Append[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + batchBytesAt(bytes, at, bytes.length);
      parts.push({ topic, partition, bytes: bytes.subarray(at, end) });
      at = end;
    }
    return parts;
  });
  await Promise.all(batches.map((append) => log.commit({ appends: [append] })));
}

export function framePayload(imei: string): Uint8Array {
  const payload = new Uint8Array(FRAME_BYTES);
  payload.set([0x01, 0x00, 0x1c]);
  payload.set(new TextEncoder().encode(imei), 7);
  return payload;
}

export function writeMeasures(payload: Uint8Array, { sequence, wire }: Fleet): void {
  const view = new DataView(payload.buffer);
  view.setUint32(3, sequence);
  for (let i = 0; i < wire.length; i++) view.setInt16(23 + 2 * i, wire[i]!);
}
