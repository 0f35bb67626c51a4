/** One direction's bytes as lines, as Suricata takes them apart: commands, replies and headers up to 4,096 bytes each. */
import { PendingBytes } from '../pending-bytes.ts';

export const LINE_BYTES_MAX = 4096;
const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const NO_BYTES = new Uint8Array(0);

export interface SmtpLine {
  readonly text: Uint8Array;
  /** None where only a part of the line came, or it is too long. */
  readonly end: Uint8Array;
  /** Only its first bytes are here. */
  readonly isTruncated: boolean;
  /** It is the rest of a line that was too long. */
  readonly isRest: boolean;
}

const REST: SmtpLine = { text: NO_BYTES, end: NO_BYTES, isTruncated: false, isRest: true };

export class SmtpLines {
  readonly #pending = new PendingBytes();
  #input: Uint8Array = NO_BYTES;
  #at = 0;
  /** Up to the next end of a line all is left out. */
  #skips = false;
  #hasSeenEnd = false;
  /** Of what is left out and too long itself, the first bytes, which are a line with its end; and how many followed. */
  #head: Uint8Array | null = null;
  #dropped = 0;

  /** As many bytes wait for those that follow. */
  get waiting(): number {
    return this.#pending.length + (this.#head === null ? 0 : this.#head.length + this.#dropped);
  }

  /** What waits will not be looked at again. */
  passOver(): void {
    this.#pending.clear();
    this.#head = null;
    this.#dropped = 0;
  }

  /** What lines give is valid until `end`. */
  begin(bytes: Uint8Array): void {
    this.#at = 0;
    this.#hasSeenEnd = false;
    if (this.#head === null || bytes.includes(LF)) this.#input = this.#pending.join(bytes);
    else this.#dropped += bytes.length;
  }

  /** What was not used waits. */
  end(): void {
    const input = this.#input;
    this.#input = NO_BYTES;
    if (this.#skips && this.#head === null && input.length - this.#at > LINE_BYTES_MAX) {
      this.#head = input.slice(this.#at, this.#at + LINE_BYTES_MAX);
      this.#dropped = input.length - this.#at - LINE_BYTES_MAX;
      this.#pending.clear();
    } else this.#pending.keep(input, Math.min(this.#at, input.length));
  }

  /** The line that was given last is the only thing that came so far. */
  get isAtFirstByte(): boolean {
    return this.#at === 1;
  }

  /** Null: it has not come as a whole. Behind one that is too long nothing is left. */
  next(): SmtpLine | null {
    const input = this.#input;
    const start = this.#at;
    if (start >= input.length) return null;
    if (this.#head !== null) {
      const head = this.#head;
      this.#head = null;
      return this.#truncated(head);
    }
    const lf = input.indexOf(LF, start);
    if (lf === -1) {
      if (this.#skips || input.length - start < LINE_BYTES_MAX) return null;
      if (!this.#hasSeenEnd) this.#skips = true;
      // The first bytes of all that came, whatever of it was used before.
      return this.#truncated(input.subarray(0, LINE_BYTES_MAX));
    }
    this.#hasSeenEnd = true;
    this.#at = lf + 1;
    if (lf + 1 - start >= LINE_BYTES_MAX) return this.#truncated(input.subarray(start, start + LINE_BYTES_MAX));
    if (this.#skips) {
      this.#skips = false;
      return REST;
    }
    const stop = lf > 0 && input[lf - 1] === CR && lf > start ? lf - 1 : lf;
    return { text: input.subarray(start, stop), end: input.subarray(stop, lf + 1), isTruncated: false, isRest: false };
  }

  /** Of a mail: up to CR, LF or both, or as far as it came. Null: what may be a boundary, which `next` is to give. */
  nextPiece(): SmtpLine | null {
    const input = this.#input;
    const start = this.#at;
    if (start >= input.length) return null;
    if (input[start] === DASH && (start + 1 === input.length || input[start + 1] === DASH)) return null;
    let stop = start;
    while (stop < input.length && input[stop] !== CR && input[stop] !== LF) stop += 1;
    let after = stop < input.length ? stop + 1 : stop;
    if (input[stop] === CR && input[after] === LF) after += 1;
    this.#at = after;
    return { text: input.subarray(start, stop), end: input.subarray(stop, after), isTruncated: false, isRest: false };
  }

  #truncated(text: Uint8Array): SmtpLine {
    this.#at = this.#input.length;
    return { text, end: NO_BYTES, isTruncated: true, isRest: false };
  }
}
