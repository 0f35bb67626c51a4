/** A file as it comes, of a mail or of FTP. Rules see each byte of it once; what they have seen is not kept. */
import { createHash, type Hash } from 'node:crypto';
import { kindOfFile } from '../file-kind/index.ts';
import type { Direction } from './direction.ts';
import { type DigestName, ReceivedFile } from './files.ts';
import type { BufferRow, Transaction } from './protocol.ts';

/** No look before there are so many bytes, unless it is whole: Suricata's content-inspect-min-size. */
export const LEAST_BYTES = 32_768;
/** Of what nobody looks at no more is kept: three windows, of which one stays. */
const UNSEEN_BYTES_MAX = 3 * LEAST_BYTES;
/** So many bytes have to be there of one that has not ended. */
const KIND_BYTES_LEAST = 512;
const DIGESTS: readonly DigestName[] = ['md5', 'sha1', 'sha256'];
const NO_BYTES = new Uint8Array(0);
/** What one takes beside its bytes; its digests are most of it. */
const COST_BYTES = 1024;

export class StreamedFile extends ReceivedFile {
  #bytes: Uint8Array = NO_BYTES;
  /** Where the kept bytes begin in the file, and how many there are. */
  #start = 0;
  #length = 0;
  isGone = false;
  #inspected = 0;
  #shown = 0;
  #hashes: readonly Hash[] = DIGESTS.map((name) => createHash(name));
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
    this.#hashes = [];
  }

  abandon(): void {
    if (this.state !== 'open') return;
    this.state = 'truncated';
    this.isGone = true;
  }

  /** What is told of is let go, whether rules were asked or not. */
  told(): void {
    this.isGone = true;
    this.#bytes = NO_BYTES;
    this.#start = this.size;
    this.#length = 0;
  }

  get keptBytes(): number {
    return COST_BYTES + this.#bytes.length;
  }

  override digest(algorithm: DigestName): string | null {
    return this.#digests?.[DIGESTS.indexOf(algorithm)] ?? null;
  }

  /** Looked up once, by what there is then from its start on. */
  override kind(): Uint8Array | null {
    const isEnough = this.size > 0 && (this.state !== 'open' || this.size >= KIND_BYTES_LEAST);
    if (this.knownKind === null && isEnough && this.#start === 0)
      this.knownKind = kindOfFile(this.#bytes.subarray(0, this.#length));
    return this.knownKind === null ? null : Buffer.from(this.knownKind, 'latin1');
  }

  get wasInspected(): boolean {
    return this.#inspected > 0;
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

/** Of what there is something new of. From the prefilter one of which there is nothing hides the one behind it. */
function readyFile(
  files: readonly StreamedFile[],
  direction: Direction,
  index: number,
  isEnd: boolean,
  hides = false,
): StreamedFile | null {
  let left = index;
  let isHidden = false;
  for (const file of files) {
    if (file.isGone || file.direction !== direction) continue;
    const isShown: boolean = !isHidden && file.isReady(isEnd);
    isHidden = hides && !isHidden && !isShown;
    if (!isShown) continue;
    if (left === 0) return file;
    left -= 1;
  }
  return null;
}

type WithFiles = Transaction & { readonly files: readonly StreamedFile[] };

/** What rules ask of such files, in these directions. */
export const fileBuffers = (directions: readonly Direction[]): BufferRow<WithFiles>[] => [
  {
    name: 'file.data',
    directions,
    progress: 0,
    isMany: true,
    isStreamed: true,
    read: ({ files }, direction, index, isEnd) => readyFile(files, direction, index, isEnd)?.window() ?? null,
    scanned: ({ files }, direction, index, isEnd) => readyFile(files, direction, index, isEnd, true)?.window() ?? null,
    offset: ({ files }, direction, index, isEnd) => readyFile(files, direction, index, isEnd)?.windowStart ?? 0,
    inspected: ({ files }, direction) => {
      for (const file of files) if (file.direction === direction) file.inspected();
    },
  },
  {
    name: 'file.name',
    directions,
    progress: 0,
    isMany: true,
    isOfFiles: true,
    read: ({ files }, direction, index) =>
      files.filter((file) => !file.isGone && file.direction === direction)[index]?.name ?? null,
  },
  {
    name: 'file.magic',
    directions,
    progress: 0,
    isMany: true,
    isOfFiles: true,
    read: ({ files }, direction, index) => {
      let left = index;
      for (const file of files) {
        const kind = file.isGone || file.direction !== direction ? null : file.kind();
        if (kind === null) continue;
        if (left === 0) return kind;
        left -= 1;
      }
      return null;
    },
  },
];
