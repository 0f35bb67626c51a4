/**
 * What every generated frame codec offers, and the flyweights it fills. A reading is decoded in place: it holds
 * integers in the wire's unit and offsets into the caller's bytes, valid until those bytes or the reading are reused.
 */
import type { ByteWriter } from './base.ts';
import { UTC, type Zone } from './zone.ts';

/** Numbers of one reading, reused for each frame. The class behind it is generated, one for each frame type. */
export interface Reading {
  /** One bit for each entry of the codec's `flagNames`. */
  flags: number;
  /** Where the identity that the frame claims (IMEI, serial) lies in the decoded bytes; both 0 after decodeReading. */
  identityStart: number;
  identityEnd: number;
}

/** A reading with a list of addresses, which it holds only as pseudonyms. `sightings` rows are in use. */
export interface SightingsReading extends Reading {
  /** Different addresses, and how many of them are locally administered. Of a published reading 0 where suppressed. */
  distinct: number;
  randomised: number;
  sightings: number;
  /** Eight bytes a row. */
  pseudonyms: Uint8Array;
  rssi: Int16Array;
  /** 1 where the address is locally administered, thus most likely randomised. */
  isRandomised: Uint8Array;
}

/** What the envelope and the bridge say of a reading; the fields at the head of every published record. */
export class ReadingHead {
  /** UTF-8 in `device[deviceStart..deviceEnd)`. */
  device: Uint8Array = new Uint8Array(0);
  deviceStart = 0;
  deviceEnd = 0;
  /** Milliseconds of Unix time. */
  eventTime = 0;
  receivedAt = 0;
  bootEpoch = 0;
  sequence = 0;
  /** False for a legacy device whose frame carried no signature. */
  verified = false;
  /** True once two different signed frames of the device carried one sequence, until it is reset. */
  suspect = false;
}

/**
 * Writes the 8-byte pseudonym of a 6-byte address to `into` at `at`. Must be a function of the address and the day's
 * key alone. `mac` is the decoder's scratch and overwritten afterwards: never keep it.
 */
export type Pseudonymise = (mac: Uint8Array, into: Uint8Array, at: number) => void;

/** What a decoder must know that is not in the frame. Reused; set before each decode of a text frame. */
export class FrameContext {
  /** The zone of the device's own clock. */
  zone: Zone = UTC;
  pseudonymise: Pseudonymise;
  /** When the bridge received the frame; NaN leaves the clock-skew check out. */
  receivedAt = Number.NaN;
  /** How far the frame's date may lie from `receivedAt`; NaN takes the description's limit. */
  clockSkewMsMax = Number.NaN;

  constructor(pseudonymise: Pseudonymise) {
    this.pseudonymise = pseudonymise;
  }
}

export interface Measure {
  readonly name: string;
  readonly unit: string;
  /** Wire integer = value in `unit` × scale. */
  readonly scale: number;
}

/** Where a field of a binary frame lies. */
export interface FieldSpan {
  readonly name: string;
  /** As the device maker's document calls it. */
  readonly label: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What an identity in the frame looks like, so that no device is enrolled under one that it cannot send. */
export interface IdentityForm {
  /** The source of a regular expression. */
  readonly pattern: string;
  readonly says: string;
}

/** JSON as `msec decode` prints it. */
export type JsonView = { readonly [name: string]: unknown };

/**
 * All methods throw MsecError: FRAME_INVALID (with field, and byteOffset from `start`) for a frame, AVRO_INVALID for a
 * published record. `V` is the plain object that the encoder takes: integers in wire units.
 */
export interface FrameCodec<R extends Reading = Reading, V = never> {
  /** As in the description; also the `type` of aggregates. */
  readonly name: string;
  readonly title: string;
  readonly format: 'binary' | 'text';
  /** The first byte of a binary frame; null for text. */
  readonly typeByte: number | null;
  /** The length of every binary frame; the longest of a text frame. */
  readonly sizeBytes: number;
  /** Empty for text. */
  readonly spans: readonly FieldSpan[];
  /** Null where the frame names no device; then key and credential alone say whose it is. */
  readonly identity: IdentityForm | null;
  readonly measures: readonly Measure[];
  readonly flagNames: readonly string[];
  /** The Avro schema of the published reading, as JSON text. */
  readonly avroSchema: string;
  /** Whether `sightings` may be read from its readings. */
  readonly hasSightings: boolean;
  /** The name under which distinct devices are counted; null where there are none. */
  readonly distinctName: string | null;
  readonly suppressBelow: number;

  create(): R;
  /** A cheap structural look: type, length. True promises nothing about the rest. */
  matches(bytes: Uint8Array, start: number, end: number): boolean;
  /** The length of the first frame of `bytes[start..end)`, by its LENGTH; all of it for text. */
  frameBytes(bytes: Uint8Array, start: number, end: number): number;
  /** `bytes[start..end)` must be exactly one frame. After a throw the reading's contents are undefined. */
  decode(bytes: Uint8Array, start: number, end: number, into: R, context: FrameContext): void;
  /** Appends a frame. The limits of the wire are checked, the physical ones are not: a device may send what it likes. */
  encode(writer: ByteWriter, values: V): void;
  /** Whether the identity in the frame equals `expected`, ASCII bytes, which are compared in place. */
  identityEquals(bytes: Uint8Array, reading: R, expected: Uint8Array): boolean;
  /** Writes the measures in wire units, in the order of `measures`, NaN where out of range. */
  copyMeasures(reading: R, into: Float64Array): void;
  /**
   * Leaves of a decoded reading what is published, as decodeReading would give it: measures out of range are 0, small
   * counts are 0. So an actor sees the same whether a topic stands before it or it is called directly.
   */
  publish(reading: R): void;
  /** Appends the published reading in Confluent's wire format (0x00, schema id, Avro). */
  encodeReading(writer: ByteWriter, schemaId: number, head: ReadingHead, reading: R): void;
  /**
   * Reads what encodeReading wrote, from `start` at the 0x00; knows this one schema, other writers' go through avsc.
   * The head's device points into `bytes`. Returns the schema id.
   */
  decodeReading(bytes: Uint8Array, start: number, end: number, head: ReadingHead, into: R): number;
  /** `bytes` are those that were decoded. */
  toJson(bytes: Uint8Array, reading: R): JsonView;
}
