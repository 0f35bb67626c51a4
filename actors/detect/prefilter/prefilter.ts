/**
 * Which of many patterns are in a buffer: all of them looked for at once, whatever their number.
 *
 * Of each pattern four bytes in a row are its key, those that are rarest and that fewest others have. A scan asks a table of
 * bits for each four bytes whether they may be a key; nearly always they are not. Else the patterns with that key are
 * compared. Where all patterns of four bytes and more have five, each has two keys, one at an even place and one at an odd one,
 * and every second place of the buffer is enough. Patterns of three bytes are a key by themselves, and are looked for in a second scan; those of one and two have
 * tables of their own.
 *
 * No buffer can make a scan expensive: what is spent on comparing is bounded by the buffer's length, and beyond it
 * patterns count as found whose key is there. A hit is a candidate: whoever is told has to look for himself.
 */
import { finished, LONG_STEP, type Steps } from '../rules/finished.ts';
import { commonness } from './common-texts.ts';
import { CASE, CASES, KeyFilter } from './key-filter.ts';
import { KeyTable } from './key-table.ts';
import { type Pattern, PatternStore } from './pattern-store.ts';
import { WORDS_BYTES_MIN, wordsOf } from './scanned-words.ts';
import { ShortTable } from './short-table.ts';

const KEY_BYTES = 4;
/** Counts of four bytes in all patterns: what many patterns have is a word, and words are in traffic, too. */
const COUNTS_BITS = 18;
const SHARED_KEY_COST = 1;
const WORD_COST = 1.5;
/** A key with two bytes of its pattern before it can be told from others without a look at the pattern. */
const BARE_COST = 2;

export class Prefilter {
  readonly #store: PatternStore;
  readonly #long: KeyFilter | null;
  readonly #triples: KeyFilter | null;
  readonly #short: ShortTable | null;

  constructor(patterns: readonly Pattern[] | Parts) {
    const { store, long, triples, short } = 'store' in patterns ? patterns : finished(makingParts(patterns));
    this.#store = store;
    this.#long = long;
    this.#triples = triples;
    this.#short = short;
  }

  /** How many ids were found; they are the first ones of `ids`, until the next scan. */
  scan(buffer: Uint8Array): number {
    const store = this.#store;
    store.begin(buffer.length);
    const words = buffer.length < WORDS_BYTES_MIN ? null : wordsOf(buffer);
    this.#long?.scan(buffer, words);
    this.#triples?.scan(buffer, words);
    this.#short?.scan(buffer);
    return store.count;
  }

  get ids(): Int32Array {
    return this.#store.ids;
  }

  /** The last scan ran into its bound. */
  get isExhausted(): boolean {
    return this.#store.budget <= 0;
  }
}

interface Parts {
  readonly store: PatternStore;
  readonly long: KeyFilter | null;
  readonly triples: KeyFilter | null;
  readonly short: ShortTable | null;
}

/** A few patterns a step: tens of thousands take a quarter of a second. */
export function* makingPrefilter(patterns: readonly Pattern[]): Steps<Prefilter> {
  return new Prefilter(yield* makingParts(patterns));
}

/** Patterns for what one rule takes elsewhere. */
const PATTERNS_A_RULE = 4;
const PATTERNS_A_STEP = 64;

function* makingParts(patterns: readonly Pattern[]): Steps<Parts> {
  const store = new PatternStore(patterns);
  yield LONG_STEP;
  const byLength: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < patterns.length; i += 1) {
    const length = store.lengthOf(i);
    byLength[length >= KEY_BYTES ? 0 : length === 3 ? 1 : 2].push(i);
  }
  const [long, triples, short] = byLength;
  return {
    store,
    long: long.length === 0 ? null : yield* makingLong(store, long),
    triples: triples.length === 0 ? null : tripleFilter(store, triples),
    short: short.length === 0 ? null : new ShortTable(store, short, patterns.length),
  };
}

function* makingLong(store: PatternStore, long: readonly number[]): Steps<KeyFilter> {
  const hasTwo = long.every((pattern) => store.lengthOf(pattern) > KEY_BYTES);
  const keys = hasTwo ? 2 * long.length : long.length;
  const table = new KeyTable(keys);
  const filter = new KeyFilter(keys, KEY_BYTES, table, store, hasTwo);
  const counts = countsOf(store, long);
  yield LONG_STEP;
  const add = (pattern: number, end: number): void => {
    const key = longKey(store, pattern, end);
    table.add(key, pattern, end);
    filter.add(key, end < KEY_BYTES + 2 ? null : keyOf(store, pattern, end - KEY_BYTES, 2));
  };
  for (let i = 0; i < long.length; i += 1) {
    if (i % PATTERNS_A_STEP === 0) yield PATTERNS_A_STEP / PATTERNS_A_RULE;
    const pattern = long[i]!;
    const first = bestEnd(store, pattern, counts, table, KEY_BYTES, hasTwo ? 2 : 1);
    const second = hasTwo ? bestEnd(store, pattern, counts, table, KEY_BYTES + 1, 2) : null;
    add(pattern, first);
    if (second !== null) add(pattern, second);
  }
  return filter;
}

/** Where the pattern's cheapest key ends, of those that end at `first` and each `step` bytes on. */
function bestEnd(
  store: PatternStore,
  pattern: number,
  counts: Uint32Array,
  table: KeyTable,
  first: number,
  step: number,
): number {
  const length = store.lengthOf(pattern);
  let best = Number.POSITIVE_INFINITY;
  let at = first;
  for (let end = first; end <= length; end += step) {
    const key = longKey(store, pattern, end);
    const words = Math.log2(counts[countPlace(key)]!);
    let cost = commonness(key) + WORD_COST * words + SHARED_KEY_COST * table.sharedBy(key);
    if (end < KEY_BYTES + 2) cost += BARE_COST;
    if (cost >= best) continue;
    best = cost;
    at = end;
  }
  return at;
}

const countPlace = (key: number): number => Math.imul(key, 0xc2b2ae35 | 0) >>> (32 - COUNTS_BITS);

function countsOf(store: PatternStore, long: readonly number[]): Uint32Array {
  const counts = new Uint32Array(1 << COUNTS_BITS);
  for (const pattern of long) {
    const length = store.lengthOf(pattern);
    for (let end = KEY_BYTES; end <= length; end += 1) counts[countPlace(longKey(store, pattern, end))]! += 1;
  }
  return counts;
}

function tripleFilter(store: PatternStore, triples: readonly number[]): KeyFilter {
  const table = new KeyTable(triples.length);
  const filter = new KeyFilter(triples.length, 3, table, store);
  for (const pattern of triples) {
    const key = keyOf(store, pattern, 3, 3);
    table.add(key, pattern, 3);
    filter.add(key, null);
  }
  return filter;
}

const longKey = (store: PatternStore, pattern: number, end: number): number => store.wordOf(pattern, end) | CASES;

function keyOf(store: PatternStore, pattern: number, end: number, bytes: number): number {
  let key = 0;
  for (let at = end - 1; at >= end - bytes; at -= 1) key = (key << 8) | store.byteOf(pattern, at) | CASE;
  return key;
}
