/** A small city for actor tests: devices with keys, what they send, and day keys in memory. */
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { aggregateActor } from '../../actors/aggregate/index.ts';
import { decodeActor } from '../../actors/decode/index.ts';
import { type VerifyOptions, verifyActor } from '../../actors/verify/index.ts';
import { type AnyActor, ByteWriter, seededRandom } from '../../engine/index.ts';
import { type DeviceRecord, encodeDeviceRecord } from '../../schemas/device/index.ts';
import {
  algorithmOf,
  type BatchFields,
  type BatchFrame,
  type EnvelopeFields,
  encodeEnvelope,
  encodeFrameRecord,
  exportPublicKey,
  KIND_CONTROL,
  KIND_ENVELOPE,
  keyIdOf,
  type OpeningKeys,
  openSession,
  type ReceiverKeys,
  Sealer,
  type SessionTerms,
  sealInSession,
  signBatch,
  signEnvelope,
} from '../../schemas/envelope/index.ts';
import { type CrowdValues, crowd, enmon, type FrameCodec, frameTypes } from '../../schemas/index.ts';
import { type DeviceTopics, deviceTopics } from '../../schemas/topics/index.ts';
import { StageDriver } from './stage-driver.ts';

export const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
export const DAY = '2026-11-23';

export class MemoryKeys implements OpeningKeys {
  readonly sealing = createSecretKey(Buffer.alloc(32, 1));
  readonly pseudonym = createSecretKey(Buffer.alloc(32, 2));
  readonly destroyed = new Set<string>();

  openingKey(keyId: string): KeyObject | null {
    return this.destroyed.has(keyId) ? null : this.sealing;
  }

  pseudonymKey(keyId: string): KeyObject | null {
    return this.destroyed.has(keyId) ? null : this.pseudonym;
  }
}

/** Of a receiver of sessions. */
export class Receiver implements ReceiverKeys {
  readonly publicKey: KeyObject;
  readonly keyId: Buffer;
  readonly #privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.publicKey = publicKey;
    this.#privateKey = privateKey;
    this.keyId = keyIdOf(publicKey);
  }

  receiverKey(high: number, low: number): KeyObject | null {
    return this.keyId.readUInt32BE() === high && this.keyId.readUInt32BE(4) === low ? this.#privateKey : null;
  }
}

export class Device {
  record: DeviceRecord;
  readonly privateKey: KeyObject;
  readonly keyId: Buffer;
  sequence = 0;
  bootEpoch = 1;

  constructor(deviceId: string, type = 'enmon', identity = '867723030040330', pair = p256Pair()) {
    const { publicKey, privateKey } = pair;
    this.privateKey = privateKey;
    this.keyId = keyIdOf(publicKey);
    this.record = {
      version: 1,
      deviceId,
      revision: 1,
      type,
      state: 'active',
      keys: [
        {
          keyId: this.keyId.toString('hex'),
          algorithm: algorithmOf(publicKey),
          publicKey: exportPublicKey(publicKey).toString('base64'),
          state: 'active',
        },
      ],
      identity,
      timeZone: 'UTC',
      credentialHash: null,
      tagKey: '0123456789abcdef',
      resetCount: 0,
      createdAtMs: NOW,
    };
  }

  get id(): string {
    return this.record.deviceId;
  }

  control(change: Partial<DeviceRecord> = {}): Uint8Array {
    this.record = { ...this.record, ...change, revision: this.record.revision + 1 };
    return encodeFrameRecord(KIND_CONTROL, encodeDeviceRecord(this.record));
  }

  fields(payload: Uint8Array, more: Partial<EnvelopeFields> = {}): EnvelopeFields {
    return { deviceId: this.id, bootEpoch: this.bootEpoch, sequence: this.sequence++, payload, ...more };
  }

  /** A record of device.frames with a signed envelope. */
  signed(payload: Uint8Array, more: Partial<EnvelopeFields> = {}): Uint8Array {
    return encodeFrameRecord(KIND_ENVELOPE, signEnvelope(this.fields(payload, more), this));
  }

  unsigned(payload: Uint8Array, more: Partial<EnvelopeFields> = {}): Uint8Array {
    return encodeFrameRecord(KIND_ENVELOPE, encodeEnvelope(this.fields(payload, more)));
  }

  batch(frames: readonly BatchFrame[], more: Partial<BatchFields> = {}): Uint8Array {
    const fields = { deviceId: this.id, bootEpoch: this.bootEpoch, sequence: this.sequence, frames, ...more };
    this.sequence += frames.length;
    return encodeFrameRecord(KIND_ENVELOPE, signBatch(fields, this));
  }

  /** A record with a MAC under a session with this receiver. */
  session(receiver: Receiver, payload: Uint8Array, more: Partial<EnvelopeFields & SessionTerms> = {}): Uint8Array {
    const fields = this.fields(payload, more);
    const terms = {
      ...{ deviceId: this.id, keyId: this.keyId, bootEpoch: fields.bootEpoch },
      ...{ receiverKeyId: receiver.keyId, startMs: more.startMs ?? NOW, first: more.first ?? 0 },
    };
    const session = openSession(this.privateKey, receiver.publicKey, terms);
    return encodeFrameRecord(KIND_ENVELOPE, sealInSession(fields, session));
  }

  sealed(payload: Uint8Array, more: Partial<EnvelopeFields> = {}, keys = new MemoryKeys()): Uint8Array {
    const sealing = { keyId: DAY, key: keys.sealing };
    return sealer.seal(KIND_ENVELOPE, sealing, this.id, signEnvelope(this.fields(payload, more), this));
  }
}

function p256Pair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

const sealer = new Sealer(seededRandom(7));

export interface EnMonNumbers {
  readonly nSend?: number;
  readonly imei?: string;
  readonly batteryVoltage?: number;
  readonly sonometer?: number;
  readonly temperature?: number;
  readonly humidity?: number;
}

export function enmonFrame(numbers: EnMonNumbers = {}): Uint8Array {
  const writer = new ByteWriter();
  enmon.encode(writer, {
    nSend: 0,
    imei: '867723030040330',
    batteryVoltage: 3536,
    sonometer: 64,
    temperature: 124,
    humidity: 565,
    ...numbers,
  });
  return writer.take();
}

export const MACS = [
  'CC:4B:73:64:59:66',
  'B8:27:EB:71:FF:F5',
  '8C:F7:10:07:AE:C2',
  '00:16:9D:F5:0B:80',
  '44:07:0B:E9:4D:30',
  '46:07:0B:E9:4D:31',
];

export function crowdFrame(macs: readonly string[], numbers: Partial<CrowdValues> = {}): Uint8Array {
  const writer = new ByteWriter();
  crowd.encode(writer, {
    serial: '00000006956C35F',
    date: NOW,
    temperature: 2500,
    packets: 100,
    declared: macs.length,
    sightings: macs.map((mac) => ({ mac, rssi: -50 })),
    ...numbers,
  });
  return writer.take();
}

export interface CityOptions {
  readonly verify?: Partial<VerifyOptions>;
  readonly fuse?: boolean;
  readonly keys?: MemoryKeys;
  /** Beside those that are built in. */
  readonly types?: readonly FrameCodec[];
  /** Actors take what is handed over at once one by one. */
  readonly isEachAlone?: boolean;
  /** Behind the main job's. */
  readonly added?: (topics: DeviceTopics) => AnyActor;
}

function takingEach(actor: AnyActor): AnyActor {
  return {
    ...actor,
    open(context) {
      const task = actor.open(context);
      return {
        process: task.process.bind(task),
        onWatermark: (watermark) => task.onWatermark?.(watermark),
        onRollback: () => task.onRollback?.(),
      };
    },
  };
}

/** All three actors over one partition, the devices enrolled. */
export function city(devices: readonly Device[], options: CityOptions = {}): StageDriver {
  const keys = options.keys ?? new MemoryKeys();
  const types = frameTypes(options.types);
  const topics = deviceTopics(types);
  const actors = [
    verifyActor(topics, { keys, ...options.verify }),
    decodeActor(topics, { types, keys }),
    aggregateActor(topics, { types }),
    ...(options.added === undefined ? [] : [options.added(topics)]),
  ];
  const driver = new StageDriver({
    actors: options.isEachAlone === true ? actors.map(takingEach) : actors,
    ...(options.fuse === undefined ? {} : { fuse: options.fuse }),
  });
  for (const device of devices) driver.feed('device.frames', device.id, NOW, device.control());
  return driver;
}
