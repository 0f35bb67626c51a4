/**
 * Which devices a bridge may take no data from: the quarantined and the revoked, out of the compacted topic of all
 * states. Of the others nothing is kept, so it is as large as the trouble is.
 */
import type { Attestation } from '../../schemas/index.ts';

export type Barred = 'quarantined' | 'revoked';

export class TrustBoard {
  readonly #barred = new Map<string, Barred>();
  readonly #waiting = new Map<string, Set<() => void>>();

  /** A record of the topic, in its order. */
  take({ device, state }: Pick<Attestation, 'device' | 'state'>): void {
    if (state === 'quarantined' || state === 'revoked') {
      this.#barred.set(device, state);
      return;
    }
    if (this.#barred.delete(device)) this.#wake(device);
  }

  /** The record that ends its key. */
  forget(deviceId: string): void {
    if (this.#barred.delete(deviceId)) this.#wake(deviceId);
  }

  /** Null: nothing stands against its data. Called for each frame. */
  stateOf(deviceId: string): Barred | null {
    return this.#barred.get(deviceId) ?? null;
  }

  /** Calls back once, as soon as the device is not barred any more; the result ends that. */
  whenCleared(deviceId: string, run: () => void): () => void {
    const waiting = this.#waiting.get(deviceId) ?? new Set();
    this.#waiting.set(deviceId, waiting.add(run));
    return () => {
      waiting.delete(run);
      if (waiting.size === 0 && this.#waiting.get(deviceId) === waiting) this.#waiting.delete(deviceId);
    };
  }

  #wake(deviceId: string): void {
    const waiting = this.#waiting.get(deviceId);
    this.#waiting.delete(deviceId);
    for (const run of waiting ?? []) run();
  }
}
