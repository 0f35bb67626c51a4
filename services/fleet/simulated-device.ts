/**
 * A device of the fleet: what it measures, in envelopes of one mode with its own sequence. A small share of what it sends is
 * wrong on purpose, each in a way that the engine must find. Pure but for the signature: no network, no clock.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { assert, ByteWriter, type Random } from '../../engine/index.ts';
import type { KeyMode } from '../../schemas/device/index.ts';
import {
  type BatchFrame,
  keyIdOf,
  MAC_BYTES,
  openSession,
  SESSION_FRAMES_MAX,
  SESSION_MS_MAX,
  type SessionKey,
  SIGNATURE_BYTES,
  type SigningKey,
  sealInSession,
  signBatch,
  signEnvelope,
} from '../../schemas/envelope/index.ts';
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

/** How devices sign. A session's receiver as SPKI (DER), in base64. */
export type FleetSigning =
  | { readonly mode: 'frame' | 'batch' }
  | { readonly mode: 'session'; readonly receiver: string };

/** Frames under one signature. */
export const FLEET_BATCH_FRAMES = 16;
/** A session is renewed before its time is over. */
const SESSION_RENEW_MS = SESSION_MS_MAX / 2;

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
  readonly #mode: KeyMode;
  readonly #receiver: { readonly publicKey: KeyObject; readonly keyId: Uint8Array } | null;
  #session: SessionKey | undefined;
  /** Of a batch that is not full yet. */
  #gathered: BatchFrame[] = [];
  #sequence = 0;
  #last: Uint8Array | undefined;

  constructor(identity: FleetIdentity, bootEpoch: number, random: Random, signing: FleetSigning = { mode: 'frame' }) {
    this.identity = identity;
    this.#bootEpoch = bootEpoch;
    this.#random = random;
    this.#surroundings = new SimulatedSurroundings(random);
    const der = Buffer.from(identity.privateKey, 'base64');
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    this.#key = { privateKey, keyId: keyIdOf(createPublicKey(privateKey)) };
    this.#mode = signing.mode;
    this.#receiver = signing.mode === 'session' ? receiverOf(signing.receiver) : null;
  }

  /** `faultShare`: 0 to 1. Undefined where the frame waits for others of its batch. */
  next(nowMs: number, faultShare: number): FleetFrame | undefined {
    const isFaulty = faultShare > 0 && this.#random.u32() / 2 ** 32 < faultShare;
    const fault = isFaulty ? FAULTS[this.#random.u32() % FAULTS.length] : undefined;
    if (fault === 'repeated' && this.#last !== undefined) return { body: this.#last, fault };
    const payload = this.#measured(nowMs, fault === 'outOfRange');
    if (this.#mode === 'batch') {
      this.#gathered.push({ deviceTimeMs: nowMs, payload });
      if (this.#gathered.length < FLEET_BATCH_FRAMES) return undefined;
      return this.#wronged(this.#batch(), fault);
    }
    return this.#wronged(this.#sealed(nowMs, payload), fault);
  }

  /** What waits for a full batch, at the end. */
  rest(): FleetFrame | undefined {
    return this.#gathered.length === 0 ? undefined : { body: this.#batch(), fault: undefined };
  }

  #wronged(body: Uint8Array, fault: Fault | undefined): FleetFrame {
    const sealBytes = this.#mode === 'session' ? MAC_BYTES : SIGNATURE_BYTES;
    if (fault === 'badSignature') body[body.length - 1 - (this.#random.u32() % sealBytes)]! ^= 0x01;
    else if (fault === 'truncated')
      return { body: body.subarray(0, 1 + (this.#random.u32() % (body.length - 1))), fault };
    else this.#last = body;
    return { body, fault };
  }

  #measured(nowMs: number, isOutOfRange: boolean): Uint8Array {
    const { type, identity } = this.identity;
    this.#writer.clear();
    if (type === 'enmon') {
      const values = this.#surroundings.enmon(identity, nowMs);
      enmon.encode(this.#writer, isOutOfRange ? { ...values, temperature: TEMPERATURE_IMPOSSIBLE } : values);
    } else {
      const values = this.#surroundings.crowd(identity, nowMs);
      crowd.encode(this.#writer, isOutOfRange ? { ...values, temperature: TEMPERATURE_IMPOSSIBLE * 10 } : values);
    }
    return this.#writer.take();
  }

  #sealed(nowMs: number, payload: Uint8Array): Uint8Array {
    const sequence = this.#sequence++;
    const fields = { ...this.#name(), sequence, deviceTimeMs: nowMs, payload };
    return this.#receiver === null
      ? signEnvelope(fields, this.#key)
      : sealInSession(fields, this.#sessionAt(sequence, nowMs));
  }

  #batch(): Uint8Array {
    const frames = this.#gathered;
    this.#gathered = [];
    const sequence = this.#sequence;
    this.#sequence += frames.length;
    return signBatch({ ...this.#name(), sequence, frames }, this.#key);
  }

  #name(): { readonly deviceId: string; readonly bootEpoch: number } {
    return { deviceId: this.identity.deviceId, bootEpoch: this.#bootEpoch };
  }

  #sessionAt(sequence: number, nowMs: number): SessionKey {
    const session = this.#session;
    const isOver =
      session === undefined ||
      sequence - session.first >= SESSION_FRAMES_MAX ||
      nowMs - session.startMs >= SESSION_RENEW_MS;
    if (!isOver) return session;
    const receiver = this.#receiver;
    assert(receiver !== null, 'a session has a receiver');
    const { keyId, privateKey } = this.#key;
    const terms = { ...this.#name(), keyId, receiverKeyId: receiver.keyId, startMs: nowMs, first: sequence };
    this.#session = openSession(privateKey, receiver.publicKey, terms);
    return this.#session;
  }
}

function receiverOf(spki: string): { readonly publicKey: KeyObject; readonly keyId: Uint8Array } {
  const publicKey = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
  return { publicKey, keyId: keyIdOf(publicKey) };
}
