/** What is kept of one direction of a TLS session between its segments. */
import { PendingBytes } from '../pending-bytes.ts';

/** A handshake message that is not whole. */
export interface PartialMessage {
  readonly type: number;
  readonly length: number;
  readonly bytes: Uint8Array[];
  size: number;
}

export class Track {
  /** Given, and not used yet. */
  readonly pending = new PendingBytes();
  /** Nothing is read before so many bytes are there; 0: with the next one. */
  required = 0;
  /** Used of the record in hand. */
  processed = 0;
  type = 0;
  /** Of the record, as far as its header was read. */
  length = 0;
  /** Of a record of SSLv2: how many bytes its length and padding take. */
  lengthBytes = 2;
  message: PartialMessage | null = null;
  hasChangedCipher = false;
  /** SSLv2: it has said what its next records are encrypted with. */
  isEncrypted = false;

  clear(): void {
    this.pending.clear();
    this.required = 0;
    this.message = null;
  }
}
