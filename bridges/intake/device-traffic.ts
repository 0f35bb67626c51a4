/**
 * What is kept of each device that sends, between its connections too, so that reconnecting does not refill its bucket. A
 * device that has rested for long enough is as good as new, and forgotten: there are as many entries as devices that have
 * sent in the last seconds, and a few more.
 */
import { partitionForKey } from '../../engine/index.ts';
import { EvidenceDoor, type EvidenceIntake } from './evidence-door.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** A device's refusals are told at most once in so long. */
export const REFUSAL_REPORT_MS = 10_000;
/** Looked at for each new entry: more than one, so that what rests goes faster than what is new comes. */
const LOOKED_AT = 4;

export interface DeviceTraffic {
  readonly key: Uint8Array;
  readonly partition: number;
  readonly bucket: TokenBucket;
  /** null where devices are not attested. */
  readonly evidence: EvidenceDoor | null;
  inFlight: number;
  refusedSinceReport: number;
  reportedAtMs: number;
}

const utf8 = new TextEncoder();

export class DevicesTraffic {
  readonly #partitions: number;
  readonly #rate: Rate;
  readonly #attestation: EvidenceIntake | undefined;
  readonly #devices = new Map<string, DeviceTraffic>();

  constructor(partitions: number, rate: Rate, attestation?: EvidenceIntake) {
    this.#partitions = partitions;
    this.#rate = rate;
    this.#attestation = attestation;
  }

  get size(): number {
    return this.#devices.size;
  }

  /** For one frame: whoever keeps it for the next may count beside others of the device. */
  of(deviceId: string, nowMs: number): DeviceTraffic {
    const known = this.#devices.get(deviceId);
    if (known !== undefined) return known;
    this.#forgetSome(nowMs);
    const key = utf8.encode(deviceId);
    const traffic: DeviceTraffic = {
      key,
      partition: partitionForKey(key, 0, key.length, this.#partitions),
      bucket: new TokenBucket(this.#rate, nowMs),
      evidence: this.#attestation === undefined ? null : new EvidenceDoor(this.#attestation, nowMs),
      inFlight: 0,
      refusedSinceReport: 0,
      reportedAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#devices.set(deviceId, traffic);
    return traffic;
  }

  /** Those that were looked at longest ago. */
  #forgetSome(nowMs: number): void {
    let left = LOOKED_AT;
    for (const [deviceId, traffic] of this.#devices) {
      if (left-- === 0) return;
      this.#devices.delete(deviceId);
      if (!isResting(traffic, nowMs)) this.#devices.set(deviceId, traffic);
    }
  }
}

function isResting({ bucket, evidence, inFlight, reportedAtMs }: DeviceTraffic, nowMs: number): boolean {
  const isSilent = inFlight === 0 && nowMs - reportedAtMs >= REFUSAL_REPORT_MS;
  return isSilent && bucket.isFull(nowMs) && (evidence?.isResting(nowMs) ?? true);
}
