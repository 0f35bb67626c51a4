/**
 * Frames that are due one after another at an even pace, encoded before they are due: a cycle of them is made once, cut
 * into stretches of `tickMs`, and each stretch only gets the numbers of its frames, the time and new checksums when it is
 * sent. A frame's counter (its nSend) is its place in the schedule, so that whoever reads what became of it knows when it
 * was due.
 */
import { crc32c } from '../../../engine/batch/crc32c.ts';
import {
  AT_ATTRIBUTES,
  AT_BASE_TIMESTAMP,
  AT_CRC,
  AT_MAX_TIMESTAMP,
  writeI32,
  writeI64,
} from '../../../engine/batch/layout.ts';
import { BatchCursor, BatchEncoder, partitionForKey } from '../../../engine/index.ts';
import { framePayload, writeMeasures } from '../../workloads/kafka-windows/frames.ts';
import { Fleet } from '../fleet.ts';

export interface PacedFleet {
  readonly devices: number;
  /** See FleetOptions. */
  readonly exponent: number;
  readonly partitions: number;
}

export interface Pace {
  /** A multiple of 1000 / tickMs. */
  readonly framesPerSecond: number;
  /** What is due within so long goes out together, at the end of it, as a producer's linger has it. */
  readonly tickMs: number;
}

/** Of a stretch, for one partition. */
export interface PacedBatch {
  readonly partition: number;
  readonly bytes: Uint8Array;
  /** Of each frame: where its counter stands, and its place in the cycle. */
  readonly counters: Int32Array;
  readonly places: Int32Array;
}

const CYCLE_FRAMES = 2 ** 19;
const AT_COUNTER = 3;
const SEED = 7;

/** How many frames a cycle has, and how many of them a stretch. */
export function cycleOf({ framesPerSecond, tickMs }: Pace): { readonly frames: number; readonly perTick: number } {
  const perTick = (framesPerSecond * tickMs) / 1000;
  if (!Number.isInteger(perTick) || perTick < 1)
    throw new Error(`${framesPerSecond} frames/s do not fill ${tickMs} ms`);
  return { frames: perTick * Math.max(1, Math.floor(CYCLE_FRAMES / perTick)), perTick };
}

export function pacedFleet({ devices, exponent }: PacedFleet): Fleet {
  return new Fleet({ devices, exponent, seed: SEED, framesPerSecond: 1000, startMs: 0 });
}

export class PacedFrames {
  readonly #ticks: PacedBatch[][] = [];
  readonly #perTick: number;

  constructor(options: PacedFleet, pace: Pace) {
    const { partitions } = options;
    const { frames, perTick } = cycleOf(pace);
    this.#perTick = perTick;
    const fleet = pacedFleet(options);
    const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
    const partitionOf = keys.map((key) => partitionForKey(key, 0, key.length, partitions));
    const payloads = fleet.imeis.map(framePayload);
    const encoders = Array.from({ length: partitions }, () => new BatchEncoder());
    let places: number[][] = encoders.map(() => []);
    for (let place = 0; place < frames; place++) {
      fleet.next();
      const { device } = fleet;
      const payload = payloads[device]!;
      writeMeasures(payload, fleet);
      const partition = partitionOf[device]!;
      const key = keys[device]!;
      encoders[partition]!.append(0, key, 0, key.length, payload, 0, payload.length);
      places[partition]!.push(place);
      if ((place + 1) % perTick !== 0) continue;
      this.#ticks.push(
        encoders.flatMap((encoder, i) => (encoder.count === 0 ? [] : [pacedBatch(i, encoder.finish(), places[i]!)])),
      );
      places = encoders.map(() => []);
    }
  }

  /** The n-th stretch of a schedule whose first frame has the counter `first`; its bytes are good for one cycle. */
  tick(n: number, first: number, timestampMs: number): readonly PacedBatch[] {
    const cycle = Math.floor(n / this.#ticks.length);
    const batches = this.#ticks[n % this.#ticks.length]!;
    const base = first + cycle * this.#ticks.length * this.#perTick;
    for (const { bytes, counters, places } of batches) {
      for (let i = 0; i < counters.length; i++) writeI32(bytes, counters[i]!, (base + places[i]!) | 0);
      writeI64(bytes, AT_BASE_TIMESTAMP, timestampMs);
      writeI64(bytes, AT_MAX_TIMESTAMP, timestampMs);
      writeI32(bytes, AT_CRC, crc32c(bytes, AT_ATTRIBUTES, bytes.length));
    }
    return batches;
  }
}

function pacedBatch(partition: number, bytes: Uint8Array, places: readonly number[]): PacedBatch {
  const counters = new Int32Array(places.length);
  const cursor = new BatchCursor();
  cursor.reset(bytes, 0, bytes.length);
  for (let i = 0; cursor.next(); i++) {
    if (cursor.batchStart !== 0) throw new Error('a stretch of one partition is more than a batch');
    counters[i] = cursor.valueStart + AT_COUNTER;
  }
  return { partition, bytes, counters, places: Int32Array.from(places) };
}
