/**
 * DEFLATE, fed in any pieces. What came out before a fault stays, and nothing more than a bound is ever written: what
 * it has written is the window that it copies from. (node:zlib gives nothing of data that ends in a fault, and only
 * whole data at once without waiting.)
 */
import { Huffman } from './huffman.ts';

const NO_BYTES = new Uint8Array(0);

type Step = 'block' | 'stored-length' | 'stored' | 'counts' | 'code-lengths' | 'lengths' | 'symbols' | 'end';
/** full: the bound is reached. */
export type InflateStatus = 'more' | 'end' | 'fault' | 'full';

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]; // biome-ignore format: a table
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12_289, 16_385, 24_577]; // biome-ignore format: a table
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const END_OF_BLOCK = 256;
const FIRST_OUTPUT = 4096;

export class Inflate {
  /** What came out, `length` bytes of it. */
  output: Uint8Array = NO_BYTES;
  length = 0;
  status: InflateStatus = 'more';
  readonly #limit: number;
  readonly #literals = new Huffman(288);
  readonly #distances = new Huffman(32);
  readonly #lengths = new Uint8Array(320);
  #step: Step = 'block';
  #isLastBlock = false;
  #hold = 0;
  #bits = 0;
  #input: Uint8Array = NO_BYTES;
  #at = 0;
  #stored = 0;
  #literalCount = 0;
  #distanceCount = 0;
  #codeCount = 0;
  #read = 0;
  /** A length was read and its distance not yet. */
  #pendingLength = 0;
  #pendingSymbol = -1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many of the bytes were taken; all but after an end or a fault. */
  push(input: Uint8Array, from: number): number {
    this.#input = input;
    this.#at = from;
    while (this.status === 'more' && this.#advance());
    const taken = this.#at - from;
    this.#input = NO_BYTES;
    return taken;
  }

  /** False: it needs more input, or is over. */
  #advance(): boolean {
    switch (this.#step) {
      case 'block':
        return this.#block();
      case 'stored-length':
        return this.#storedLength();
      case 'stored':
        return this.#copyStored();
      case 'counts':
        return this.#counts();
      case 'code-lengths':
        return this.#codeLengths();
      case 'lengths':
        return this.#readLengths();
      case 'symbols':
        return this.#symbols();
      case 'end':
        this.status = 'end';
        return false;
    }
  }

  #need(bits: number): boolean {
    while (this.#bits < bits) {
      if (this.#at >= this.#input.length) return false;
      this.#hold |= this.#input[this.#at]! << this.#bits;
      this.#at += 1;
      this.#bits += 8;
    }
    return true;
  }

  #drop(bits: number): number {
    const value = this.#hold & ((1 << bits) - 1);
    this.#hold >>>= bits;
    this.#bits -= bits;
    return value;
  }

  #fault(): boolean {
    this.status = 'fault';
    return false;
  }

  #block(): boolean {
    if (this.#isLastBlock) {
      this.#step = 'end';
      return true;
    }
    if (!this.#need(3)) return false;
    this.#isLastBlock = this.#drop(1) === 1;
    const type = this.#drop(2);
    if (type === 3) return this.#fault();
    if (type === 1) this.#fixed();
    this.#step = type === 0 ? 'stored-length' : type === 1 ? 'symbols' : 'counts';
    if (type === 0) this.#drop(this.#bits & 7);
    return true;
  }

  #storedLength(): boolean {
    // Two numbers of 16 bits do not fit beside what may be held: one after the other.
    if (this.#stored === 0) {
      if (!this.#need(16)) return false;
      this.#stored = this.#drop(16) | 0x10000;
    }
    if (!this.#need(16)) return false;
    const length = this.#stored & 0xffff;
    this.#stored = length;
    if (this.#drop(16) !== (length ^ 0xffff)) return this.#fault();
    this.#step = 'stored';
    return true;
  }

  #copyStored(): boolean {
    while (this.#stored > 0 && this.#bits >= 8) {
      if (!this.#put(this.#drop(8))) return false;
      this.#stored -= 1;
    }
    const length = Math.min(this.#stored, this.#input.length - this.#at, this.#limit - this.length);
    if (length > 0) {
      this.#room(length);
      this.output.set(this.#input.subarray(this.#at, this.#at + length), this.length);
      this.length += length;
      this.#at += length;
      this.#stored -= length;
    }
    if (this.#stored === 0) {
      this.#step = 'block';
      return true;
    }
    if (this.length === this.#limit) this.status = 'full';
    return false;
  }

  #fixed(): void {
    const lengths = this.#lengths;
    lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288).fill(5, 288, 320);
    this.#literals.build(lengths, 0, 288);
    this.#distances.build(lengths, 288, 32);
  }

  #counts(): boolean {
    if (!this.#need(14)) return false;
    this.#literalCount = this.#drop(5) + 257;
    this.#distanceCount = this.#drop(5) + 1;
    this.#codeCount = this.#drop(4) + 4;
    if (this.#literalCount > 286 || this.#distanceCount > 30) return this.#fault();
    this.#lengths.fill(0);
    this.#read = 0;
    this.#step = 'code-lengths';
    return true;
  }

  #codeLengths(): boolean {
    while (this.#read < this.#codeCount) {
      if (!this.#need(3)) return false;
      this.#lengths[ORDER[this.#read]!] = this.#drop(3);
      this.#read += 1;
    }
    if (!this.#distances.build(this.#lengths, 0, 19)) return this.#fault();
    this.#lengths.fill(0);
    this.#read = 0;
    this.#step = 'lengths';
    return true;
  }

  #readLengths(): boolean {
    const total = this.#literalCount + this.#distanceCount;
    while (this.#read < total) {
      const code = this.#peek(this.#distances);
      if (code === 0) return false;
      if (code === -1) return this.#fault();
      const bits = code >> 9;
      const symbol = code & 0x1ff;
      const extra = symbol < 16 ? 0 : symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      if (!this.#need(bits + extra)) return false;
      this.#drop(bits);
      if (symbol < 16) {
        this.#lengths[this.#read] = symbol;
        this.#read += 1;
        continue;
      }
      if (symbol === 16 && this.#read === 0) return this.#fault();
      const times = this.#drop(extra) + (symbol === 18 ? 11 : 3);
      if (this.#read + times > total) return this.#fault();
      const value = symbol === 16 ? this.#lengths[this.#read - 1]! : 0;
      this.#lengths.fill(value, this.#read, this.#read + times);
      this.#read += times;
    }
    if (this.#lengths[END_OF_BLOCK] === 0) return this.#fault();
    const isWhole =
      this.#literals.build(this.#lengths, 0, this.#literalCount) &&
      this.#distances.build(this.#lengths, this.#literalCount, this.#distanceCount);
    if (!isWhole) return this.#fault();
    this.#step = 'symbols';
    return true;
  }

  /** The next code, with as many bytes as it needs. */
  #peek(code: Huffman): number {
    for (;;) {
      const found = code.decode(this.#hold, this.#bits);
      if (found !== 0) return found;
      if (!this.#need(this.#bits + 1)) return 0;
    }
  }

  #symbols(): boolean {
    for (;;) {
      if (this.#pendingLength === 0 && !this.#literal()) return false;
      if (this.#pendingLength === -1) {
        this.#pendingLength = 0;
        this.#step = 'block';
        return true;
      }
      if (this.#pendingLength > 0 && !this.#copy()) return false;
    }
  }

  /** Literals up to the next length; -1 is set for the end of the block. */
  #literal(): boolean {
    for (;;) {
      const code = this.#peek(this.#literals);
      if (code === 0) return false;
      if (code === -1) return this.#fault();
      const symbol = code & 0x1ff;
      if (symbol < END_OF_BLOCK) {
        if (!this.#put(symbol)) return false;
        this.#drop(code >> 9);
        continue;
      }
      if (symbol === END_OF_BLOCK) {
        this.#drop(code >> 9);
        this.#pendingLength = -1;
        return true;
      }
      const index = symbol - 257;
      if (index >= LENGTH_BASE.length) return this.#fault();
      const extra = LENGTH_EXTRA[index]!;
      if (!this.#need((code >> 9) + extra)) return false;
      this.#drop(code >> 9);
      this.#pendingLength = LENGTH_BASE[index]! + this.#drop(extra);
      return true;
    }
  }

  #copy(): boolean {
    if (this.#pendingSymbol === -1) {
      const code = this.#peek(this.#distances);
      if (code === 0) return false;
      if (code === -1) return this.#fault();
      this.#drop(code >> 9);
      this.#pendingSymbol = code & 0x1ff;
      if (this.#pendingSymbol >= DISTANCE_BASE.length) return this.#fault();
    }
    const extra = DISTANCE_EXTRA[this.#pendingSymbol]!;
    if (!this.#need(extra)) return false;
    const distance = DISTANCE_BASE[this.#pendingSymbol]! + this.#drop(extra);
    if (distance > this.length) return this.#fault();
    this.#pendingSymbol = -1;
    const length = Math.min(this.#pendingLength, this.#limit - this.length);
    this.#room(length);
    const { output } = this;
    for (let to = this.length, end = to + length; to < end; to += 1) output[to] = output[to - distance]!;
    this.length += length;
    if (length < this.#pendingLength) {
      this.status = 'full';
      return false;
    }
    this.#pendingLength = 0;
    return true;
  }

  #put(byte: number): boolean {
    if (this.length === this.#limit) {
      this.status = 'full';
      return false;
    }
    this.#room(1);
    this.output[this.length] = byte;
    this.length += 1;
    return true;
  }

  #room(more: number): void {
    if (this.length + more <= this.output.length) return;
    const size = Math.min(this.#limit, Math.max(FIRST_OUTPUT, 2 * this.output.length, this.length + more));
    const grown = new Uint8Array(size);
    grown.set(this.output.subarray(0, this.length));
    this.output = grown;
  }
}
