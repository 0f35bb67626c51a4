/**
 * Turns the payload of a verified frame into readings, by its device's type; one payload may hold several frames. What
 * a frame says of its own identity must be what the device is enrolled as. Addresses become pseudonyms here, and leave
 * in no other form.
 */
import { type ActorContext, type ActorRecord, type ActorTask, MsecError, type Output } from '../../engine/index.ts';
import type { OpeningKeys } from '../../schemas/envelope/index.ts';
import {
  type FrameCodec,
  FrameContext,
  type FrameTypes,
  type Reading,
  type ReadingHead,
  type SightingsReading,
  zoneOf,
} from '../../schemas/index.ts';
import {
  asciiBytes,
  type DeviceFacts,
  DeviceReading,
  DeviceSightings,
  type DeviceTopics,
  type VerifiedFrame,
} from '../../schemas/topics/index.ts';
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

/** What a device's facts come to, looked up once for each facts object. */
interface Decoder {
  readonly type: FrameCodec;
  readonly reading: Reading;
  readonly identity: Uint8Array;
  readonly context: FrameContext;
}

const DECODERS_MAX = 10_000;

export class DecodeTask implements ActorTask<Pick<DeviceTopics, 'verified'>> {
  readonly #context: DecodeContext;
  readonly #readings: Output<DeviceReading>;
  readonly #sightings: Output<DeviceSightings>;
  readonly #types: FrameTypes;
  readonly #keys: OpeningKeys;
  readonly #pseudonyms = new Pseudonyms();
  readonly #decoders = new Map<DeviceFacts, Decoder>();
  /** What each key had last, to spare the map: valid while the facts are the same object. */
  readonly #factsOfKey: (DeviceFacts | undefined)[] = [];
  readonly #decoderOfKey: (Decoder | undefined)[] = [];
  /** One reading of each type: what is emitted is used again for the next frame. */
  readonly #readingOf = new Map<FrameCodec, Reading>();
  readonly #reading: DeviceReading;
  readonly #sighting = new DeviceSightings();
  #sealKeyId = '';

  constructor(context: DecodeContext, options: DecodeOptions) {
    this.#context = context;
    this.#readings = context.out.readings;
    this.#sightings = context.out.sightings;
    this.#types = options.types;
    this.#keys = options.keys;
    for (const type of options.types.all) this.#readingOf.set(type, type.create());
    const [[type, reading]] = this.#readingOf as Iterable<[FrameCodec, Reading]> as [[FrameCodec, Reading]];
    this.#reading = new DeviceReading(type, reading);
  }

  process(record: ActorRecord<VerifiedFrame>): void {
    const frame = record.value;
    const decoder = this.#decoderFor(record.keyId, frame.facts);
    const { type } = decoder;
    if (!frame.isOpen) frame.open(this.#keys, record.keyText());
    if (type.format === 'text') this.#prepare(frame, decoder);
    this.#fillHead(record, this.#reading.head);
    this.#reading.type = type;
    this.#reading.reading = decoder.reading;
    const { payload, payloadStart, payloadEnd } = frame;
    const frameEnd = payloadStart + type.frameBytes(payload, payloadStart, payloadEnd);
    if (frameEnd !== payloadEnd) {
      this.#several(record, decoder);
      return;
    }
    this.#decode(decoder, payload, payloadStart, payloadEnd);
    this.#emit(record, decoder);
  }

  /** When one of the frames is refused, what the others made is undone with it: the whole payload counts or none. */
  #several(record: ActorRecord<VerifiedFrame>, decoder: Decoder): void {
    const { payload, payloadStart, payloadEnd } = record.value;
    for (let at = payloadStart; at < payloadEnd; ) {
      let end = at;
      try {
        end = at + decoder.type.frameBytes(payload, at, payloadEnd);
        this.#decode(decoder, payload, at, end);
      } catch (error) {
        throw movedBy(error, at - payloadStart);
      }
      this.#emit(record, decoder);
      at = end;
    }
  }

  #decode(decoder: Decoder, bytes: Uint8Array, start: number, end: number): void {
    const { type, reading, identity, context } = decoder;
    type.decode(bytes, start, end, reading, context);
    if (type.identityEquals(bytes, reading, identity)) return;
    throw new MsecError('IDENTITY_MISMATCH', 'the identity in the frame is not the one the device is enrolled with', {
      field: 'identity',
      byteOffset: reading.identityStart - start,
    });
  }

  #emit(record: ActorRecord<VerifiedFrame>, decoder: Decoder): void {
    this.#readings.emit(this.#reading);
    if (!decoder.type.hasSightings) return;
    const sighting = this.#sighting;
    this.#fillHead(record, sighting.head);
    sighting.columns = decoder.reading as SightingsReading;
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
  #prepare(frame: VerifiedFrame, decoder: Decoder): void {
    decoder.context.receivedAt = frame.receivedAtMs;
    if (!decoder.type.hasSightings) return;
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

  #decoderFor(keyId: number, facts: DeviceFacts): Decoder {
    if (this.#factsOfKey[keyId] === facts) return this.#decoderOfKey[keyId] as Decoder;
    const decoder = this.#decoders.get(facts) ?? this.#addDecoder(facts);
    while (this.#factsOfKey.length <= keyId) {
      this.#factsOfKey.push(undefined);
      this.#decoderOfKey.push(undefined);
    }
    this.#factsOfKey[keyId] = facts;
    this.#decoderOfKey[keyId] = decoder;
    return decoder;
  }

  #addDecoder(facts: DeviceFacts): Decoder {
    const type = this.#types.byName(facts.type);
    const reading = type === null ? undefined : this.#readingOf.get(type);
    if (type === null || reading === undefined) {
      throw new MsecError('CONFIG_INVALID', `no frame type is called "${facts.type}"`, { field: 'type' });
    }
    const context = new FrameContext(this.#pseudonyms.write);
    context.zone = zoneOf(facts.timeZone);
    const decoder: Decoder = { type, reading, identity: asciiBytes(facts.identity), context };
    if (this.#decoders.size >= DECODERS_MAX) this.#decoders.clear();
    this.#decoders.set(facts, decoder);
    return decoder;
  }
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
