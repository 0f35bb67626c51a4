/** A form with files in the body of a POST: the files in it, as their bytes come. Nothing of a part is kept but its head. */
import { Body, REQUEST_LIMITS } from './body.ts';
import { dispositionName, parameterOf } from './disposition.ts';
import { HttpFile } from './http-file.ts';
import type { HttpTransaction } from './http-transaction.ts';
import { ascii, COLON, copyOf, indexOf, joined, NO_BYTES, startsWithText } from './octets.ts';

const BOUNDARY_BYTES_MAX = 200;
const PART_HEAD_BYTES_MAX = 16_384;
/** More files of one form are not told of. */
const FILES_MAX = 256;

const HEAD_END = ascii('\r\n\r\n');
const LINE_END = ascii('\r\n');
const DASHES = ascii('--');
const DISPOSITION = 'content-disposition:';

export function boundaryOf(contentType: Uint8Array): Uint8Array | null {
  const boundary = parameterOf(contentType, 'boundary=');
  return boundary === null || boundary.length === 0 || boundary.length > BOUNDARY_BYTES_MAX ? null : boundary;
}

export class Multipart {
  readonly #delimiter: Uint8Array;
  readonly #tx: HttpTransaction;
  /** What may be the beginning of a delimiter, or a part's head that is not whole. */
  #kept: Uint8Array = NO_BYTES;
  #state: 'preamble' | 'head' | 'data' | 'over' = 'preamble';
  #file: HttpFile | null = null;

  constructor(boundary: Uint8Array, tx: HttpTransaction) {
    this.#delimiter = joined(DASHES, boundary);
    this.#tx = tx;
  }

  data(bytes: Uint8Array): void {
    let rest = this.#kept.length === 0 ? bytes : joined(this.#kept, bytes);
    this.#kept = NO_BYTES;
    while (rest.length > 0 && this.#state !== 'over') {
      const taken = this.#state === 'head' ? this.#head(rest) : this.#data(rest);
      rest = rest.subarray(Math.abs(taken));
      if (taken <= 0) break;
    }
    if (this.#state !== 'over') this.#kept = copyOf(rest);
  }

  get hasOpenFile(): boolean {
    return this.#file?.state === 'open';
  }

  /** The body is at its end, and the last delimiter was not there if a file is still open. */
  end(): void {
    if (this.#file === null) return;
    this.#take(this.#kept);
    this.#close('truncated');
  }

  truncate(): void {
    this.#close('truncated');
    this.#state = 'over';
  }

  #take(bytes: Uint8Array): void {
    if (this.#file === null) return;
    this.#file.size += bytes.length;
    this.#file.content.append(bytes);
  }

  #close(state: 'closed' | 'truncated'): void {
    if (this.#file?.state === 'open') this.#file.state = state;
    this.#file = null;
  }

  /** Bytes of a part, or before the first; the number taken, not positive where more must come. */
  #data(bytes: Uint8Array): number {
    const at = indexOf(bytes, this.#delimiter, 0);
    if (at === -1) {
      // The delimiter and the end of line before it may have begun.
      const sure = Math.max(0, bytes.length - this.#delimiter.length - 1);
      this.#take(bytes.subarray(0, sure));
      return -sure;
    }
    const end = at + this.#delimiter.length;
    if (bytes.length < end + 2) {
      const sure = Math.max(0, at - 2);
      this.#take(bytes.subarray(0, sure));
      return -sure;
    }
    this.#take(bytes.subarray(0, Math.max(0, at - 2)));
    if (at === 0 && this.#file?.size === 0) this.#tx.event('multipart_no_filedata');
    this.#close('closed');
    const isLast = bytes[end] === 0x2d && bytes[end + 1] === 0x2d;
    this.#state = isLast ? 'over' : 'head';
    return end + 2;
  }

  #head(bytes: Uint8Array): number {
    const end = indexOf(bytes, HEAD_END, 0);
    if (end === -1) {
      if (bytes.length > PART_HEAD_BYTES_MAX) this.#state = 'over';
      return 0;
    }
    let name: Uint8Array | null = null;
    for (let start = 0; start < end; ) {
      const found = indexOf(bytes, LINE_END, start);
      const stop = found === -1 || found > end ? end : found;
      const line = bytes.subarray(start, stop);
      if (!line.includes(COLON)) this.#tx.event('multipart_invalid_header');
      if (startsWithText(line, 0, DISPOSITION)) name = dispositionName(line.subarray(DISPOSITION.length)) ?? name;
      start = stop + 2;
    }
    if (name !== null && this.#tx.files.length < FILES_MAX) {
      this.#file = new HttpFile(copyOf(name), 0, new Body(REQUEST_LIMITS));
      this.#tx.files.push(this.#file);
    }
    this.#state = 'data';
    return end + HEAD_END.length;
  }
}
