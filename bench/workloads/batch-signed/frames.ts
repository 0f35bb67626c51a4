/**
 * Fills device.frames in Kafka with frames of enrolled devices, packed and sealed in one of the envelope's modes, and
 * counts beside it what each window must hold. A record is written when its device has as many frames as go into one,
 * and its frames carry the record's time: what a device has not filled by the end is left out.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Log, partitionForKey } from '../../../engine/index.ts';
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
import { CLOSING_AHEAD_MS, closersOf, RecordWriter, type Sender, WireSums } from '../kafka-windows/enrolled-frames.ts';
import { type FilledTopic, framePayload, PARTITIONS, writeMeasures } from '../kafka-windows/frames.ts';

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

interface Packer extends Sender {
  readonly id: string;
  readonly keyId: Uint8Array;
  readonly privateKey: KeyObject;
  session: SessionKey | null;
  /** Begins the next session, with this sequence. */
  readonly renew: (first: number) => SessionKey | null;
  sequence: number;
  /** Of a record: written over from record to record, as millions of them would be collected otherwise. */
  readonly frames: readonly { readonly payload: Uint8Array; readonly wire: Int32Array }[];
  waiting: number;
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
  const senders = ids.map((id, i): Packer => {
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
    const frames = Array.from({ length: framesPerRecord }, () => {
      return { payload: payload.slice(), wire: new Int32Array(MEASURES) };
    });
    return { id, key, partition, keyId, privateKey, renew, session: renew(0), sequence: 1, frames, waiting: 0 };
  });
  const sums = new WireSums(windowMs);
  const writer = new RecordWriter(log, DEVICE_FRAMES);
  let bytes = 0;
  let frames = 0;
  while (frames < options.frames) {
    fleet.next();
    const sender = senders[fleet.device]!;
    const { payload, wire } = sender.frames[sender.waiting++]!;
    writeMeasures(payload, fleet);
    wire.set(fleet.wire);
    if (sender.waiting < framesPerRecord) continue;
    sums.addAll(sender.id, fleet.timestamp, sender.frames);
    frames += framesPerRecord;
    writer.append(sender, fleet.timestamp, recordOf(sender));
    if (writer.byteLength > FLUSH_BYTES) bytes += await writer.flush();
  }
  bytes += await writer.flush();
  return {
    filled: { frames, bytes, expected: sums.windows() },
    controlRecords: ids.length,
    async close() {
      const at = Date.now() + CLOSING_AHEAD_MS;
      for (const sender of senders.slice(fleet.ids.length)) {
        new DataView(sender.frames[0]!.payload.buffer).setInt16(23, 3000);
        sender.waiting = 1;
        writer.append(sender, at, recordOf(sender));
      }
      await writer.flush();
    },
  };
}

const recordOf = (sender: Packer): Uint8Array => encodeFrameRecord(KIND_ENVELOPE, envelopeOf(sender));

function envelopeOf(sender: Packer): Uint8Array {
  const { id, keyId, privateKey, sequence, frames, waiting } = sender;
  if (sender.session !== null && sequence - sender.session.first >= SESSION_FRAMES_MAX) {
    sender.session = sender.renew(sequence);
  }
  const { session } = sender;
  const fields = { deviceId: id, bootEpoch: 1, sequence };
  sender.sequence += waiting;
  sender.waiting = 0;
  if (waiting > 1) return signBatch({ ...fields, frames }, { keyId, privateKey });
  const { payload } = frames[0]!;
  if (session !== null) return sealInSession({ ...fields, payload }, session);
  return signEnvelope({ ...fields, payload }, { keyId, privateKey });
}
