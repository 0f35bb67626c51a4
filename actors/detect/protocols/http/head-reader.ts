/** Reads heads line by line, and header lines with their foldings into the table of a message. */
import type { Head } from './head.ts';
import { HEAD_BYTES_MAX } from './head.ts';
import { isLineEmpty, type TellFault } from './header-table.ts';
import type { Message } from './http-transaction.ts';
import { type Input, LINE_BYTES_MAX } from './input.ts';
import { ascii, COLON, CR, chomped, indexOf, isBlank, isSpace, joined, LF } from './octets.ts';

/** No more is added to a folded header that is so long. */
const FOLDED_BYTES_MAX = 102_400;

const BLOCK_END = ascii('\r\n\r\n');

export class HeadReader {
  readonly #input: Input;
  readonly #isLoose: boolean;
  #head: Head | null = null;
  /** Where the next line begins. */
  at = 0;
  isTooLong = false;
  #folded: Uint8Array | null = null;
  /** Where the bytes that were looked through for a CR end: what a CR at the end of a piece is, is not asked again. */
  #searched = 0;

  /** Loose: a CR that no LF follows in its piece ends a line. */
  constructor(input: Input, isLoose: boolean) {
    this.#input = input;
    this.#isLoose = isLoose;
  }

  /** A header that could still be continued where a head was not read to its end is the first of this one. */
  start(head: Head): void {
    this.#head = head;
    this.at = head.length;
    this.#searched = this.at;
  }

  /** Gives back to the input what is behind the lines that were read. */
  stop(): void {
    const head = this.#head!;
    this.#input.at -= head.length - this.at;
    head.truncate(this.at);
    this.#head = null;
    this.#folded = null;
  }

  /** The next line with its end; null: more bytes are needed. */
  line(): Uint8Array | null {
    const head = this.#head!;
    for (;;) {
      const end = this.#end(head);
      if (end !== -1) {
        const line = head.view(this.at, end);
        this.at = end;
        return line;
      }
      if (this.#input.isEmpty) {
        this.#searched = head.length;
        this.isTooLong ||= head.length - this.at > LINE_BYTES_MAX || head.length > HEAD_BYTES_MAX;
        return null;
      }
      const { bytes, at } = this.#input;
      const blank = indexOf(bytes, BLOCK_END, at);
      const stop = blank === -1 ? bytes.length : blank + BLOCK_END.length;
      head.append(bytes, at, stop);
      this.#input.at = stop;
    }
  }

  /** Whether there is a byte behind the lines that were read. */
  get hasMore(): boolean {
    return this.#next() !== -1;
  }

  /** Nothing but blanks and line ends is at hand behind the lines that were read. */
  get isRestBlank(): boolean {
    const { bytes, length } = this.#head!;
    for (let at = this.at; at < length; at += 1) if (!isSpace(bytes[at]!)) return false;
    return this.#input.blanks() === -1;
  }

  /** Every byte that was taken from the input is read. */
  get isAtEnd(): boolean {
    return this.#head === null || this.at >= this.#head.length;
  }

  /** Behind all bytes that were read, the beginning of a line among them. */
  get end(): number {
    return this.#head!.length;
  }

  /** What there is of a line whose end never comes. */
  rest(): Uint8Array {
    const head = this.#head!;
    const line = head.view(this.at, head.length);
    this.at = head.length;
    return line;
  }

  #end(head: Head): number {
    const { bytes, length } = head;
    const lf = bytes.indexOf(LF, this.at);
    const end = lf === -1 || lf >= length ? -1 : lf + 1;
    if (!this.#isLoose) return end;
    for (
      let cr = bytes.indexOf(CR, Math.max(this.at, this.#searched));
      cr !== -1 && cr + 1 < length;
      cr = bytes.indexOf(CR, cr + 1)
    ) {
      if (end !== -1 && cr >= end - 2) break;
      // Several CRs are one end, and a CR alone is no line.
      if (bytes[cr + 1] !== LF && bytes[cr + 1] !== CR && cr > this.at) return cr + 1;
    }
    return end;
  }

  /** Reads header lines; true: the empty one that ends them was there. */
  headers(message: Message, isRequest: boolean, isStrict: boolean, fault: TellFault): boolean {
    for (;;) {
      const line = this.line();
      if (line === null) return false;
      if (isLineEmpty(line)) {
        this.flush(message, isRequest, fault);
        return true;
      }
      const text = line.subarray(0, chomped(line, 0, line.length));
      if (text.length > 0 && isBlank(text[0]!)) this.#fold(message, text, isRequest, isStrict, fault);
      else {
        this.flush(message, isRequest, fault);
        const next = this.#next();
        // A request waits for what comes next, a response takes it that nothing is folded.
        if (next === -1 ? isRequest : isBlank(next)) this.#folded = text;
        else this.#add(message, text, isRequest, fault);
      }
    }
  }

  /** The header that could still have been continued. */
  flush(message: Message, isRequest: boolean, fault: TellFault): void {
    if (this.#folded === null) return;
    this.#add(message, this.#folded, isRequest, fault);
    this.#folded = null;
  }

  #fold(message: Message, text: Uint8Array, isRequest: boolean, isStrict: boolean, fault: TellFault): void {
    const before = this.#folded;
    if (before === null) {
      let start = 0;
      while (start < text.length && isBlank(text[start]!)) start += 1;
      this.#folded = text.subarray(start);
      fault('folding');
    } else if (isStrict && text.includes(COLON) && before.includes(COLON)) {
      // HTTP/1.1 has no folding any more: servers take it for a header of its own.
      this.#add(message, before, isRequest, fault);
      this.#folded = text.subarray(1);
      fault('folding');
    } else if (before.length < FOLDED_BYTES_MAX) this.#folded = joined(before, text);
  }

  #add(message: Message, text: Uint8Array, isRequest: boolean, fault: TellFault): void {
    message.headers.add(text, isRequest, fault);
  }

  #next(): number {
    const head = this.#head!;
    if (this.at < head.length) return head.bytes[this.at]!;
    return this.#input.isEmpty ? -1 : this.#input.bytes[this.#input.at]!;
  }
}
