/**
 * Bytes of one direction of a stream by their offsets, in pages of the pool; there may be holes. Which bytes were
 * written is not known here.
 */
import { PAGE_BYTES, type PagePool } from './page-pool.ts';

const SHIFT = 12;
const MASK = PAGE_BYTES - 1;

export class PagedBytes {
  readonly #pool: PagePool;
  /** Pages from `#first` on; undefined where nothing was written. */
  #pages: (Uint8Array | undefined)[] = [];
  #first = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /** Bytes that writing there would allocate. */
  costOf(start: number, end: number): number {
    let cost = 0;
    for (let page = pageOf(start); page <= pageOf(end - 1); page++)
      if (this.#pages[page - this.#first] === undefined) cost += PAGE_BYTES;
    return cost;
  }

  /** `start` is not before what was released. */
  write(start: number, source: Uint8Array, from: number, to: number): void {
    if (this.#pages.length === 0) this.#first = pageOf(start);
    else if (pageOf(start) < this.#first) this.#growLeft(pageOf(start));
    let offset = start;
    let at = from;
    while (at < to) {
      const within = offset & MASK;
      const length = Math.min(to - at, PAGE_BYTES - within);
      copy(this.#pageAt(pageOf(offset)), within, source, at, length);
      offset += length;
      at += length;
    }
  }

  /** A view where one page holds it all; else a copy in `scratch`. */
  read(start: number, end: number, scratch: Scratch): Uint8Array {
    const length = end - start;
    const within = start & MASK;
    if (within + length <= PAGE_BYTES)
      return this.#pages[pageOf(start) - this.#first]!.subarray(within, within + length);
    const target = scratch.ofLength(length);
    this.copyTo(target, 0, start, end);
    return target.length === length ? target : target.subarray(0, length);
  }

  copyTo(target: Uint8Array, targetAt: number, start: number, end: number): void {
    let offset = start;
    let at = targetAt;
    while (offset < end) {
      const within = offset & MASK;
      const length = Math.min(end - offset, PAGE_BYTES - within);
      copy(target, at, this.#pages[pageOf(offset) - this.#first]!, within, length);
      offset += length;
      at += length;
    }
  }

  /** Whether other bytes are there than these of `source`. */
  differ(start: number, end: number, source: Uint8Array, from: number): boolean {
    for (let offset = start; offset < end; offset += 1) {
      const byte = this.#pages[pageOf(offset) - this.#first]![offset & MASK];
      if (byte !== source[from + (offset - start)]) return true;
    }
    return false;
  }

  /** Nothing before `offset` is needed any more. */
  release(offset: number): void {
    const keep = pageOf(offset) - this.#first;
    if (keep <= 0 || this.#pages.length === 0) return;
    const gone = Math.min(keep, this.#pages.length);
    for (let at = 0; at < gone; at++) this.#giveBack(this.#pages[at]);
    if (gone === this.#pages.length) this.#pages.length = 0;
    else this.#pages.splice(0, gone);
    this.#first += gone;
  }

  clear(): void {
    for (const page of this.#pages) this.#giveBack(page);
    this.#pages = [];
  }

  #pageAt(number: number): Uint8Array {
    const at = number - this.#first;
    while (this.#pages.length <= at) this.#pages.push(undefined);
    this.#pages[at] ??= this.#pool.take();
    return this.#pages[at];
  }

  #growLeft(number: number): void {
    this.#pages.unshift(...new Array<undefined>(this.#first - number));
    this.#first = number;
  }

  #giveBack(page: Uint8Array | undefined): void {
    if (page !== undefined) this.#pool.give(page);
  }
}

/** Room for what lies on several pages; good until it is asked for the next. */
export class Scratch {
  #bytes = new Uint8Array(4 * PAGE_BYTES);

  ofLength(length: number): Uint8Array {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(1 << (32 - Math.clz32(length - 1)));
    return this.#bytes;
  }
}

/** Division and not a shift: a stream without a depth may be longer than 2^31. */
function pageOf(offset: number): number {
  return offset < 0x7fffffff ? offset >> SHIFT : Math.floor(offset / PAGE_BYTES);
}

/** A view costs more than to copy a few bytes one by one. */
function copy(target: Uint8Array, targetAt: number, source: Uint8Array, at: number, length: number): void {
  if (length > 48) target.set(source.subarray(at, at + length), targetAt);
  else for (let index = 0; index < length; index++) target[targetAt + index] = source[at + index]!;
}
