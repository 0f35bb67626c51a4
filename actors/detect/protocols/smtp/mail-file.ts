/** A file that a mail carries. Rules see each byte of it once; what they have seen is not kept. */
import { createHash, type Hash } from 'node:crypto';
import { type DigestName, ReceivedFile } from '../files.ts';

/** No look before there are so many bytes, unless it is whole: Suricata's content-inspect-min-size of SMTP. */
const LEAST_BYTES = 32_768;
/** Of what nobody looks at no more is kept: three windows, of which one stays. */
const UNSEEN_BYTES_MAX = 3 * LEAST_BYTES;
const DIGESTS: readonly DigestName[] = ['md5', 'sha1', 'sha256'];
const NO_BYTES = new Uint8Array(0);

export class MailFile extends ReceivedFile {
  #bytes: Uint8Array = NO_BYTES;
  /** Where the kept bytes begin in the file, and how many there are. */
  #start = 0;
  #length = 0;
  isGone = false;
  #inspected = 0;
  #shown = 0;
  readonly #hashes: readonly Hash[] = DIGESTS.map((name) => createHash(name));
  #digests: readonly string[] | null = null;

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > UNSEEN_BYTES_MAX) this.#slide();
    if (this.#length + bytes.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(4096, 2 * (this.#length + bytes.length)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    this.size += bytes.length;
    for (const hash of this.#hashes) hash.update(bytes);
  }

  close(): void {
    this.state = 'closed';
    this.#digests = this.#hashes.map((hash) => hash.digest('hex'));
  }

  abandon(): void {
    if (this.state !== 'open') return;
    this.state = 'truncated';
    this.isGone = true;
  }

  override digest(algorithm: DigestName): string | null {
    return this.#digests?.[DIGESTS.indexOf(algorithm)] ?? null;
  }

  isReady(isEnd: boolean): boolean {
    if (this.#inspected === this.size) return false;
    return isEnd || this.state !== 'open' || this.size >= LEAST_BYTES;
  }

  get windowStart(): number {
    return this.#inspected;
  }

  window(): Uint8Array {
    this.#shown = this.size;
    return this.#bytes.subarray(this.#inspected - this.#start, this.#length);
  }

  /** What was shown was looked at. */
  inspected(): void {
    this.isGone ||= this.state !== 'open';
    if (this.#shown <= this.#inspected) return;
    this.#inspected = this.#shown;
    this.#drop(this.#inspected - this.#start);
  }

  #slide(): void {
    this.#drop(Math.max(0, this.#length - LEAST_BYTES));
    this.#inspected = Math.max(this.#inspected, this.#start);
  }

  #drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#start += count;
    this.#length -= count;
  }
}
