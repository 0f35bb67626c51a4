/**
 * Turns the payload of a verified frame into readings, by its device's type; one payload may hold several frames. What
 * a frame says of its own identity must be what the device is enrolled as. Addresses become pseudonyms here, and leave
 * in no other form.
 */
import {
  type ActorContext,
  type ActorRecord,
  type ActorTask,
  assert,
  MsecError,
  type Output,
} from '../../engine/index.ts';
import type { OpeningKeys } from '../../schemas/envelope/index.ts';
import type {
  FrameCodec,
  FrameContext,
  FrameTypes,
  Reading,
  ReadingHead,
  SightingsReading,
} from '../../schemas/index.ts';
import {
  asciiBytes,
  DeviceReading,
  DeviceSightings,
  type DeviceTopics,
  type VerifiedFrame,
} from '../../schemas/topics/index.ts';
import { Decoders } from './decoders.ts';
import { Pseudonyms } from './pseudonyms.ts';

export interface DecodeOptions {
  readonly types: FrameTypes;
  /** Opens sealed payloads and makes pseudonyms; of this thread. */
  readonly keys: OpeningKeys;
}

export type DecodeContext = ActorContext<
  Pick<DeviceTopics, 'verified'>,
  Pick<DeviceTopics, 'readings' | 'sightings'>,
  Record<never, never>
>;

export class DecodeTask implements ActorTask<Pick<DeviceTopics, 'verified'>> {
  readonly #context: DecodeContext;
  readonly #readings: Output<DeviceReading>;
  readonly #sightings: Output<DeviceSightings>;
  readonly #keys: OpeningKeys;
  readonly #pseudonyms = new Pseudonyms();
  readonly #decoders: Decoders;
  /** One reading of each type: what is emitted is used again for the next frame. */
  readonly #readingOf: ReadonlyMap<FrameCodec, Reading>;
  readonly #reading: DeviceReading;
  readonly #sighting = new DeviceSightings();
  #frameContext: FrameContext;
  #sealKeyId = '';

  constructor(context: DecodeContext, options: DecodeOptions) {
    this.#context = context;
    this.#readings = context.out.readings;
    this.#sightings = context.out.sightings;
    this.#keys = options.keys;
    this.#decoders = new Decoders(options.types, this.#pseudonyms.write);
    this.#readingOf = new Map(options.types.all.map((type) => [type, type.create()]));
    const [first] = this.#readingOf;
    assert(first !== undefined, 'there is a frame type');
    this.#reading = new DeviceReading(...first);
    this.#frameContext = this.#decoders.context('UTC');
  }

  process(record: ActorRecord<VerifiedFrame>): void {
    const frame = record.value;
    const type = this.#decoders.type(record.keyId, frame.facts);
    if (!frame.isOpen) frame.open(this.#keys, record.keyText());
    try {
      this.#read(record, type);
    } finally {
      // Else the day's key would stay in memory after its destruction, until the next frame with addresses.
      this.#pseudonyms.use(null);
    }
  }

  #read(record: ActorRecord<VerifiedFrame>, type: FrameCodec): void {
    const frame = record.value;
    if (type.format === 'text') this.#prepare(frame, type);
    const reading = this.#reading;
    if (reading.type !== type) {
      reading.type = type;
      reading.reading = this.#readingOf.get(type) as Reading;
    }
    this.#fillHead(record, reading.head);
    const { payload, payloadStart, payloadEnd } = frame;
    const frameEnd = payloadStart + type.frameBytes(payload, payloadStart, payloadEnd);
    if (frameEnd === payloadEnd) {
      this.#decode(record.keyId, payload, payloadStart, payloadEnd);
      this.#emit(record);
    } else this.#several(record);
  }

  /** When one of the frames is refused, what the others made is undone with it: the whole payload counts or none. */
  #several(record: ActorRecord<VerifiedFrame>): void {
    const { payload, payloadStart, payloadEnd } = record.value;
    for (let at = payloadStart; at < payloadEnd; ) {
      let end = at;
      try {
        end = at + this.#reading.type.frameBytes(payload, at, payloadEnd);
        this.#decode(record.keyId, payload, at, end);
      } catch (error) {
        throw movedBy(error, at - payloadStart);
      }
      this.#emit(record);
      at = end;
    }
  }

  #decode(keyId: number, bytes: Uint8Array, start: number, end: number): void {
    const { type, reading } = this.#reading;
    type.decode(bytes, start, end, reading, this.#frameContext);
    if (this.#decoders.isIdentity(keyId, bytes, reading.identityStart, reading.identityEnd)) return;
    throw new MsecError('IDENTITY_MISMATCH', 'the identity in the frame is not the one the device is enrolled with', {
      field: 'identity',
      byteOffset: reading.identityStart - start,
    });
  }

  /** Whoever reads `readings` is given what is published, also where it is called directly; sightings go apart. */
  #emit(record: ActorRecord<VerifiedFrame>): void {
    const { type, reading } = this.#reading;
    if (!type.hasSightings) {
      type.publish(reading);
      this.#readings.emit(this.#reading);
      return;
    }
    const sighting = this.#sighting;
    const heard = reading as SightingsReading;
    const { columns } = sighting;
    columns.sightings = heard.sightings;
    moveColumns(heard, columns);
    heard.pseudonyms = NO_PSEUDONYMS;
    heard.rssi = NO_STRENGTHS;
    heard.isRandomised = NO_PSEUDONYMS;
    type.publish(reading);
    this.#readings.emit(this.#reading);
    moveColumns(columns, heard);
    this.#fillHead(record, sighting.head);
    this.#sightings.emit(sighting);
  }

  #fillHead(record: ActorRecord<VerifiedFrame>, head: ReadingHead): void {
    const frame = record.value;
    const { keys } = this.#context;
    head.device = keys.arena;
    head.deviceStart = keys.startOf(record.keyId);
    head.deviceEnd = keys.endOf(record.keyId);
    head.eventTime = record.timestamp;
    head.receivedAt = frame.receivedAtMs;
    head.bootEpoch = frame.bootEpoch;
    head.sequence = frame.sequence;
    head.verified = frame.isVerified;
    head.suspect = frame.isSuspect;
  }

  /** A text frame's date is judged by the receive time, and its addresses need the day's key. */
  #prepare(frame: VerifiedFrame, type: FrameCodec): void {
    this.#frameContext = this.#decoders.context(frame.facts.timeZone);
    this.#frameContext.receivedAt = frame.receivedAtMs;
    if (!type.hasSightings) return;
    if (!frame.isSealed) {
      throw new MsecError('SEAL_INVALID', 'a frame with personal data came in clear', { field: 'kind', byteOffset: 0 });
    }
    const key = this.#keys.pseudonymKey(frame.sealKeyId);
    if (key === null) {
      throw new MsecError('KEY_DESTROYED', `the pseudonym key ${frame.sealKeyId} was destroyed`, { field: 'keyId' });
    }
    this.#pseudonyms.use(key);
    if (this.#sealKeyId === frame.sealKeyId) return;
    this.#sealKeyId = frame.sealKeyId;
    this.#sighting.keyId = asciiBytes(frame.sealKeyId);
  }
}

const NO_PSEUDONYMS = new Uint8Array(0);
const NO_STRENGTHS = new Int16Array(0);

type Columns = Pick<SightingsReading, 'pseudonyms' | 'rssi' | 'isRandomised'>;

function moveColumns(from: Columns, to: Columns): void {
  to.pseudonyms = from.pseudonyms;
  to.rssi = from.rssi;
  to.isRandomised = from.isRandomised;
}

/** Offsets count from the payload's start, also in its second frame. */
function movedBy(error: unknown, bytes: number): unknown {
  if (!(error instanceof MsecError) || bytes === 0) return error;
  const { code, message, field, byteOffset = 0 } = error;
  return new MsecError(code, `${message} (in the frame at byte ${bytes})`, {
    ...(field === undefined ? {} : { field }),
    byteOffset: byteOffset + bytes,
  });
}
