/** A rate for each device that asks or tells something beside its frames, in memory that is bounded. */
import type { Clock } from '../../engine/index.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** Devices whose rate is remembered; it is full again long before so many others have come. */
const DEVICES_MAX = 10_000;

export class DeviceRates {
  readonly #rate: Rate;
  readonly #clock: Clock;
  /** Who came last is the last. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** 0, or the milliseconds until the device may have so many; it has taken none then. */
  take(deviceId: string, tokens = 1): number {
    const nowMs = this.#clock.monotonic();
    const bucket = this.#buckets.get(deviceId) ?? new TokenBucket(this.#rate, nowMs);
    this.#buckets.delete(deviceId);
    if (this.#buckets.size >= DEVICES_MAX) {
      const first = this.#buckets.keys().next().value;
      if (first !== undefined) this.#buckets.delete(first);
    }
    this.#buckets.set(deviceId, bucket);
    return bucket.tryTake(nowMs, tokens) ? 0 : Math.max(1, bucket.waitMs(nowMs, tokens));
  }
}
