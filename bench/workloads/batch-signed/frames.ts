/**
 * Fills device.frames in Kafka with frames of enrolled devices, packed and sealed in one of the envelope's modes, and
 * counts beside it what each window must hold. A record is written when its device has as many frames as go into one,
 * and its frames carry the record's time: what a device has not filled by the end is left out.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Append, BatchEncoder, type Log, partitionForKey } from '../../../engine/index.ts';
import {
  encodeFrameRecord,
  KIND_ENVELOPE,
  openSession,
  SESSION_FRAMES_MAX,
  type SessionKey,
  sealInSession,
  signBatch,
  signEnvelope,
} from '../../../schemas/envelope/index.ts';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { enrolFleet, makeTopics } from '../../load/fill.ts';
import { soon } from '../../load/filled-log.ts';
import { Fleet, MEASURES } from '../../load/fleet.ts';
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
const FLUSH_BYTES = 8 * 1024 * 1024;

export interface PackedOptions {
  readonly devices: number;
  /** Of event time. */
  readonly framesPerSecond: number;
  readonly frames: number;
  /** More than one: a batch under one signature. */
  readonly framesPerRecord: number;
  /** Sessions with this receiver, one frame a record, in place of signatures. */
  readonly receiver: { readonly publicKey: KeyObject; readonly keyId: Uint8Array } | null;
  readonly windowMs: number;
}

export interface PackedTopic {
  readonly filled: FilledTopic;
  /** In front of the frames: what enrolled the devices. */
  readonly controlRecords: number;
  /** One more frame for each partition, so that every window before it is told. */
  close(): Promise<void>;
}

interface Sender {
  readonly id: string;
  readonly key: Uint8Array;
  readonly partition: number;
  readonly keyId: Uint8Array;
  readonly privateKey: KeyObject;
  session: SessionKey | null;
  /** Begins the next session, with this sequence. */
  readonly renew: (first: number) => SessionKey | null;
  sequence: number;
  readonly payload: Uint8Array;
  waiting: { readonly payload: Uint8Array; readonly wire: Int32Array }[];
}

export async function fillPacked(log: Log, options: PackedOptions): Promise<PackedTopic> {
  await makeTopics(log, PARTITIONS);
  const { devices, framesPerSecond, windowMs, framesPerRecord, receiver } = options;
  const fleet = new Fleet({ devices, framesPerSecond, seed: 3, startMs: soon() });
  const closing = closersOf(fleet);
  const ids = [...fleet.ids, ...closing.ids];
  const imeis = [...fleet.imeis, ...closing.imeis];
  const pairs = ids.map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const keyIds = await enrolFleet(log, { ids, imeis }, pairs, ['frame', 'batch', 'session']);
  const startMs = Date.now();
  const senders = ids.map((id, i): Sender => {
    const key = new TextEncoder().encode(id);
    const { privateKey } = pairs[i]!;
    const keyId = keyIds[i]!;
    const renew = (first: number) => {
      if (receiver === null) return null;
      const terms = { deviceId: id, keyId, bootEpoch: 1, startMs, first, receiverKeyId: receiver.keyId };
      return openSession(privateKey, receiver.publicKey, terms);
    };
    const partition = partitionForKey(key, 0, key.length, PARTITIONS);
    const payload = framePayload(imeis[i]!);
    return { id, key, partition, keyId, privateKey, renew, session: renew(0), sequence: 1, payload, waiting: [] };
  });
  const sums = new Map<string, number[]>();
  const writer = new RecordWriter(log);
  let bytes = 0;
  let frames = 0;
  while (frames < options.frames) {
    fleet.next();
    const sender = senders[fleet.device]!;
    writeMeasures(sender.payload, fleet);
    sender.waiting.push({ payload: sender.payload.slice(), wire: fleet.wire.slice() });
    if (sender.waiting.length < framesPerRecord) continue;
    const start = Math.floor(fleet.timestamp / windowMs) * windowMs;
    for (const { wire } of sender.waiting) addTo(sums, `${sender.id} ${start}`, wire);
    frames += sender.waiting.length;
    writer.append(sender, fleet.timestamp, envelopeOf(sender));
    if (writer.byteLength > FLUSH_BYTES) bytes += await writer.flush();
  }
  bytes += await writer.flush();
  const expected = new Map([...sums].map(([window, numbers]) => [window, numbers.map(BigInt)]));
  return {
    filled: { frames, bytes, expected },
    controlRecords: ids.length,
    async close() {
      const at = Date.now() + CLOSING_AHEAD_MS;
      for (const sender of senders.slice(fleet.ids.length)) {
        new DataView(sender.payload.buffer).setInt16(23, 3000);
        sender.waiting.push({ payload: sender.payload, wire: new Int32Array(MEASURES) });
        writer.append(sender, at, envelopeOf(sender));
      }
      await writer.flush();
    },
  };
}

function envelopeOf(sender: Sender): Uint8Array {
  const { id, keyId, privateKey, sequence, waiting } = sender;
  if (sender.session !== null && sequence - sender.session.first >= SESSION_FRAMES_MAX) {
    sender.session = sender.renew(sequence);
  }
  const { session } = sender;
  const fields = { deviceId: id, bootEpoch: 1, sequence };
  sender.sequence += waiting.length;
  sender.waiting = [];
  const [first] = waiting;
  if (waiting.length > 1) return signBatch({ ...fields, frames: waiting }, { keyId, privateKey });
  if (session !== null) return sealInSession({ ...fields, payload: first!.payload }, session);
  return signEnvelope({ ...fields, payload: first!.payload }, { keyId, privateKey });
}

/** A device for each partition. */
function closersOf(fleet: Fleet): { readonly ids: readonly string[]; readonly imeis: readonly string[] } {
  const ids = new Array<string>(PARTITIONS).fill('');
  for (let i = 0; ids.includes(''); i++) {
    const key = new TextEncoder().encode(`${CLOSING_DEVICE}-${i}`);
    ids[partitionForKey(key, 0, key.length, PARTITIONS)] ||= `${CLOSING_DEVICE}-${i}`;
  }
  return { ids, imeis: ids.map((_, i) => String(Number(fleet.imeis.at(-1)) + 1 + i)) };
}

class RecordWriter {
  readonly #log: Log;
  readonly #encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));

  constructor(log: Log) {
    this.#log = log;
  }

  get byteLength(): number {
    return this.#encoders.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  append({ key, partition }: Sender, timestamp: number, envelope: Uint8Array): void {
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
