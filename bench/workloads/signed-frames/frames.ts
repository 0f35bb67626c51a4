/**
 * Fills device.frames in Kafka with signed frames of enrolled devices, and counts beside it, in plain numbers, what each
 * window must hold. Event time begins after the devices' enrolment, because it never goes back.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Log, partitionForKey } from '../../../engine/index.ts';
import { encodeFrameRecord, KIND_ENVELOPE, signEnvelope } from '../../../schemas/envelope/index.ts';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { enrolFleet, makeTopics } from '../../load/fill.ts';
import { soon } from '../../load/filled-log.ts';
import { Fleet, type FleetOptions } from '../../load/fleet.ts';
import { CLOSING_AHEAD_MS, closersOf, RecordWriter, type Sender, WireSums } from '../kafka-windows/enrolled-frames.ts';
import { type FilledFrames, framePayload, PARTITIONS, writeMeasures } from '../kafka-windows/frames.ts';

const FLUSH_EVERY = 4096;

interface Signer extends Sender {
  readonly id: string;
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
  const closing = closersOf(fleet);
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
      const writer = new RecordWriter(log, topic);
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

/** A topic, and what must be told of it. */
class FilledBy {
  readonly #writer: RecordWriter;
  readonly #sums: WireSums;
  #frames = 0;
  #bytes = 0;

  constructor(log: Log, topic: string, windowMs: number) {
    this.#writer = new RecordWriter(log, topic);
    this.#sums = new WireSums(windowMs);
  }

  append(signer: Signer, timestamp: number, record: Uint8Array, wire: Int32Array): void {
    this.#writer.append(signer, timestamp, record);
    this.#frames++;
    this.#sums.add(signer.id, timestamp, wire);
  }

  async flush(): Promise<void> {
    this.#bytes += await this.#writer.flush();
  }

  filled(): FilledFrames {
    return { topic: this.#writer.topic, frames: this.#frames, bytes: this.#bytes, expected: this.#sums.windows() };
  }
}
