/** Where the bytes of one message's body go: out of their coding, to the body that rules look at, and into files. */
import type { FileRange } from '../files.ts';
import { codingsOf } from './codings.ts';
import { rangeOf } from './content-range.ts';
import { Decompressor } from './decompress.ts';
import { dispositionName } from './disposition.ts';
import { HttpFile } from './http-file.ts';
import type { HttpTransaction, Message } from './http-transaction.ts';
import type { Input } from './input.ts';
import { boundaryOf, Multipart } from './multipart.ts';
import { textOf } from './octets.ts';

/** A name of a file is no longer. */
const FILE_NAME_BYTES_MAX = 4096;

/** Null where the response is about the whole, or does not say of how much it is a part. */
function partOf(value: Uint8Array): FileRange | null {
  const { start, end, size } = rangeOf(textOf(value));
  if (start === undefined || end === undefined || size === undefined) return null;
  return start > end || end >= size ? null : { start, end };
}

export class BodySink {
  readonly #tx: HttpTransaction;
  readonly #direction: 0 | 1;
  readonly #message: Message;
  readonly #decompressor: Decompressor | null;
  #multipart: Multipart | null = null;
  #file: HttpFile | null = null;
  #hasBegun = false;
  /** The coding is over, or bytes of it are missing. */
  #isCodingOver = false;
  /** As much of a response was there before the file had a name: nobody looks at it. */
  #unnamed = 0;
  /** A coding cannot be taken up again behind its end or bytes that are missing: Suricata's parser gives up. */
  hasFailed = false;

  constructor(tx: HttpTransaction, direction: 0 | 1) {
    this.#tx = tx;
    this.#direction = direction;
    this.#message = tx.message(direction);
    this.#message.hasBody = true;
    const codings = codingsOf(this.#message.headers.find('content-encoding')?.value ?? null, tx);
    this.#decompressor =
      codings.length === 0
        ? null
        : new Decompressor(
            codings,
            (bytes) => this.#append(bytes),
            () => tx.note('gzip_decompression_failed'),
          );
  }

  /** What there is of so many bytes is the body's; gives how many are still to come. */
  take(input: Input, most: number): number {
    const bytes = input.take(most);
    this.data(bytes);
    return most - bytes.length;
  }

  data(bytes: Uint8Array): void {
    this.#message.bodyBytes += bytes.length;
    this.hasFailed ||= this.#isCodingOver;
    if (this.hasFailed) return;
    // Nobody looks behind the limit; what is counted is what was sent.
    if (this.#decompressor === null) this.#append(bytes);
    else if (!this.#message.body.isFull) {
      this.#decompressor.push(bytes);
      this.#message.codingBytes = this.#decompressor.keptBytes;
    } else this.#overflow();
  }

  get hasOpenFile(): boolean {
    return this.#multipart === null ? this.#file?.state === 'open' : this.#multipart.hasOpenFile;
  }

  gap(length: number): void {
    this.#message.bodyBytes += length;
    if (this.#decompressor !== null) {
      this.#isCodingOver = true;
      if (!this.#decompressor.isPassing) {
        this.#decompressor.end();
        return;
      }
    }
    this.#tx.isUpdated[this.#direction] = true;
    if (!this.#hasBegun) this.#begin();
    if (this.#message.body.isFull) this.#overflow();
    else this.#seeRaw();
    if (this.#file === null) return;
    this.#file.hasGaps = true;
    this.#file.size += length;
  }

  /** As much came as was announced: what a coding held back is handed on. */
  endOfData(): void {
    if (this.#decompressor === null) return;
    this.#decompressor.end();
    this.#isCodingOver = true;
  }

  end(): void {
    this.#decompressor?.end();
    this.#multipart?.end();
    if (this.#file?.state === 'open') this.#file.state = this.#file.hasGaps ? 'truncated' : 'closed';
  }

  #overflow(): void {
    this.#tx.isUpdated[this.#direction] = true;
    this.#seeRaw();
    if (this.#file?.state === 'open') this.#file.state = 'truncated';
    this.#multipart?.truncate();
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#tx.isUpdated[this.#direction] = true;
    if (!this.#hasBegun) this.#begin();
    if (!this.#hasBegun) {
      this.#unnamed += bytes.length;
      this.#seeRaw();
      return;
    }
    const length = this.#message.body.append(bytes);
    if (length === 0) {
      this.#overflow();
      return;
    }
    if (this.#file !== null) this.#file.size += length;
    this.#multipart?.look();
    this.#seeRaw();
  }

  #seeRaw(): void {
    const { body } = this.#message;
    this.#tx.raw[this.#direction].body(this.#unnamed + body.size, body.wasAsked);
  }

  /** With the first byte it is known what is sent: a form with files, or one file, once the request has told its name. */
  #begin(): void {
    const tx = this.#tx;
    if (this.#direction === 0) {
      this.#hasBegun = true;
      if (tx.method !== 'post' && tx.method !== 'put') return;
      const type = tx.method === 'post' ? tx.request.headers.find('content-type') : null;
      const boundary = type === null ? null : boundaryOf(type.value);
      if (boundary !== null) {
        this.#multipart = new Multipart(boundary, tx);
        return;
      }
    }
    const disposition = this.#direction === 1 ? tx.response.headers.find('content-disposition') : null;
    const name = (disposition === null ? null : dispositionName(disposition.value)) ?? tx.uri.path;
    if (name === null) return;
    this.#hasBegun = true;
    if (name.length > FILE_NAME_BYTES_MAX) tx.event('file_name_too_long');
    this.#file = new HttpFile(name.subarray(0, FILE_NAME_BYTES_MAX), this.#direction, this.#message.body);
    const part = this.#direction === 1 ? tx.response.headers.find('content-range') : null;
    if (part !== null) {
      this.#file.range = partOf(part.value);
      if (this.#file.range === null) tx.event('range_invalid');
    }
    tx.files.push(this.#file);
  }
}
