/**
 * One of several, drawn while they go by, so that a batch counts once, however many names it has: names cost nothing, enrolments
 * do. Each batch has a lot that follows from it and from the question; whoever is of none has a lot of its own.
 */
import { type Random, randomBelow } from '../../engine/index.ts';

/** Of a provider that came by itself. */
export const OWN_BATCH = 0;

const NO_LOT = -1;

export class BatchDraw {
  readonly #random: Random;
  readonly #salt: number;
  #lot: number = NO_LOT;
  #batch: number = OWN_BATCH;
  /** How many of the drawn batch went by. */
  #members = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#salt = random.u32();
  }

  /** What went by before counts no more. */
  restart(): void {
    this.#lot = NO_LOT;
  }

  /** True where this one is the one that is drawn so far. */
  takes(batch: number): boolean {
    const lot = batch === OWN_BATCH ? this.#random.u32() : mixed(batch ^ this.#salt);
    if (lot === this.#lot && batch === this.#batch && batch !== OWN_BATCH) {
      this.#members++;
      return randomBelow(this.#random, this.#members) === 0;
    }
    if (lot <= this.#lot) return false;
    this.#lot = lot;
    this.#batch = batch;
    this.#members = 1;
    return true;
  }
}

function mixed(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
