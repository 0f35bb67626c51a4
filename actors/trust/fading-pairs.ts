/**
 * Which pairs are to be forgotten, because their newest interaction lies so far back that nothing of its weight is left. When a
 * pair falls due follows from its newest time alone, in whole parts of the time after which it is forgotten, so that nobody
 * can tell from what is forgotten when a task was opened.
 *
 * Pairs lie in lists by when they were due when they were put there. Who has had an interaction since is put into a later list
 * when its turn comes, so that an interaction costs nothing here. The lists lie beside the rows and are made anew from them.
 */
import type { PairRows } from './pair-rows.ts';

/** Of the time after which a pair is forgotten: how much later it may be. */
const PARTS = 64;
const LISTED_MIN = 64;

export class FadingPairs {
  /** When the next list's turn comes. */
  dueMs: number = Number.POSITIVE_INFINITY;
  readonly #pairs: PairRows;
  readonly #forgetMs: number;
  readonly #partMs: number;
  /** By number of the part: the first pair of the list, and 1 more. */
  readonly #heads = new Map<number, number>();
  /** By pair: the next of its list, and 1 more; 0: there is none. */
  #next = new Int32Array(LISTED_MIN);

  /** `forgetMs`: whole milliseconds; infinite: nobody is forgotten. */
  constructor(pairs: PairRows, forgetMs: number) {
    this.#pairs = pairs;
    this.#forgetMs = forgetMs;
    this.#partMs = Math.max(1, Math.floor(forgetMs / PARTS));
    this.rebuild();
  }

  /** After a restore or a rollback. */
  rebuild(): void {
    this.#heads.clear();
    this.dueMs = Number.POSITIVE_INFINITY;
    if (this.#forgetMs === Number.POSITIVE_INFINITY) return;
    for (const pair of this.#pairs.rows.rows()) this.add(pair);
  }

  /** A new one that has had its first interaction. */
  add(pair: number): void {
    if (this.#forgetMs === Number.POSITIVE_INFINITY) return;
    const part = this.#partOf(pair);
    if (pair >= this.#next.length) this.#grow(pair);
    this.#next[pair] = this.#heads.get(part) ?? 0;
    this.#heads.set(part, pair + 1);
    if (part * this.#partMs < this.dueMs) this.dueMs = part * this.#partMs;
  }

  /** Event time has come so far; `forget` removes the pair. */
  pass(watermark: number, forget: (pair: number) => void): void {
    while (this.dueMs <= watermark) {
      const part = Math.round(this.dueMs / this.#partMs);
      let pair = this.#heads.get(part)! - 1;
      this.#heads.delete(part);
      this.dueMs = Math.min(Number.POSITIVE_INFINITY, ...this.#heads.keys()) * this.#partMs;
      while (pair >= 0) {
        const next = this.#next[pair]! - 1;
        if (this.#partOf(pair) * this.#partMs <= watermark) forget(pair);
        else this.add(pair);
        pair = next;
      }
    }
  }

  /** At its beginning the pair is forgotten. */
  #partOf(pair: number): number {
    return Math.floor((this.#pairs.newestMs(pair) + this.#forgetMs) / this.#partMs) + 1;
  }

  #grow(pair: number): void {
    const grown = new Int32Array(2 ** (32 - Math.clz32(pair)));
    grown.set(this.#next);
    this.#next = grown;
  }
}
