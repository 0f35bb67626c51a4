/**
 * Fills the topics of the join for both sides: frames under the key of the gateway that each device is heard by, and the
 * compacted table of devices under their IMEI. What was sent is kept by device, to compare with what comes out.
 */
import { type Append, BatchCursor, BatchEncoder, type Log, partitionForKey } from '../../../engine/index.ts';
import { Fleet, type FleetOptions, MEASURES } from '../../load/fleet.ts';
import { BATCH_BYTES, framePayload, PARTITIONS, writeMeasures } from '../kafka-windows/frames.ts';

export const GATEWAY_FRAMES = 'bench.gateway-frames';
export const DEVICES_TABLE = 'bench.devices';
const GATEWAYS = 500;
const ZONES = 40;
const COMMIT_BYTES = 8 * 1024 * 1024;
const CHECK_FRAMES = 4096;
const FETCH_BYTES = 4 * 1024 * 1024;
const FRAME_BYTES = 31;

/** Each frame's time and numbers, one device's after the other's, in the order in which it sent them. */
export class SentFrames {
  readonly fleet: Fleet;
  readonly frames: number;
  readonly #deviceOf: ReadonlyMap<string, number>;
  /** Where a device's frames begin. */
  readonly #from: Uint32Array;
  readonly #timestamps: Float64Array;
  readonly #wire: Int16Array;

  constructor(options: FleetOptions, frames: number) {
    const counted = new Fleet(options);
    this.#from = new Uint32Array(options.devices + 1);
    for (let i = 0; i < frames; i++) {
      counted.next();
      this.#from[counted.device + 1]!++;
    }
    for (let i = 0; i < options.devices; i++) this.#from[i + 1]! += this.#from[i]!;
    this.fleet = new Fleet(options);
    this.frames = frames;
    this.#deviceOf = new Map(this.fleet.imeis.map((imei, device) => [imei, device]));
    this.#timestamps = new Float64Array(frames);
    this.#wire = new Int16Array(frames * MEASURES);
  }

  /** The fleet's present frame. */
  keep(): void {
    const { device, sequence, timestamp, wire } = this.fleet;
    const at = this.#from[device]! + sequence - 1;
    this.#timestamps[at] = timestamp;
    for (let i = 0; i < MEASURES; i++) this.#wire[at * MEASURES + i] = wire[i]!;
  }

  /** Throws at the first difference: every frame of every device once, in its device's order, with its device's row. */
  async check(log: Log, topic: string): Promise<void> {
    const cursor = new BatchCursor();
    const reader = log.openReader();
    const sent = new Uint32Array(this.fleet.ids.length);
    let records = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      let { start: offset, end } = await reader.bounds(topic, partition);
      while (offset < end) {
        const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
        cursor.reset(fetched.bytes, fetched.start, fetched.end);
        cursor.seek(offset);
        for (; cursor.next(); records++) {
          const why = this.#difference(cursor, sent);
          if (why !== null) throw new Error(`${topic}-${partition}, offset ${cursor.offset}: ${why}`);
        }
        offset = cursor.offsetNext;
      }
    }
    await reader.close();
    if (records !== this.frames) throw new Error(`${topic}: ${records} records of ${this.frames} frames`);
  }

  #difference(cursor: BatchCursor, sent: Uint32Array): string | null {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp } = cursor;
    const imei = text(bytes, keyStart, keyEnd);
    const device = this.#deviceOf.get(imei);
    if (device === undefined) return `${imei} has sent nothing`;
    const view = new DataView(bytes.buffer, bytes.byteOffset + valueStart, valueEnd - valueStart);
    const sequence = ++sent[device]!;
    const at = this.#from[device]! + sequence - 1;
    if (at >= this.#from[device + 1]!) return `${imei} has not sent so many frames`;
    if (view.getUint32(2) !== sequence) return `frame ${view.getUint32(2)} of ${imei}, expected ${sequence}`;
    if (timestamp !== this.#timestamps[at]) return `frame ${sequence} of ${imei} has another time`;
    for (let i = 0; i < MEASURES; i++)
      if (view.getInt16(6 + 2 * i) !== this.#wire[at * MEASURES + i])
        return `frame ${sequence} of ${imei}, measure ${i}`;
    if (view.getUint16(0) !== zoneOf(device)) return `${imei} is in another zone`;
    return text(bytes, valueStart + 14, valueEnd) === this.fleet.ids[device] ? null : `${imei} has another name`;
  }
}

const zoneOf = (device: number): number => (device * 7) % ZONES;

function text(bytes: Uint8Array, start: number, end: number): string {
  let characters = '';
  for (let i = start; i < end; i++) characters += String.fromCharCode(bytes[i]!);
  return characters;
}

export async function fillGatewayFrames(log: Log, options: FleetOptions, frames: number): Promise<SentFrames> {
  await log.createTopics([
    { name: GATEWAY_FRAMES, partitions: PARTITIONS, cleanup: 'delete' },
    { name: DEVICES_TABLE, partitions: PARTITIONS, cleanup: 'compact' },
  ]);
  const sent = new SentFrames(options, frames);
  const { fleet } = sent;
  await fillTable(log, fleet);
  const keys = fleet.ids.map((_, device) => new TextEncoder().encode(`gateway-${device % GATEWAYS}`));
  const payloads = fleet.imeis.map(framePayload);
  const topic = new TopicWriter(log, GATEWAY_FRAMES);
  for (let i = 0; i < frames; i++) {
    fleet.next();
    sent.keep();
    const payload = payloads[fleet.device]!;
    writeMeasures(payload, fleet);
    topic.append(fleet.timestamp, keys[fleet.device]!, payload, FRAME_BYTES);
    if (i % CHECK_FRAMES === 0 && topic.byteLength > COMMIT_BYTES) await topic.flush();
  }
  await topic.flush();
  return sent;
}

/** Older than every frame: Kafka Streams joins by time. */
async function fillTable(log: Log, fleet: Fleet): Promise<void> {
  const topic = new TopicWriter(log, DEVICES_TABLE);
  for (const [device, imei] of fleet.imeis.entries()) {
    const name = new TextEncoder().encode(fleet.ids[device]);
    const value = new Uint8Array(2 + name.length);
    new DataView(value.buffer).setUint16(0, zoneOf(device));
    value.set(name, 2);
    topic.append(fleet.options.startMs - 1, new TextEncoder().encode(imei), value, value.length);
  }
  await topic.flush();
}

class TopicWriter {
  readonly #log: Log;
  readonly #topic: string;
  readonly #encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));

  constructor(log: Log, topic: string) {
    this.#log = log;
    this.#topic = topic;
  }

  get byteLength(): number {
    return this.#encoders.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  append(timestamp: number, key: Uint8Array, value: Uint8Array, length: number): void {
    const partition = partitionForKey(key, 0, key.length, PARTITIONS);
    this.#encoders[partition]!.append(timestamp, key, 0, key.length, value, 0, length);
  }

  async flush(): Promise<void> {
    const appends = this.#encoders
      .map((encoder, partition): Append => ({ topic: this.#topic, partition, bytes: encoder.finish() }))
      .filter((append) => append.bytes.length > 0);
    // Each by itself: one transaction over all would leave its markers between the frames.
    await Promise.all(appends.map((append) => this.#log.commit({ appends: [append] })));
  }
}
