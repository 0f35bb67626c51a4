/** The bytes at hand of one direction, and the beginning of a line whose end has not come. */
import { CR, copyOf, isSpace, joined, LF, NO_BYTES } from './octets.ts';

/** A line that is longer ends the parsing of its direction. */
export const LINE_BYTES_MAX = 18_000;

export class Input {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  /** Nothing comes behind these bytes. */
  isLast = false;
  isTooLong = false;
  #pending: Uint8Array = NO_BYTES;

  set(bytes: Uint8Array, isLast: boolean): void {
    this.bytes = bytes;
    this.at = 0;
    this.isLast = isLast;
  }

  /** What was not read stays as the beginning of a line. */
  release(): void {
    this.bytes = NO_BYTES;
    this.at = 0;
  }

  get keptBytes(): number {
    return this.#pending.length;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** How many blanks and line ends there are before the next other byte; -1: there is none yet. */
  blanks(): number {
    for (let at = this.at; at < this.bytes.length; at += 1) if (!isSpace(this.bytes[at]!)) return at - this.at;
    return -1;
  }

  /** So a line begins of which the rest is to come. */
  begin(line: Uint8Array): void {
    this.#pending = copyOf(line);
  }

  /** Passes over the lines that end within so many bytes. */
  skipLines(most: number): void {
    this.at += this.bytes.subarray(this.at, this.at + most).lastIndexOf(LF) + 1;
  }

  /** Takes what was kept of a line. */
  begun(): Uint8Array {
    const pending = this.#pending;
    this.#pending = NO_BYTES;
    return pending;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  get isEmpty(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Up to `most` bytes; a view. */
  take(most: number): Uint8Array {
    const end = Math.min(this.bytes.length, this.at + most);
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  /** Passes over what is before the end of the line, and over that. False: it has not come. */
  skipLine(): boolean {
    const lf = this.bytes.indexOf(LF, this.at);
    this.at = lf === -1 ? this.bytes.length : lf + 1;
    return lf !== -1;
  }

  /** A line with its end, or at the very end what there is; null: it is not whole yet. */
  line(): Uint8Array | null {
    const lf = this.bytes.indexOf(LF, this.at);
    return this.#upTo(lf === -1 ? -1 : lf + 1);
  }

  /** As `line`; a CR that no LF follows ends one, too, where what follows is in the same piece. */
  looseLine(): Uint8Array | null {
    const { bytes } = this;
    if (this.#pending.at(-1) === LF) return this.isEmpty && !this.isLast ? null : this.#upTo(this.at);
    for (let at = this.at; at < bytes.length; at += 1) {
      if (bytes[at] === LF) return this.#upTo(at + 1);
      if (bytes[at] !== CR) continue;
      if (at + 1 < bytes.length && bytes[at + 1] !== LF) return this.#upTo(at + 1);
    }
    return this.#upTo(-1);
  }

  #upTo(end: number): Uint8Array | null {
    const isWhole = end !== -1 || this.isLast;
    const piece = this.bytes.subarray(this.at, end === -1 ? this.bytes.length : end);
    this.at += piece.length;
    const line = this.#pending.length === 0 ? piece : joined(this.#pending, piece);
    if (isWhole) {
      this.#pending = NO_BYTES;
      return line;
    }
    this.#pending = this.#pending.length === 0 ? copyOf(piece) : line;
    if (line.length > LINE_BYTES_MAX) this.isTooLong = true;
    return null;
  }

  /** The line is to be read again. */
  unread(line: Uint8Array): void {
    const isOfThese =
      line.buffer === this.bytes.buffer && line.byteOffset + line.length === this.bytes.byteOffset + this.at;
    if (isOfThese) this.at -= line.length;
    else {
      this.bytes = joined(line, this.bytes.subarray(this.at));
      this.at = 0;
    }
  }
}
