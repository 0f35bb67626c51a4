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
  type HandedRun,
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
    this.#read(record.keyId, record.timestamp, frame, type);
  }

  /** Readings are made while whoever reads them moves through them, where each frame makes one and nothing else. */
  processRun(_input: 'verified', run: HandedRun<VerifiedFrame>): void {
    const { from, to, timestamps, keyId, value } = run;
    run.move(from);
    const type = this.#decoders.type(keyId, value.facts);
    if (type.format === 'text' || type.hasSightings) {
      for (let i = from; i < to; i++) {
        run.move(i);
        this.#read(keyId, timestamps[i]!, value, this.#decoders.type(keyId, value.facts));
      }
      return;
    }
    const move = (i: number) => {
      run.move(i);
      this.#readAlone(keyId, timestamps[i]!, value);
    };
    this.#use(type);
    this.#readings.emitRun(this.#reading, { from, to, timestamps, move });
  }

  /** A frame of a run, of the type in use and with nothing behind it; else they come again one by one. */
  #readAlone(keyId: number, timestamp: number, frame: VerifiedFrame): void {
    const { payload, payloadStart, payloadEnd } = frame;
    const { type, reading, head } = this.#reading;
    const isAlone = type.frameBytes(payload, payloadStart, payloadEnd) === payloadEnd - payloadStart;
    if (!isAlone || this.#decoders.type(keyId, frame.facts) !== type) throw notAlone();
    this.#fillHead(keyId, timestamp, frame, head);
    this.#decode(keyId, payload, payloadStart, payloadEnd);
    type.publish(reading);
  }

  #use(type: FrameCodec): void {
    const reading = this.#reading;
    if (reading.type === type) return;
    reading.type = type;
    reading.reading = this.#readingOf.get(type) as Reading;
  }

  #read(keyId: number, timestamp: number, frame: VerifiedFrame, type: FrameCodec): void {
    try {
      if (type.format === 'text') this.#prepare(frame, type);
      this.#use(type);
      this.#fillHead(keyId, timestamp, frame, this.#reading.head);
      const { payload, payloadStart, payloadEnd } = frame;
      const frameEnd = payloadStart + type.frameBytes(payload, payloadStart, payloadEnd);
      if (frameEnd === payloadEnd) {
        this.#decode(keyId, payload, payloadStart, payloadEnd);
        this.#emit(keyId, timestamp, frame);
      } else this.#several(keyId, timestamp, frame);
    } finally {
      // Else the day's key would stay in memory after its destruction, until the next frame with addresses.
      this.#pseudonyms.use(null);
    }
  }

  /** When one of the frames is refused, what the others made is undone with it: the whole payload counts or none. */
  #several(keyId: number, timestamp: number, frame: VerifiedFrame): void {
    const { payload, payloadStart, payloadEnd } = frame;
    for (let at = payloadStart; at < payloadEnd; ) {
      let end = at;
      try {
        end = at + this.#reading.type.frameBytes(payload, at, payloadEnd);
        this.#decode(keyId, payload, at, end);
      } catch (error) {
        throw movedBy(error, at - payloadStart);
      }
      this.#emit(keyId, timestamp, frame);
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
  #emit(keyId: number, timestamp: number, frame: VerifiedFrame): void {
    const { type, reading } = this.#reading;
    if (!type.hasSightings) {
      type.publish(reading);
      this.#readings.emitFor(keyId, this.#reading, timestamp);
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
    this.#readings.emitFor(keyId, this.#reading, timestamp);
    moveColumns(columns, heard);
    this.#fillHead(keyId, timestamp, frame, sighting.head);
    this.#sightings.emitFor(keyId, sighting, timestamp);
  }

  #fillHead(keyId: number, timestamp: number, frame: VerifiedFrame, head: ReadingHead): void {
    const { keys } = this.#context;
    head.device = keys.arena;
    head.deviceStart = keys.startOf(keyId);
    head.deviceEnd = keys.endOf(keyId);
    head.eventTime = timestamp;
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

/** Not the frame's fault, and so no letter's reason: `process` takes such frames. */
function notAlone(): MsecError {
  return new MsecError('ACTOR_FAILED', 'a payload of a run holds several frames, or is of another type');
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
