/**
 * Fills device.frames in Kafka with signed frames of enrolled devices, and counts beside it, in plain numbers, what each
 * window must hold. Event time begins after the devices' enrolment, because it never goes back.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Append, BatchEncoder, type Log, partitionForKey } from '../../../engine/index.ts';
import { encodeFrameRecord, KIND_ENVELOPE, signEnvelope } from '../../../schemas/envelope/index.ts';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { enrolFleet, makeTopics } from '../../load/fill.ts';
import { soon } from '../../load/filled-log.ts';
import { Fleet, type FleetOptions, MEASURES } from '../../load/fleet.ts';
import {
  BATCH_BYTES,
  CLOSING_DEVICE,
  type FilledFrames,
  framePayload,
  PARTITIONS,
  writeMeasures,
} from '../kafka-windows/frames.ts';

/** Ahead of every frame: less than what a broker takes for a wrong clock. */
const CLOSING_AHEAD_MS = 30 * 60_000;
const FLUSH_EVERY = 4096;

interface Signer {
  readonly id: string;
  readonly partition: number;
  readonly key: Uint8Array;
  readonly keyId: Uint8Array;
  readonly privateKey: KeyObject;
}

export interface SignedTopics {
  /** device.frames, which the devices' registry is in, too. */
  readonly whole: FilledFrames;
  /** The same frames as far as they go, for who would take too long. */
  readonly part: FilledFrames;
  /** Lines of key id and public key, for a peer that has no registry. */
  readonly publicKeys: readonly string[];
  /** One more frame for each partition, so that every window before it is told. */
  close(topic: string): Promise<void>;
}

const PART_TOPIC = 'bench.signed.part';

export async function fillSigned(
  log: Log,
  options: Omit<FleetOptions, 'startMs'>,
  { frames, partFrames, windowMs }: { readonly frames: number; readonly partFrames: number; readonly windowMs: number },
): Promise<SignedTopics> {
  await makeTopics(log, PARTITIONS);
  await log.createTopics([{ name: PART_TOPIC, partitions: PARTITIONS, cleanup: 'delete' }]);
  const fleet = new Fleet({ ...options, startMs: soon() });
  const closing = new Closers(fleet);
  const devices = [...fleet.ids, ...closing.ids];
  const pairs = devices.map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const imeis = [...fleet.imeis, ...closing.imeis];
  const keyIds = await enrolFleet(log, { ids: devices, imeis }, pairs);
  const signers = devices.map((id, i): Signer => {
    const key = new TextEncoder().encode(id);
    const partition = partitionForKey(key, 0, key.length, PARTITIONS);
    return { id, key, partition, keyId: keyIds[i]!, privateKey: pairs[i]!.privateKey };
  });
  const payloads = imeis.map(framePayload);
  const [whole, part] = [new FilledBy(log, DEVICE_FRAMES, windowMs), new FilledBy(log, PART_TOPIC, windowMs)];
  for (let i = 0; i < frames; i++) {
    fleet.next();
    const { device, timestamp, sequence, wire } = fleet;
    const payload = payloads[device]!;
    writeMeasures(payload, fleet);
    const signer = signers[device]!;
    const record = signed(signer, sequence, payload);
    for (const topic of i < partFrames ? [whole, part] : [whole]) topic.append(signer, timestamp, record, wire);
    if (i % FLUSH_EVERY === 0) await Promise.all([whole.flush(), part.flush()]);
  }
  await Promise.all([whole.flush(), part.flush()]);
  let closed = 0;
  return {
    whole: whole.filled(),
    part: part.filled(),
    publicKeys: pairs.map(({ publicKey }, i) => {
      const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
      return `${Buffer.from(keyIds[i]!).toString('hex')} ${spki}`;
    }),
    async close(topic) {
      closed++;
      const at = Date.now() + CLOSING_AHEAD_MS;
      const writer = new FrameWriter(log, topic);
      for (const [i, signer] of signers.slice(fleet.ids.length).entries()) {
        const payload = framePayload(closing.imeis[i]!);
        new DataView(payload.buffer).setInt16(23, 3000);
        writer.append(signer, at, signed(signer, closed, payload));
      }
      await writer.flush();
    },
  };
}

/** As it stands in device.frames. */
function signed({ id, keyId, privateKey }: Signer, sequence: number, payload: Uint8Array): Uint8Array {
  const envelope = signEnvelope({ deviceId: id, bootEpoch: 1, sequence, payload }, { keyId, privateKey });
  return encodeFrameRecord(KIND_ENVELOPE, envelope);
}

/** A device for each partition. */
class Closers {
  readonly ids: readonly string[];
  readonly imeis: readonly string[];

  constructor(fleet: Fleet) {
    const ids = new Array<string>(PARTITIONS).fill('');
    for (let i = 0; ids.includes(''); i++) {
      const key = new TextEncoder().encode(`${CLOSING_DEVICE}-${i}`);
      ids[partitionForKey(key, 0, key.length, PARTITIONS)] ||= `${CLOSING_DEVICE}-${i}`;
    }
    this.ids = ids;
    this.imeis = ids.map((_, i) => String(Number(fleet.imeis.at(-1)) + 1 + i));
  }
}

class FrameWriter {
  readonly topic: string;
  readonly #log: Log;
  readonly #encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));

  constructor(log: Log, topic: string) {
    this.#log = log;
    this.topic = topic;
  }

  append({ key, partition }: Signer, timestamp: number, record: Uint8Array): void {
    this.#encoders[partition]!.append(timestamp, key, 0, key.length, record, 0, record.length);
  }

  async flush(): Promise<number> {
    const appends = this.#encoders
      .map((encoder, partition): Append => ({ topic: this.topic, partition, bytes: encoder.finish() }))
      .filter((append) => append.bytes.length > 0);
    // Each by itself: one transaction over all would leave its markers between the frames.
    await Promise.all(appends.map((append) => this.#log.commit({ appends: [append] })));
    return appends.reduce((sum, append) => sum + append.bytes.length, 0);
  }
}

/** A topic, and what must be told of it. */
class FilledBy {
  readonly #writer: FrameWriter;
  readonly #windowMs: number;
  readonly #sums = new Map<string, number[]>();
  #frames = 0;
  #bytes = 0;

  constructor(log: Log, topic: string, windowMs: number) {
    this.#writer = new FrameWriter(log, topic);
    this.#windowMs = windowMs;
  }

  append(signer: Signer, timestamp: number, record: Uint8Array, wire: Int32Array): void {
    this.#writer.append(signer, timestamp, record);
    this.#frames++;
    const start = Math.floor(timestamp / this.#windowMs) * this.#windowMs;
    addTo(this.#sums, `${signer.id} ${start}`, wire);
  }

  async flush(): Promise<void> {
    this.#bytes += await this.#writer.flush();
  }

  filled(): FilledFrames {
    const expected = new Map([...this.#sums].map(([window, numbers]) => [window, numbers.map(BigInt)]));
    return { topic: this.#writer.topic, frames: this.#frames, bytes: this.#bytes, expected };
  }
}

/** Count, then of each quantity sum, least, greatest, squares. */
function addTo(sums: Map<string, number[]>, window: string, wire: Int32Array): void {
  let numbers = sums.get(window);
  if (numbers === undefined) {
    numbers = new Array<number>(1 + 4 * MEASURES).fill(0);
    sums.set(window, numbers);
  }
  const isFirst = numbers[0]! === 0;
  numbers[0]!++;
  for (const [i, value] of wire.entries()) {
    const at = 1 + 4 * i;
    numbers[at]! += value;
    if (isFirst || value < numbers[at + 1]!) numbers[at + 1] = value;
    if (isFirst || value > numbers[at + 2]!) numbers[at + 2] = value;
    numbers[at + 3]! += value * value;
  }
}
