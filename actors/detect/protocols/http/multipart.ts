/**
 * A form with files in the body of a POST: the files in it, as their bytes come. With each piece of the body Suricata looks
 * at all that it has not passed over yet, so what becomes of a form depends on how it is cut; that is kept here.
 */
import { Body, REQUEST_LIMITS } from './body.ts';
import { dispositionName, parameterOf } from './disposition.ts';
import { HttpFile } from './http-file.ts';
import type { HttpTransaction } from './http-transaction.ts';
import { ascii, COLON, CR, copyOf, indexOf, joined, LF, NO_BYTES, startsWithText } from './octets.ts';

const BOUNDARY_BYTES_LIMIT = 200;
/** More files of one form are not told of. */
const FILES_MAX = 256;

const HEAD_END = ascii('\r\n\r\n');
const LINE_END = ascii('\r\n');
const DASHES = ascii('--');
const DISPOSITION = 'content-disposition:';

/** Null: it is no form. One without bytes is too long, and nothing is found in the form. */
export function boundaryOf(contentType: Uint8Array): Uint8Array | null {
  const boundary = parameterOf(contentType, 'boundary=');
  if (boundary === null || boundary.length === 0) return null;
  return boundary.length < BOUNDARY_BYTES_LIMIT ? boundary : NO_BYTES;
}

export class Multipart {
  /** Before each part, and behind the last. */
  readonly #opening: Uint8Array;
  readonly #closing: Uint8Array;
  readonly #tx: HttpTransaction;
  readonly #body: Body;
  /** As much of the body is not looked at again. */
  #passed = 0;
  /** The part in hand has a name. It may have no file all the same: then there is none behind it, either. */
  #isInFile = false;
  #file: HttpFile | null = null;
  #isOver = false;

  constructor(boundary: Uint8Array, tx: HttpTransaction) {
    this.#opening = joined(DASHES, boundary);
    this.#closing = joined(this.#opening, DASHES);
    this.#tx = tx;
    this.#body = tx.message(0).body;
    this.#isOver = boundary.length === 0;
  }

  get hasOpenFile(): boolean {
    return this.#isInFile;
  }

  /** There is more of the body. */
  look(): void {
    const bytes = this.#body.from(this.#passed);
    if (this.#isOver || bytes.length === 0) return;
    const start = indexOf(bytes, this.#opening, 0);
    if (this.#isInFile) {
      if (start === -1) {
        this.#goOn(bytes);
        return;
      }
      if (this.#file === null) return;
      this.#file.take(bytes.subarray(0, Math.max(0, start - 2)));
      this.#close('closed');
    }
    this.#parts(bytes, start);
  }

  /** The body is at its end. What would have been the beginning of a delimiter is in no file. */
  end(): void {
    this.#close('closed');
  }

  truncate(): void {
    this.#close('truncated');
    this.#isOver = true;
  }

  /** No delimiter is among the file's next bytes; one may have begun behind the last line. */
  #goOn(bytes: Uint8Array): void {
    if (bytes.length <= this.#closing.length || this.#file === null) return;
    const sure = lineEndFrom(bytes, bytes.length - this.#opening.length);
    this.#file.take(bytes.subarray(0, sure));
    this.#passed += sure;
  }

  #parts(bytes: Uint8Array, first: number): void {
    let start = first;
    let headEnd = start === -1 ? -1 : indexOf(bytes, HEAD_END, start);
    const closing = start === -1 ? -1 : indexOf(bytes, this.#closing, start);
    // The next head’s end is looked for from the last one’s on: an empty line in a part hides what follows.
    while (start !== -1 && headEnd !== -1 && headEnd !== closing && start < headEnd) {
      const name = this.#nameIn(bytes, start, headEnd);
      if (name !== null && !this.#part(bytes, name, headEnd, closing)) return;
      start = indexOf(bytes, this.#opening, headEnd + HEAD_END.length);
      if (start !== -1) headEnd = indexOf(bytes, HEAD_END, headEnd + HEAD_END.length);
    }
    if (closing !== -1 || start !== -1 || this.#isInFile) return;
    if (bytes.length > this.#closing.length) this.#passed += bytes.length - this.#closing.length + 1;
  }

  #nameIn(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
    const { length } = this.#opening;
    if (end - start === length) return null;
    let name: Uint8Array | null = null;
    for (let at = end - start >= length + 2 ? start + length + 2 : start; at < end; ) {
      const found = indexOf(bytes, LINE_END, at);
      const stop = found === -1 || found > end ? end : found;
      const line = bytes.subarray(at, stop);
      const colon = line.indexOf(COLON);
      if (colon === -1 || colon === line.length - 1) this.#tx.event('multipart_invalid_header');
      else if (startsWithText(line, 0, DISPOSITION)) name = dispositionName(line.subarray(DISPOSITION.length)) ?? name;
      at = stop + LINE_END.length;
    }
    return name;
  }

  /** Whether the parts behind it are looked at now. */
  #part(bytes: Uint8Array, name: Uint8Array, headEnd: number, closing: number): boolean {
    const start = headEnd + HEAD_END.length;
    const next = indexOf(bytes, this.#opening, start);
    this.#isInFile = true;
    if (closing !== -1) {
      if (closing === start) return this.#fault('multipart_no_filedata');
      if (closing < start || next - 2 < start) return this.#fault('multipart_generic_error');
    } else if (next === -1) {
      const sure = this.#sureFrom(bytes, start);
      this.#open(name, bytes.subarray(start, sure));
      this.#passed += sure;
      return true;
    } else if (next - 2 <= start) return true;
    this.#open(name, bytes.subarray(start, next - 2));
    this.#close('closed');
    this.#passed += headEnd;
    return true;
  }

  /** What of the bytes is a file’s, whatever follows. */
  #sureFrom(bytes: Uint8Array, start: number): number {
    const held = this.#opening.length + 1;
    return bytes.length - start > held ? lineEndFrom(bytes, bytes.length - held) : start;
  }

  #fault(event: string): false {
    this.#tx.event(event);
    return false;
  }

  #open(name: Uint8Array, bytes: Uint8Array): void {
    if (this.#tx.files.length >= FILES_MAX) return;
    this.#file = new HttpFile(copyOf(name), 0, new Body(REQUEST_LIMITS));
    this.#tx.files.push(this.#file);
    this.#file.take(bytes);
  }

  #close(state: 'closed' | 'truncated'): void {
    if (this.#file?.state === 'open') this.#file.state = state;
    this.#file = null;
    this.#isInFile = false;
  }
}

/** Where a line ends at or behind `from`, the last byte included; the length: nowhere. */
function lineEndFrom(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += 1)
    if (bytes[at] === CR && (at + 1 === bytes.length || bytes[at + 1] === LF)) return at;
  return bytes.length;
}
