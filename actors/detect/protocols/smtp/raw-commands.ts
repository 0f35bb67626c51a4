/**
 * When rules see what there is of the client's stream, and how far back it is kept for those that ask for a file beside it: as
 * far as the mail goes, as a file takes more room on the wire.
 */
import { LEAST_BYTES } from '../streamed-file.ts';

export class RawCommands {
  /** So many bytes before those that rules have seen. */
  depth = 0;
  /** Rules are to see what there is. */
  isFlushed = false;
  /** Bytes of lines, and those before the mail in hand. */
  #taken = 0;
  #before = 0;

  begin(): void {
    this.#before = this.#taken;
    this.depth = LEAST_BYTES;
  }

  line(length: number): void {
    this.#taken += length;
  }

  fileBegun(): void {
    this.depth = LEAST_BYTES + this.#taken - this.#before;
  }

  /** More of a file. */
  fileCame(size: number, wasInspected: boolean): void {
    this.depth = wasInspected ? 0 : LEAST_BYTES + this.#taken - this.#before;
    if (!wasInspected && size >= LEAST_BYTES) this.isFlushed = true;
  }

  fileEnded(): void {
    this.depth = this.#taken - this.#before;
    this.isFlushed = true;
  }
}
