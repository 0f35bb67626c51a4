/**
 * The topics of the log of interactions. All of them are keyed by trustee and partitioned as trust.interactions is; a
 * checkpoint, which is its partition's, lies under the key of the partition's first entry.
 */
import { ByteSlice, type Codec, MsecError, type Topic, type TopicCodec, topic } from '../../engine/index.ts';
import { CHECKPOINT_SCHEMA, LOG_ENTRY_SCHEMA } from '../index.ts';
import {
  Accepted,
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  WIRE_HEADER_BYTES,
} from '../trust-log/index.ts';

/** Interactions that counted, in the order in which they did, by trustee: between actors, no topic where these are fused. */
export const TRUST_ACCEPTED = 'trust.accepted';
/** The same, chained: whoever reads it to its end can make every score of his partition anew. */
export const TRUST_LOG = 'trust.log';
export const TRUST_CHECKPOINTS = 'trust.checkpoints';

const DAY_MS = 86_400_000;

export interface TrustLogTopics {
  readonly accepted: Topic<Accepted>;
  /** The Avro body of an entry, without its schema's id. */
  readonly log: Topic<ByteSlice>;
  readonly checkpoints: Topic<Checkpoint>;
}

/** Log and checkpoints are kept for ever unless the configuration says otherwise. */
export function trustLogTopics(): TrustLogTopics {
  return {
    accepted: topic(TRUST_ACCEPTED, acceptedCodec(), { retentionMs: DAY_MS }),
    log: topic(TRUST_LOG, logCodec(), { access: 'public' }),
    checkpoints: topic(TRUST_CHECKPOINTS, checkpointCodec(), { access: 'public' }),
  };
}

/** correction u8 · the interaction's Avro body. The value is one object, filled anew for each record. */
function acceptedCodec(): Codec<Accepted> {
  const accepted = new Accepted();
  return {
    format: 'msec.trust-accepted/1',
    decode(bytes, start, end) {
      if (start >= end || bytes[start]! > 1)
        throw new MsecError('VALUE_INVALID', 'accepted interaction, correction at byte 0: must be 0 or 1', {
          field: 'isCorrection',
          byteOffset: 0,
        });
      accepted.isCorrection = bytes[start] === 1;
      accepted.bytes = bytes;
      accepted.start = start + 1;
      accepted.end = end;
      return accepted;
    },
    encode({ isCorrection, bytes, start, end }, writer) {
      writer.u8(isCorrection ? 1 : 0);
      writer.copy(bytes, start, end);
    },
  };
}

function logCodec(): TopicCodec<ByteSlice> {
  const subject = `${TRUST_LOG}-value`;
  const slice = new ByteSlice();
  const header = new Uint8Array(WIRE_HEADER_BYTES);
  let isBound = false;
  return {
    format: 'avro:msec.trust.LogEntry',
    schemas: [{ subject, schema: LOG_ENTRY_SCHEMA }],
    bindSchemaIds(ids) {
      const schemaId = ids.get(subject);
      isBound = schemaId !== undefined;
      new DataView(header.buffer).setUint32(1, schemaId ?? 0);
    },
    decode(bytes, start, end) {
      slice.bytes = bytes;
      slice.start = start + WIRE_HEADER_BYTES;
      slice.end = end;
      return slice;
    },
    encode({ bytes, start, end }, writer) {
      if (!isBound) throw noSchemaId(subject);
      writer.copy(header);
      writer.copy(bytes, start, end);
    },
  };
}

function checkpointCodec(): TopicCodec<Checkpoint> {
  const subject = `${TRUST_CHECKPOINTS}-value`;
  let schemaId = -1;
  return {
    format: 'avro:msec.trust.Checkpoint',
    schemas: [{ subject, schema: CHECKPOINT_SCHEMA }],
    bindSchemaIds(ids) {
      schemaId = ids.get(subject) ?? -1;
    },
    decode: (bytes, start, end) => decodeCheckpoint(bytes, start, end),
    encode(value, writer) {
      if (schemaId < 0) throw noSchemaId(subject);
      encodeCheckpoint(writer, schemaId, value);
    },
  };
}

const noSchemaId = (subject: string): MsecError =>
  new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
