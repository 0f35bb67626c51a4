/**
 * The devices of a load test, enrolled in its scratch log, and their frames as the bridges would store them: signed by
 * each device's own key, sealed where they are personal. What costs a device and not the engine (signing) is done before the time runs.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type Clock, type Log, partitionForKey, seededRandom } from '../../engine/index.ts';
import {
  encodeFrameRecord,
  KIND_ENVELOPE,
  KIND_UNSIGNED,
  Sealer,
  shouldSeal,
  signEnvelope,
} from '../../schemas/envelope/index.ts';
import { DayKeys } from '../../services/day-keys/index.ts';
import { DeviceService } from '../../services/devices/index.ts';
import type { LoadType } from './synthetic-frames.ts';

export type Signing = 'each' | 'none';

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
/** Signed frames that are held ready, some 300 bytes each. */
const READY_MAX = 1_000_000;

export class LoadFleet {
  readonly size: number;
  readonly #devices: readonly LoadDevice[];
  readonly #keys: DayKeys;
  readonly #clock: Clock;
  readonly #sealer = new Sealer();
  readonly #isSigned: boolean;
  /** Values in the order of their sending: device after device, round after round. */
  #ready: Uint8Array[] = [];
  #madeAt = Number.NEGATIVE_INFINITY;
  /** The next value, and whose turn it is; a value never stands for another device. */
  #at = 0;
  #turn = 0;

  private constructor(devices: readonly LoadDevice[], options: FleetOptions) {
    this.#devices = devices;
    this.#clock = options.clock;
    this.#isSigned = options.signed === 'each';
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
            credential: signed === 'each',
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

  /** Makes what the next `frames` calls of `next` give. Signed frames are each sent once; unsigned ones come again. */
  prepare(frames: number): void {
    const now = this.#clock.now();
    if (!this.#isSigned) {
      if (now - this.#madeAt < FRESH_MS) return;
      this.#ready = this.#made(ROUNDS * this.size, now);
      this.#at = 0;
      this.#turn = 0;
    } else {
      const left = now - this.#madeAt < FRESH_MS ? this.#ready.slice(this.#at) : [];
      // The turn of the first value that is left is the present one; dropped values leave gaps in sequences, no repeats.
      const more = this.#made(Math.max(0, Math.min(frames, READY_MAX) - left.length), now, this.#turn + left.length);
      this.#ready = left.concat(more);
      this.#at = 0;
      if (more.length === 0) return;
    }
    this.#madeAt = this.#clock.now();
  }

  /** How many frames one `prepare` can make. */
  get readyMax(): number {
    return this.#isSigned ? READY_MAX : Number.POSITIVE_INFINITY;
  }

  /** How many frames are ready. */
  get ready(): number {
    return this.#isSigned ? this.#ready.length - this.#at : Number.POSITIVE_INFINITY;
  }

  /** The next frame: its device, and the value of its record. `prepare` must have made it. */
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
    const payload = device.make(now);
    const kind = signing === null ? KIND_UNSIGNED : KIND_ENVELOPE;
    const body =
      signing === null
        ? payload
        : signEnvelope({ deviceId, bootEpoch: 1, sequence: device.sequence++, payload }, signing);
    const privacy = { personal: type.isPersonal, matches: type.matches };
    if (!shouldSeal(privacy, signing !== null, body, deviceId)) return encodeFrameRecord(kind, body);
    return this.#sealer.seal(kind, this.#keys.sealingKey(now), deviceId, body);
  }
}
