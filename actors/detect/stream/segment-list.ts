/**
 * Segments of one direction that are still needed, by start and then by length: two columns in blocks of bounded size, so
 * that a million segments in the worst order cost little more than in the best. A segment at the end of all is the usual case.
 */
const BLOCK_SEGMENTS = 512;

class Block {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
}

export class SegmentList {
  count = 0;
  #blocks: Block[] = [];
  /** Segments of the first block that are gone. */
  #gone = 0;
  /** Where the cursor stands. */
  #block = 0;
  #at = 0;

  /** Start and end at the cursor; call them only where a move said that there is one. */
  get start(): number {
    return this.#blocks[this.#block]!.starts[this.#at]!;
  }

  get end(): number {
    return this.#blocks[this.#block]!.ends[this.#at]!;
  }

  /** Puts the segment in; the cursor is on it. False where the same one is there already, which the cursor is on then. */
  insert(start: number, end: number): boolean {
    const last = this.#blocks.at(-1);
    if (last === undefined) this.#blocks.push(new Block());
    else {
      const at = last.starts.length - 1;
      if (this.count > 0 && !isBefore(last.starts[at]!, last.ends[at]!, start, end)) {
        this.#seek(start, end);
        if (this.start === start && this.end === end) return false;
        return this.#insertHere(start, end);
      }
    }
    this.#block = this.#blocks.length - 1;
    this.#append(start, end);
    return true;
  }

  /** To the segment before; false at the first. */
  previous(): boolean {
    if (this.#at > (this.#block === 0 ? this.#gone : 0)) {
      this.#at--;
      return true;
    }
    if (this.#block === 0) return false;
    this.#block--;
    this.#at = this.#blocks[this.#block]!.starts.length - 1;
    return true;
  }

  /** To the segment behind; false at the last. */
  next(): boolean {
    if (this.#at + 1 < this.#blocks[this.#block]!.starts.length) {
      this.#at++;
      return true;
    }
    if (this.#block + 1 >= this.#blocks.length) return false;
    this.#block++;
    this.#at = 0;
    return true;
  }

  /** To the first segment; false where there is none. */
  first(): boolean {
    this.#block = 0;
    this.#at = this.#gone;
    return this.count > 0;
  }

  /** To the first segment that starts at `offset` or behind it; false where there is none. */
  seekStart(offset: number): boolean {
    if (this.count === 0) return false;
    const last = this.#blocks.at(-1)!;
    if (last.starts.at(-1)! < offset) return false;
    this.#seek(offset, -1);
    return true;
  }

  /** Drops segments from the front for as long as they end at `offset` or before it. */
  dropBefore(offset: number): void {
    while (this.count > 0) {
      const block = this.#blocks[0]!;
      if (block.ends[this.#gone]! > offset) return;
      this.#gone++;
      this.count--;
      if (this.#gone < block.starts.length) continue;
      this.#gone = 0;
      if (this.#blocks.length > 1) this.#blocks.shift();
      else {
        block.starts.length = 0;
        block.ends.length = 0;
      }
    }
  }

  clear(): void {
    this.#blocks = [];
    this.#gone = 0;
    this.count = 0;
  }

  #append(start: number, end: number): void {
    let block = this.#blocks[this.#block]!;
    if (block.starts.length >= BLOCK_SEGMENTS) {
      block = new Block();
      this.#blocks.push(block);
      this.#block++;
    }
    block.starts.push(start);
    block.ends.push(end);
    this.#at = block.starts.length - 1;
    this.count++;
  }

  /** To the first segment that is not before the one given; there is one. */
  #seek(start: number, end: number): void {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { starts, ends } = this.#blocks[middle]!;
      if (isBefore(starts.at(-1)!, ends.at(-1)!, start, end)) low = middle + 1;
      else high = middle;
    }
    this.#block = low;
    const { starts, ends } = this.#blocks[low]!;
    let from = low === 0 ? this.#gone : 0;
    let to = starts.length - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isBefore(starts[middle]!, ends[middle]!, start, end)) from = middle + 1;
      else to = middle;
    }
    this.#at = from;
  }

  #insertHere(start: number, end: number): boolean {
    const block = this.#blocks[this.#block]!;
    block.starts.splice(this.#at, 0, start);
    block.ends.splice(this.#at, 0, end);
    this.count++;
    if (block.starts.length > BLOCK_SEGMENTS) this.#split(block);
    return true;
  }

  #split(block: Block): void {
    const half = block.starts.length >> 1;
    const behind = new Block();
    behind.starts.push(...block.starts.splice(half));
    behind.ends.push(...block.ends.splice(half));
    this.#blocks.splice(this.#block + 1, 0, behind);
    if (this.#at < half) return;
    this.#block++;
    this.#at -= half;
  }
}

function isBefore(start: number, end: number, otherStart: number, otherEnd: number): boolean {
  return start < otherStart || (start === otherStart && end < otherEnd);
}
