/** Choices out of a seed: the same seed makes the same traffic, also for another engine. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 on, below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** True so often. */
  happens(share: number): boolean {
    return this.next() < share;
  }

  times<T>(limit: number, make: () => T): T[] {
    return Array.from({ length: this.below(limit) }, make);
  }

  /** Now and then a byte is changed, or the end is missing. */
  spoil(bytes: Uint8Array, share: number): Uint8Array {
    if (bytes.length === 0 || !this.happens(share)) return bytes;
    if (this.happens(0.5)) return bytes.slice(0, this.below(bytes.length));
    const spoilt = Uint8Array.from(bytes);
    spoilt[this.below(bytes.length)] = this.below(256);
    return spoilt;
  }
}
