/**
 * The topics of attestation and quarantine. All of them are keyed by device and partitioned as device.frames is. Make one
 * set for each thread: codecs fill one object over and over.
 */
import {
  type ByteSlice,
  type ByteWriter,
  type Codec,
  MsecError,
  rawCodec,
  type Topic,
  type TopicCodec,
  type TopicConfig,
  topic,
} from '../../engine/index.ts';
import { ATTESTATION_SCHEMA, type Attestation, decodeAttestation, encodeAttestation } from '../index.ts';
import { VerifiedFrame, verifiedFrameCodec } from './verified-frame.ts';

/** engine → bridge → device: a challenge of schemas/attestation. */
export const ATTEST_CHALLENGES = 'attest.challenges';
/** What decides about trust, in one order: a kind byte, then evidence or a registry record. */
export const ATTEST_EVIDENCE = 'attest.evidence';
/** Compacted: each device's state. */
export const DEVICE_ATTESTATION = 'device.attestation';
/** Frames that were held: a kind byte, then a verified frame or a mark. */
export const DEVICE_QUARANTINE = 'device.quarantine';
/** What became of held frames: never forgotten. */
export const DEVICE_DECISIONS = 'device.decisions';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const KIND_EVIDENCE = 1;
/** The copy of a registry change, as in device.frames. */
export const KIND_DEVICE = 16;

/** A value of attest.evidence: a view of the record. */
export class EvidenceRecord {
  kind = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** Of the body. */
  start = 0;
  end = 0;
}

/** A value of device.quarantine. */
export class QuarantineEntry {
  /** Null for a mark: the device has proved itself again, and nothing of it was held behind this until the next doubt. */
  frame: VerifiedFrame | null = new VerifiedFrame();
  /** Of a mark: the number of the change of state that it stands for. */
  transition = 0;
}

export interface TrustTopics {
  readonly evidence: Topic<EvidenceRecord>;
  readonly challenges: Topic<ByteSlice>;
  readonly attestation: Topic<Attestation>;
  readonly quarantine: Topic<QuarantineEntry>;
}

export function trustTopics(): TrustTopics {
  return {
    evidence: topic(ATTEST_EVIDENCE, evidenceRecordCodec(), { external: true, retentionMs: DAY_MS }),
    challenges: topic(ATTEST_CHALLENGES, rawCodec(), { retentionMs: HOUR_MS }),
    attestation: topic(DEVICE_ATTESTATION, attestationCodec(), { access: 'public', cleanup: 'compact' }),
    quarantine: topic(DEVICE_QUARANTINE, quarantineCodec(), { retentionMs: 30 * DAY_MS }),
  };
}

/** No actor's, so no plan makes it. */
export function deviceDecisionsConfig(partitions: number): TopicConfig {
  return { name: DEVICE_DECISIONS, partitions, cleanup: 'delete' };
}

/** A value of attest.evidence, an own copy. */
export function encodeEvidenceRecord(kind: typeof KIND_EVIDENCE | typeof KIND_DEVICE, body: Uint8Array) {
  const value = new Uint8Array(1 + body.length);
  value[0] = kind;
  value.set(body, 1);
  return value;
}

export function evidenceRecordCodec(): Codec<EvidenceRecord> {
  const record = new EvidenceRecord();
  return {
    format: 'msec.evidence-record/1',
    decode(bytes, start, end) {
      const kind = start < end ? (bytes[start] as number) : 0;
      if (kind !== KIND_EVIDENCE && kind !== KIND_DEVICE)
        throw new MsecError('EVIDENCE_INVALID', `evidence record, kind at byte 0: ${kind} is not known`, {
          field: 'kind',
          byteOffset: 0,
        });
      record.kind = kind;
      record.bytes = bytes;
      record.start = start + 1;
      record.end = end;
      return record;
    },
    encode({ kind, bytes, start, end }, writer) {
      writer.u8(kind);
      writer.copy(bytes, start, end);
    },
  };
}

export function attestationCodec(): TopicCodec<Attestation> {
  const subject = `${DEVICE_ATTESTATION}-value`;
  let schemaId = -1;
  return {
    format: 'avro:msec.trust.Attestation',
    schemas: [{ subject, schema: ATTESTATION_SCHEMA }],
    bindSchemaIds(ids) {
      schemaId = ids.get(subject) ?? -1;
    },
    decode: (bytes, start, end) => decodeAttestation(bytes, start, end),
    encode(value, writer) {
      if (schemaId < 0) throw new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
      encodeAttestation(writer, schemaId, value);
    },
  };
}

const HELD = 1;
const MARK = 2;

/** held = 1, verified frame; mark = 2, transition u32. */
export function quarantineCodec(): Codec<QuarantineEntry> {
  const frames = verifiedFrameCodec();
  const entry = new QuarantineEntry();
  return {
    format: 'msec.quarantine/1',
    decode(bytes, start, end) {
      const kind = start < end ? bytes[start] : 0;
      if (kind === HELD) {
        entry.frame = frames.decode(bytes, start + 1, end);
        entry.transition = 0;
        return entry;
      }
      if (kind !== MARK || end - start !== 5)
        throw new MsecError('VALUE_INVALID', `quarantine, kind at byte 0: ${kind} with ${end - start} bytes`, {
          field: 'kind',
          byteOffset: 0,
        });
      entry.frame = null;
      entry.transition = new DataView(bytes.buffer, bytes.byteOffset + start + 1, 4).getUint32(0);
      return entry;
    },
    encode({ frame, transition }: QuarantineEntry, writer: ByteWriter) {
      writer.u8(frame === null ? MARK : HELD);
      if (frame === null) writer.u32(transition);
      else frames.encode(frame, writer);
    },
  };
}
