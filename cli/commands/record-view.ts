/**
 * A record as JSON for people: Avro by its registered schema, JSON as it is, frames by their envelope, everything else in
 * hex. Whatever looks as if it held a MAC address in clear is not shown, wherever it comes from.
 */
import { type LogReader, MsecError } from '../../engine/index.ts';
import { parseSchema, readWireHeader, SchemaRegistry, WIRE_HEADER_BYTES } from '../../engine/registry/index.ts';
import { decodeTrustWord } from '../../schemas/attestation/index.ts';
import {
  EnvelopeView,
  hasMacAddress,
  isSealedKind,
  KIND_CONTROL,
  KIND_ENVELOPE,
  KIND_RELEASED,
  KIND_TRUST,
  PAYLOAD_BYTES_CEILING,
  readSealedHead,
} from '../../schemas/envelope/index.ts';
import { DEVICE_FRAMES, DEVICE_REGISTRY } from '../../schemas/topics/index.ts';
import { letterView, loadSchemas, SCHEMAS_TOPIC } from '../city/index.ts';
import { eveView } from './eve-view.ts';
import type { WalkedRecord } from './record-walk.ts';
import { releasedView, trustView } from './trust-view.ts';

/** Longer values are cut: a terminal is no place for them. */
const HEX_BYTES_MAX = 4_096;
const NOT_SHOWN = '[not shown: it looks as if it held a MAC address]';
const NOT_SHOWN_FIELDS = new Set(['credentialHash', 'tagKey']);
const utf8 = new TextDecoder('utf-8', { fatal: true });

type AvroType = ReturnType<typeof parseSchema>['type'];

export class RecordViews {
  readonly #registry: SchemaRegistry | null;
  readonly #readers = new Map<number, { readonly type: AvroType; readonly schema: unknown } | null>();
  readonly #envelope = new EnvelopeView(PAYLOAD_BYTES_CEILING);

  private constructor(registry: SchemaRegistry | null) {
    this.#registry = registry;
  }

  /** With the schemas that the log holds. */
  static async open(reader: LogReader, hasSchemas: boolean): Promise<RecordViews> {
    if (!hasSchemas) return new RecordViews(null);
    const log = {
      load: () => loadSchemas(reader),
      append: () => Promise.reject(new MsecError('CLOSED', 'only for reading')),
    };
    return new RecordViews(await SchemaRegistry.open(log));
  }

  /** Key and value as they are, in base64, for programs that read them by themselves. */
  raw({ topic, partition, offset, timestamp, key, value }: WalkedRecord): Record<string, unknown> {
    const bytes = (part: Uint8Array | null) =>
      part === null ? null : hasMacAddress(part, 0, part.length) ? NOT_SHOWN : Buffer.from(part).toString('base64');
    return { topic, partition, offset, timestamp, key: bytes(key), value: bytes(value) };
  }

  view(record: WalkedRecord): Record<string, unknown> {
    const { topic, partition, offset, timestamp, key, value } = record;
    const letter = topic.endsWith('.dlq') ? letterView(record) : undefined;
    return {
      topic,
      partition,
      offset,
      time: new Date(timestamp).toISOString(),
      key: key === null ? null : textOrHex(key),
      ...(letter === undefined
        ? {}
        : {
            letter: {
              reason: letter.code,
              message: letter.message,
              actor: letter.actor,
              field: letter.field,
              byteOffset: letter.byteOffset,
              source: letter.source,
              attempts: letter.attempts,
            },
          }),
      value: value === null ? null : this.#value(topic, value),
    };
  }

  #value(topic: string, value: Uint8Array): unknown {
    const eve = eveView(topic, value, NOT_SHOWN);
    if (eve !== undefined) return eve;
    if (hasMacAddress(value, 0, value.length)) return NOT_SHOWN;
    const source = topic.replace(/\.(dlq|resend)$/, '');
    if (source === DEVICE_FRAMES) return this.#frame(value);
    if (topic === DEVICE_REGISTRY || topic === SCHEMAS_TOPIC.name) return jsonView(value) ?? hex(value);
    return trustView(source, value) ?? this.#avro(value) ?? (isJson(value) ? jsonView(value) : undefined) ?? hex(value);
  }

  /** undefined where it is no Avro of a known schema. */
  #avro(bytes: Uint8Array): unknown {
    if (this.#registry === null || bytes.length < WIRE_HEADER_BYTES || bytes[0] !== 0) return undefined;
    const id = readWireHeader(bytes);
    let reader = this.#readers.get(id);
    if (reader === undefined) {
      reader = this.#readerOf(id);
      this.#readers.set(id, reader);
    }
    if (reader === null) return undefined;
    try {
      const body = Buffer.from(bytes.buffer, bytes.byteOffset + WIRE_HEADER_BYTES, bytes.length - WIRE_HEADER_BYTES);
      return plain(reader.type.fromBuffer(body), reader.schema);
    } catch {
      return undefined;
    }
  }

  #readerOf(id: number) {
    try {
      const { schema } = this.#registry!.byId(id);
      return { type: parseSchema(schema).type, schema: JSON.parse(schema) as unknown };
    } catch {
      return null;
    }
  }

  #frame(bytes: Uint8Array): unknown {
    const kind = bytes[0] ?? 0;
    if (kind === KIND_CONTROL)
      return { kind: 'registry change', record: jsonView(bytes.subarray(1)) ?? hex(bytes.subarray(1)) };
    if (kind === KIND_TRUST) return { kind: 'trust word', ...decodeTrustWord(bytes, 1, bytes.length) };
    if (kind === KIND_RELEASED) return releasedView(bytes);
    if (isSealedKind(kind)) {
      try {
        return { kind: 'sealed', keyId: readSealedHead(bytes, 0, bytes.length).keyId, bytes: bytes.length };
      } catch {
        return { kind: 'sealed', bytes: bytes.length };
      }
    }
    if (kind !== KIND_ENVELOPE) return { kind: 'unsigned frame', payload: hex(bytes.subarray(1)) };
    const view = this.#envelope;
    if (!view.tryParseOnly(bytes, 1, bytes.length)) return { kind: 'broken envelope', ...hex(bytes.subarray(1)) };
    const { bootEpoch, sequence, hasDeviceTime, deviceTimeMs, payloadStart, payloadEnd, deviceIdStart, deviceIdEnd } =
      view;
    const half = (word: number) => word.toString(16).padStart(8, '0');
    return {
      kind: view.mode === 1 ? 'signed envelope' : 'unsigned envelope',
      device: textOrHex(bytes.subarray(deviceIdStart, deviceIdEnd)),
      keyId: `${half(view.keyIdHigh)}${half(view.keyIdLow)}`,
      bootEpoch,
      sequence,
      deviceTime: hasDeviceTime ? new Date(deviceTimeMs).toISOString() : null,
      payload: hex(bytes.subarray(payloadStart, payloadEnd)),
    };
  }
}

function hex(bytes: Uint8Array): { hex: string; bytes: number } {
  return { hex: Buffer.from(bytes.subarray(0, HEX_BYTES_MAX)).toString('hex'), bytes: bytes.length };
}

function textOrHex(bytes: Uint8Array): string {
  if (hasMacAddress(bytes, 0, bytes.length)) return NOT_SHOWN;
  try {
    const text = utf8.decode(bytes);
    if (/^[\x20-\x7e\u00a0-\uffff]*$/.test(text)) return text;
  } catch {
    // No text; then its digits.
  }
  return Buffer.from(bytes).toString('hex');
}

/** Text of an object or a list; a number or a word may be anything. */
const isJson = (bytes: Uint8Array): boolean => bytes[0] === 0x7b || bytes[0] === 0x5b;

function jsonView(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes), (key, value: unknown) => (NOT_SHOWN_FIELDS.has(key) ? undefined : value));
  } catch {
    return undefined;
  }
}

/** Instants in ISO 8601, bytes in hex; the schema says which longs are instants. */
function plain(value: unknown, schema: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(schema)) {
    const chosen = schema.find((one) => one !== 'null');
    return plain(value, chosen);
  }
  if (typeof schema !== 'object' || schema === null) return value;
  const { type, logicalType, fields, items } = schema as {
    type?: unknown;
    logicalType?: string;
    fields?: { name: string; type: unknown }[];
    items?: unknown;
  };
  if (logicalType === 'timestamp-millis' && typeof value === 'number') return new Date(value).toISOString();
  if (type === 'array' && Array.isArray(value)) return value.map((one) => plain(one, items));
  if (type === 'record' && fields !== undefined) {
    const record = value as Record<string, unknown>;
    return Object.fromEntries(fields.map((field) => [field.name, plain(record[field.name], field.type)]));
  }
  return typeof type === 'object' ? plain(value, type) : value;
}
