/** The scores of a large city, drawn from a seed: who serves where, and who has told what of whom. */
import {
  type Append,
  BatchEncoder,
  ByteWriter,
  type Log,
  partitionForKey,
  seededRandom,
} from '../../../engine/index.ts';
import { type DeviceRecord, encodeDeviceRecord } from '../../../schemas/device/index.ts';
import type { PairScore, ProviderScore } from '../../../schemas/index.ts';
import { DEVICE_REGISTRY, type Score, scoreCodec, TRUST_SCORES } from '../../../schemas/topics/index.ts';

export const SERVICE = 'air-quality';
export const PARTITIONS = 4;
export const CENTRE = { latitude: 40.4168, longitude: -3.7038 };
/** Degrees from the centre to the edge of the city. */
const HALF_CITY = 0.2;
const BARRED_SHARE = 0.02;
const PROVIDERS_AT_ONCE = 5_000;

export interface CitySize {
  readonly providers: number;
  readonly trustors: number;
  readonly pairs: number;
}

export const trustorName = (i: number): string => `bus-${i}`;
export const providerName = (i: number): string => `station-${i}`;

export class CityScores {
  readonly #size: CitySize;
  readonly #codec = scoreCodec();
  readonly #random = seededRandom(1);
  readonly #nowMs: number;
  readonly #writer = new ByteWriter();

  constructor(size: CitySize, schemaIds: ReadonlyMap<string, number>, nowMs: number) {
    this.#size = size;
    this.#nowMs = nowMs;
    this.#codec.bindSchemaIds?.(schemaIds);
  }

  /** Some providers are asked by many, most by few. */
  async fill(log: Log): Promise<void> {
    const { providers, pairs } = this.#size;
    for (let from = 0; from < providers; from += PROVIDERS_AT_ONCE) {
      const some = Array.from({ length: Math.min(PROVIDERS_AT_ONCE, providers - from) }, (_, i) => from + i);
      await log.commit({ appends: this.#devices(some), admission: 'internal' });
      await log.commit({ appends: this.#scores(some.map((i) => this.#provider(i))), admission: 'internal' });
    }
    for (let from = 0; from < pairs; from += PROVIDERS_AT_ONCE)
      await log.commit({ appends: this.some(Math.min(PROVIDERS_AT_ONCE, pairs - from)), admission: 'internal' });
  }

  /** The next scores of so many pairs. */
  some(count: number): Append[] {
    return this.#scores(Array.from({ length: count }, () => this.#pair()));
  }

  #scores(scores: readonly Score[]): Append[] {
    const encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder());
    for (const score of scores) {
      const { trustee, service } = score;
      const key = Buffer.from('trustor' in score ? `${trustee} ${service} ${score.trustor}` : `${trustee} ${service}`);
      this.#writer.clear();
      this.#codec.encode(score, this.#writer);
      const { bytes, position } = this.#writer;
      encoders[partitionOf(trustee)]!.append(this.#nowMs, key, 0, key.length, bytes, 0, position);
    }
    return appendsOf(TRUST_SCORES, encoders);
  }

  #devices(some: readonly number[]): Append[] {
    const encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder());
    for (const i of some) {
      const deviceId = providerName(i);
      const key = Buffer.from(deviceId);
      const place = {
        latitude: CENTRE.latitude + (2 * this.#uniform() - 1) * HALF_CITY,
        longitude: CENTRE.longitude + (2 * this.#uniform() - 1) * HALF_CITY,
      };
      const value = encodeDeviceRecord({ ...DEVICE, deviceId, identity: `${i}`, place });
      encoders[partitionOf(deviceId)]!.append(this.#nowMs, key, 0, key.length, value, 0, value.length);
    }
    return appendsOf(DEVICE_REGISTRY, encoders);
  }

  #provider(i: number): ProviderScore {
    const mean = this.#uniform();
    const window = { mean, evidence: 20 * this.#uniform() };
    return {
      ...{ trustee: providerName(i), service: SERVICE, trust: mean, small: window, big: window },
      ...{ interactions: Math.floor(1000 * this.#uniform()), raters: 10, at: this.#nowMs, first: mean },
      ...{ responseMs: 1000 * this.#uniform(), availability: 0.9 + this.#uniform() / 10, quality: null },
      ...{ standing: this.#uniform() < BARRED_SHARE ? 'blacklisted' : 'normal', since: this.#nowMs, until: null },
      ...{ blacklistings: 0, says: '' },
    };
  }

  #pair(): PairScore {
    const { providers, trustors } = this.#size;
    const mean = this.#uniform();
    const window = { mean, deviation: 0.1, evidence: 10 * this.#uniform() };
    return {
      trustee: providerName(Math.floor(providers * this.#uniform() ** 2)),
      trustor: trustorName(Math.floor(trustors * this.#uniform() ** 2)),
      ...{ service: SERVICE, trust: mean - 0.1, small: window, big: window },
      ...{
        interactions: 1 + Math.floor(50 * this.#uniform()),
        at: this.#nowMs - Math.floor(3_600_000 * this.#uniform()),
      },
    };
  }

  #uniform(): number {
    return this.#random.u32() / 2 ** 32;
  }
}

function partitionOf(name: string): number {
  const key = Buffer.from(name);
  return partitionForKey(key, 0, key.length, PARTITIONS);
}

function appendsOf(topic: string, encoders: readonly BatchEncoder[]): Append[] {
  return encoders.flatMap((encoder, partition) =>
    encoder.count === 0 ? [] : [{ topic, partition, bytes: encoder.finish() }],
  );
}

const DEVICE: DeviceRecord = {
  ...{ version: 1, deviceId: '', revision: 1, type: 'enmon', state: 'active', keys: [], identity: '' },
  ...{ timeZone: 'UTC', credentialHash: null, tagKey: '0123456789abcdef', resetCount: 0, createdAtMs: 0 },
};
