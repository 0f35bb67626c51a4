/** Heartbeats (RFC 6520: type u8 · length u16 · payload · padding), as far as they may be an attack: one that asks for more than it has. */
import type { Direction } from '../direction.ts';

const HEAD_BYTES = 3;
const PADDING_BYTES_MIN = 16;
const REQUEST = 1;
const RESPONSE = 2;

export class Heartbeats {
  /** Who waits for an answer. */
  #asker: Direction | null = null;
  /** Of a request that is encrypted; 0: there is none. */
  #askedBytes = 0;

  /** What is wrong with it: nothing of the session is read from there on. */
  take(direction: Direction, record: Uint8Array, isEncrypted: boolean): string | null {
    if (record.length < HEAD_BYTES) return null;
    if (!isEncrypted && record[0] !== REQUEST && record[0] !== RESPONSE) return 'INVALID_HEARTBEAT_MESSAGE';
    if (this.#asker === null) {
      this.#asker = direction;
      if (isEncrypted) {
        this.#askedBytes = record.length;
        return null;
      }
      const padding = record.length - HEAD_BYTES - ((record[1]! << 8) | record[2]!);
      if (padding < 0) return 'OVERFLOW_HEARTBEAT_MESSAGE';
      return padding < PADDING_BYTES_MIN ? 'INVALID_HEARTBEAT_MESSAGE' : null;
    }
    if (this.#asker === direction) return 'INVALID_HEARTBEAT_MESSAGE';
    this.#asker = null;
    const isLonger = isEncrypted && this.#askedBytes > 0 && this.#askedBytes < record.length;
    this.#askedBytes = 0;
    return isLonger ? 'DATALEAK_HEARTBEAT_MISMATCH' : null;
  }
}
