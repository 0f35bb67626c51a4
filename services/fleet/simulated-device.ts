/**
 * A device of the fleet: what it measures, in signed envelopes with its own sequence. A small share of its frames is
 * wrong on purpose, each in a way that the engine must find. Pure but for the signature: no network, no clock.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ByteWriter, type Random } from '../../engine/index.ts';
import { keyIdOf, SIGNATURE_BYTES, type SigningKey, signEnvelope } from '../../schemas/envelope/index.ts';
import { crowd, enmon } from '../../schemas/index.ts';
import { SimulatedSurroundings } from './weather.ts';

export type FleetType = 'enmon' | 'crowd';
export type Fault = 'badSignature' | 'truncated' | 'outOfRange' | 'repeated';
export const FAULTS: readonly Fault[] = ['badSignature', 'truncated', 'outOfRange', 'repeated'];

/** What is kept of a device between starts. It holds secrets. */
export interface FleetIdentity {
  readonly deviceId: string;
  readonly type: FleetType;
  /** IMEI or serial number. */
  readonly identity: string;
  readonly token: string;
  /** PKCS #8 (DER), base64. */
  readonly privateKey: string;
}

export interface FleetFrame {
  readonly body: Uint8Array;
  readonly fault: Fault | undefined;
}

/** Hotter than the sensor can tell; on the wire as any other number. */
const TEMPERATURE_IMPOSSIBLE = 2000;

export class SimulatedDevice {
  readonly identity: FleetIdentity;
  readonly #bootEpoch: number;
  readonly #random: Random;
  readonly #surroundings: SimulatedSurroundings;
  readonly #key: SigningKey;
  readonly #writer = new ByteWriter();
  #sequence = 0;
  #last: Uint8Array | undefined;

  constructor(identity: FleetIdentity, bootEpoch: number, random: Random) {
    this.identity = identity;
    this.#bootEpoch = bootEpoch;
    this.#random = random;
    this.#surroundings = new SimulatedSurroundings(random);
    const der = Buffer.from(identity.privateKey, 'base64');
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    this.#key = { privateKey, keyId: keyIdOf(createPublicKey(privateKey)) };
  }

  /** `faultShare`: 0 to 1. */
  next(nowMs: number, faultShare: number): FleetFrame {
    const isFaulty = faultShare > 0 && this.#random.u32() / 2 ** 32 < faultShare;
    const fault = isFaulty ? FAULTS[this.#random.u32() % FAULTS.length] : undefined;
    if (fault === 'repeated' && this.#last !== undefined) return { body: this.#last, fault };
    const body = this.#signed(nowMs, fault === 'outOfRange');
    if (fault === 'badSignature') body[body.length - 1 - (this.#random.u32() % SIGNATURE_BYTES)]! ^= 0x01;
    else if (fault === 'truncated')
      return { body: body.subarray(0, 1 + (this.#random.u32() % (body.length - 1))), fault };
    else this.#last = body;
    return { body, fault };
  }

  #signed(nowMs: number, isOutOfRange: boolean): Uint8Array {
    const { deviceId, type, identity } = this.identity;
    this.#writer.clear();
    if (type === 'enmon') {
      const values = this.#surroundings.enmon(identity, nowMs);
      enmon.encode(this.#writer, isOutOfRange ? { ...values, temperature: TEMPERATURE_IMPOSSIBLE } : values);
    } else {
      const values = this.#surroundings.crowd(identity, nowMs);
      crowd.encode(this.#writer, isOutOfRange ? { ...values, temperature: TEMPERATURE_IMPOSSIBLE * 10 } : values);
    }
    const payload = this.#writer.take();
    const sequence = this.#sequence++;
    return signEnvelope({ deviceId, bootEpoch: this.#bootEpoch, sequence, deviceTimeMs: nowMs, payload }, this.#key);
  }
}
