/**
 * Frames without end at next to no cost: a stretch of them is encoded once, and its batches are sent again and again,
 * each time with later timestamps, which takes a new checksum a batch.
 */

import { crc32c } from '../../../engine/batch/crc32c.ts';
import {
  AT_ATTRIBUTES,
  AT_BASE_TIMESTAMP,
  AT_CRC,
  AT_MAX_TIMESTAMP,
  batchBytesAt,
  readI64,
  writeI32,
  writeI64,
} from '../../../engine/batch/layout.ts';
import { BatchEncoder, partitionForKey } from '../../../engine/index.ts';
import { Fleet } from '../../load/fleet.ts';
import { framePayload, writeMeasures } from '../kafka-windows/frames.ts';

const FRAMES_PER_SECOND = 20_000;
/** A chunk is one batch: several in one append would be a transaction, and the loader the slowest of all. */
const BATCH_BYTES = 900 * 1024;

export interface Chunk {
  readonly partition: number;
  readonly bytes: Uint8Array;
  readonly records: number;
}

export class EndlessFrames {
  readonly #chunks: Chunk[] = [];
  readonly #spanMs: number;
  #next = 0;
  #round = 0;

  constructor(devices: number, partitions: number, frames: number, startMs: number, chunkFrames: number) {
    const fleet = new Fleet({ devices, seed: 3, framesPerSecond: FRAMES_PER_SECOND, startMs });
    this.#spanMs = Math.ceil((frames * 1000) / FRAMES_PER_SECOND);
    const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
    const partitionOf = keys.map((key) => partitionForKey(key, 0, key.length, partitions));
    const payloads = fleet.imeis.map(framePayload);
    const encoders = Array.from({ length: partitions }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));
    for (let i = 1; i <= frames; i++) {
      fleet.next();
      const payload = payloads[fleet.device]!;
      writeMeasures(payload, fleet);
      const key = keys[fleet.device]!;
      const encoder = encoders[partitionOf[fleet.device]!]!;
      encoder.append(fleet.timestamp, key, 0, key.length, payload, 0, payload.length);
      if (i % chunkFrames !== 0) continue;
      for (const [partition, { count }] of encoders.entries())
        if (count > 0) this.#chunks.push({ partition, records: count, bytes: encoders[partition]!.finish() });
    }
  }

  /** The next chunk for some partition; the caller owns its bytes. */
  next(): Chunk {
    const { partition, bytes: template, records } = this.#chunks[this.#next]!;
    const bytes = template.slice();
    const shiftMs = this.#round * this.#spanMs;
    for (let at = 0; at < bytes.length; ) {
      const end = at + batchBytesAt(bytes, at, bytes.length);
      for (const place of [AT_BASE_TIMESTAMP, AT_MAX_TIMESTAMP])
        writeI64(bytes, at + place, readI64(bytes, at + place, 'timestamp') + shiftMs);
      writeI32(bytes, at + AT_CRC, crc32c(bytes, at + AT_ATTRIBUTES, end));
      at = end;
    }
    this.#next++;
    if (this.#next === this.#chunks.length) {
      this.#next = 0;
      this.#round++;
    }
    return { partition, bytes, records };
  }
}
