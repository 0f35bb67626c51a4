/**
 * MAC addresses as pseudonyms: the first 8 bytes of HMAC-SHA-256 under the day's pseudonym key. The same address has
 * the same pseudonym all day, and none that can be found again once the key is destroyed.
 */
import { createHmac, type KeyObject } from 'node:crypto';

const PSEUDONYM_BYTES = 8;

export class Pseudonyms {
  #key: KeyObject | null = null;

  use(key: KeyObject | null): void {
    this.#key = key;
  }

  /** Fits FrameContext.pseudonymise; `mac` is not kept. */
  readonly write = (mac: Uint8Array, into: Uint8Array, at: number): void => {
    if (this.#key === null) throw new Error('no pseudonym key was chosen');
    const digest = createHmac('sha256', this.#key).update(mac).digest();
    for (let i = 0; i < PSEUDONYM_BYTES; i++) into[at + i] = digest[i] as number;
  };
}
