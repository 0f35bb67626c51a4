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
  type FilledTopic,
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

export interface SignedTopic {
  readonly filled: FilledTopic;
  /** Lines of key id and public key, for a peer that has no registry. */
  readonly publicKeys: readonly string[];
  /** One more frame for each partition, so that every window before it is told. */
  close(): Promise<void>;
}

export async function fillSigned(
  log: Log,
  options: Omit<FleetOptions, 'startMs'>,
  frames: number,
  windowMs: number,
): Promise<SignedTopic> {
  await makeTopics(log, PARTITIONS);
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
  const sums = new Map<string, number[]>();
  const payloads = imeis.map(framePayload);
  const writer = new FrameWriter(log);
  let bytes = 0;
  for (let i = 0; i < frames; i++) {
    fleet.next();
    const { device, timestamp, sequence, wire } = fleet;
    const payload = payloads[device]!;
    writeMeasures(payload, fleet);
    writer.append(signers[device]!, sequence, timestamp, payload);
    const start = Math.floor(timestamp / windowMs) * windowMs;
    addTo(sums, `${fleet.ids[device]} ${start}`, wire);
    if (i % FLUSH_EVERY === 0) bytes += await writer.flush();
  }
  bytes += await writer.flush();
  const expected = new Map([...sums].map(([window, numbers]) => [window, numbers.map(BigInt)]));
  let closed = 0;
  return {
    filled: { frames, bytes, expected },
    publicKeys: pairs.map(({ publicKey }, i) => {
      const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
      return `${Buffer.from(keyIds[i]!).toString('hex')} ${spki}`;
    }),
    async close() {
      closed++;
      const at = Date.now() + CLOSING_AHEAD_MS;
      for (const [i, signer] of signers.slice(fleet.ids.length).entries()) {
        const payload = framePayload(closing.imeis[i]!);
        new DataView(payload.buffer).setInt16(23, 3000);
        writer.append(signer, closed, at, payload);
      }
      await writer.flush();
    },
  };
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
  readonly #log: Log;
  readonly #encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));

  constructor(log: Log) {
    this.#log = log;
  }

  append(signer: Signer, sequence: number, timestamp: number, payload: Uint8Array): void {
    const { id, key, keyId, privateKey, partition } = signer;
    const envelope = signEnvelope({ deviceId: id, bootEpoch: 1, sequence, payload }, { keyId, privateKey });
    const value = encodeFrameRecord(KIND_ENVELOPE, envelope);
    this.#encoders[partition]!.append(timestamp, key, 0, key.length, value, 0, value.length);
  }

  async flush(): Promise<number> {
    const appends = this.#encoders
      .map((encoder, partition): Append => ({ topic: DEVICE_FRAMES, partition, bytes: encoder.finish() }))
      .filter((append) => append.bytes.length > 0);
    // Each by itself: one transaction over all would leave its markers between the frames.
    await Promise.all(appends.map((append) => this.#log.commit({ appends: [append] })));
    return appends.reduce((sum, append) => sum + append.bytes.length, 0);
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
