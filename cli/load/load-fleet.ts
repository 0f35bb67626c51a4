/**
 * The devices of a load test, enrolled in its scratch log, and their frames as the bridges would store them: signed by
 * each device's own key, one by one or in batches, sealed where they are personal. What costs a device and not the engine (signing) is done before the time runs.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type Clock, type Log, partitionForKey, seededRandom } from '../../engine/index.ts';
import {
  encodeFrameRecord,
  KIND_ENVELOPE,
  KIND_UNSIGNED,
  Sealer,
  shouldSeal,
  signBatch,
  signEnvelope,
} from '../../schemas/envelope/index.ts';
import { DayKeys } from '../../services/day-keys/index.ts';
import { DeviceService } from '../../services/devices/index.ts';
import type { LoadType } from './synthetic-frames.ts';

export type Signing = 'each' | 'batch' | 'none';

/** Under one signature, where they are signed in batches. */
export const BATCH_FRAMES = 64;

export interface FleetOptions {
  readonly devices: number;
  readonly types: readonly LoadType[];
  readonly signed: Signing;
  readonly partitions: number;
  readonly keysFolder: string;
  readonly clock: Clock;
}

interface LoadDevice {
  readonly id: string;
  readonly key: Uint8Array;
  readonly partition: number;
  readonly type: LoadType;
  readonly make: (nowMs: number) => Uint8Array<ArrayBuffer>;
  readonly signing: { readonly privateKey: KeyObject; readonly keyId: Uint8Array } | null;
  sequence: number;
}

const SEED = 7;
const ENROL_AT_ONCE = 1_000;
/** Frames of one unsigned device that are made beforehand and sent over and over. */
const ROUNDS = 4;
/** What was made longer ago would come late. */
const FRESH_MS = 15_000;
/** Signed frames that are held ready: some 300 bytes each, in a batch some 60. */
const READY_MAX = { each: 1_000_000, batch: 4_000_000 } as const;

export class LoadFleet {
  readonly size: number;
  /** In the value that `next` gives. */
  readonly framesPerRecord: number;
  readonly #devices: readonly LoadDevice[];
  readonly #keys: DayKeys;
  readonly #clock: Clock;
  readonly #sealer = new Sealer();
  readonly #signed: Signing;
  /** Values in the order of their sending: device after device, round after round. */
  #ready: Uint8Array[] = [];
  #madeAt = Number.NEGATIVE_INFINITY;
  /** The next value, and whose turn it is; a value never stands for another device. */
  #at = 0;
  #turn = 0;

  private constructor(devices: readonly LoadDevice[], options: FleetOptions) {
    this.#devices = devices;
    this.#clock = options.clock;
    this.#signed = options.signed;
    this.framesPerRecord = options.signed === 'batch' ? BATCH_FRAMES : 1;
    this.#keys = new DayKeys({ folder: options.keysFolder, clock: options.clock });
    this.size = devices.length;
  }

  /** device.frames and device.registry must exist in the log. */
  static async enrol(log: Log, options: FleetOptions): Promise<LoadFleet> {
    const { devices: count, types, signed, partitions, clock } = options;
    const random = seededRandom(SEED);
    const turns = types.flatMap((type) => Array.from({ length: type.weight }, () => type));
    const service = await DeviceService.open({ log, clock, devicesMax: count });
    const devices: LoadDevice[] = [];
    try {
      for (let from = 0; from < count; from += ENROL_AT_ONCE) {
        const wanted = Array.from({ length: Math.min(ENROL_AT_ONCE, count - from) }, (_, i) => {
          const number = from + i + 1;
          const type = turns[number % turns.length]!;
          const deviceId = `load-${type.name}-${String(number).padStart(6, '0')}`;
          return { deviceId, type, identity: type.identity(number) };
        });
        const enrolments = await service.addAll(
          wanted.map(({ deviceId, type, identity }) => ({
            ...{ deviceId, identity, type: type.name },
            credential: signed !== 'none',
            ...(signed === 'batch' ? { modes: ['batch'] as const } : {}),
          })),
        );
        for (const [i, { secrets }] of enrolments.entries()) {
          const { deviceId: id, type, identity } = wanted[i]!;
          const key = new TextEncoder().encode(id);
          const { privateKeyPem, keyId } = secrets;
          devices.push({
            ...{ id, key, type, sequence: 0 },
            partition: partitionForKey(key, 0, key.length, partitions),
            make: type.maker(identity, seededRandom(random.u32())),
            signing:
              privateKeyPem === null
                ? null
                : { privateKey: createPrivateKey(privateKeyPem), keyId: Buffer.from(keyId ?? '', 'hex') },
          });
        }
      }
    } finally {
      await service.close();
    }
    return new LoadFleet(devices, options);
  }

  /** Makes what `next` gives for so many frames. Signed frames are each sent once; unsigned ones come again. */
  prepare(frames: number): void {
    const now = this.#clock.now();
    const records = Math.ceil(Math.min(frames, this.readyMax) / this.framesPerRecord);
    if (this.#signed === 'none') {
      if (now - this.#madeAt < FRESH_MS) return;
      this.#ready = this.#made(ROUNDS * this.size, now);
      this.#at = 0;
      this.#turn = 0;
    } else {
      const left = now - this.#madeAt < FRESH_MS ? this.#ready.slice(this.#at) : [];
      // The turn of the first value that is left is the present one; dropped values leave gaps in sequences, no repeats.
      const more = this.#made(Math.max(0, records - left.length), now, this.#turn + left.length);
      this.#ready = left.concat(more);
      this.#at = 0;
      if (more.length === 0) return;
    }
    this.#madeAt = this.#clock.now();
  }

  /** How many frames one `prepare` can make. */
  get readyMax(): number {
    return this.#signed === 'none' ? Number.POSITIVE_INFINITY : READY_MAX[this.#signed];
  }

  /** How many frames are ready. */
  get ready(): number {
    if (this.#signed === 'none') return Number.POSITIVE_INFINITY;
    return (this.#ready.length - this.#at) * this.framesPerRecord;
  }

  /** The next frame or batch: its device, and the value of its record. `prepare` must have made it. */
  next(): { readonly device: { readonly key: Uint8Array; readonly partition: number }; readonly value: Uint8Array } {
    if (this.#at === this.#ready.length) this.#at = 0;
    const value = this.#ready[this.#at++]!;
    const device = this.#devices[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.size;
    return { device, value };
  }

  #made(count: number, now: number, firstTurn = 0): Uint8Array[] {
    const values = new Array<Uint8Array>(count);
    for (let i = 0; i < count; i++) values[i] = this.#value(this.#devices[(firstTurn + i) % this.size]!, now);
    return values;
  }

  /** As bridges/intake/frame-sealing.ts stores it. */
  #value(device: LoadDevice, now: number): Uint8Array {
    const { id: deviceId, type, signing } = device;
    const kind = signing === null ? KIND_UNSIGNED : KIND_ENVELOPE;
    const body = this.#body(device, now);
    const privacy = { personal: type.isPersonal, matches: type.matches };
    if (!shouldSeal(privacy, signing !== null, body, deviceId)) return encodeFrameRecord(kind, body);
    return this.#sealer.seal(kind, this.#keys.sealingKey(now), deviceId, body);
  }

  #body(device: LoadDevice, now: number): Uint8Array {
    const { id: deviceId, signing, make, sequence } = device;
    if (signing === null) return make(now);
    device.sequence += this.framesPerRecord;
    const fields = { deviceId, bootEpoch: 1, sequence };
    if (this.#signed !== 'batch') return signEnvelope({ ...fields, payload: make(now) }, signing);
    const frames = Array.from({ length: BATCH_FRAMES }, () => ({ payload: make(now) }));
    return signBatch({ ...fields, frames }, signing);
  }
}
