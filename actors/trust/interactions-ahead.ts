/**
 * The interactions of a stretch, read into columns before their turn, with the numbers of what they name: lookups that
 * depend on nothing wait for memory together, where one after the other each would wait for its own.
 */
import type { KeyTable, RecordWalk, RowStore } from '../../engine/index.ts';
import {
  AT_ID,
  AT_SERVICE,
  AT_TRUSTOR,
  INTERACTION_NUMBERS,
  INTERACTION_SPANS,
  InteractionReader,
  type InteractionView,
} from '../../schemas/index.ts';
import { IdHash } from './id-hash.ts';
import type { KnownIds } from './known-ids.ts';
import { type Names, SERVICE, TRUSTOR } from './names.ts';
import { NAMES_MAX, PAIR_ROW_BYTES } from './pair-rows.ts';
import { PROVIDER_ROW_BYTES } from './provider-rows.ts';
import type { ScoreWriter } from './score-writer.ts';

/** Of an interaction that could not be read. */
export const UNREADABLE = -1;
const ROW_WORDS = PAIR_ROW_BYTES / 4;
const PROVIDER_ROW_WORDS = PROVIDER_ROW_BYTES / 4;
/** Of the processor's cache. */
const LINE_WORDS = 16;

export class InteractionsAhead {
  numbers = new Float64Array(0);
  spans = new Int32Array(0);
  schemaIds = new Int32Array(0);
  trustorKeys = new Int32Array(0);
  serviceKeys = new Int32Array(0);
  idHighs = new Int32Array(0);
  idLows = new Int32Array(0);
  /** -1: there is none yet, or was none when they were looked for. */
  trustors = new Int32Array(0);
  services = new Int32Array(0);
  pairs = new Int32Array(0);
  /** Rows of providers. */
  providers = new Int32Array(0);
  /** Under which pairs are looked for, and providers. */
  subs = new Float64Array(0);
  serviceSubs = new Float64Array(0);
  /** Keeps what is read for nothing else from being left out. */
  touched = 0;
  readonly #reader = new InteractionReader();
  readonly #hash = new IdHash();
  readonly #keys: KeyTable;
  readonly #names: Names;
  readonly #pairs: RowStore;
  readonly #providers: RowStore;
  readonly #scores: ScoreWriter;
  readonly #sub = new Float64Array(1);
  readonly #known: KnownIds;
  #stretch = -1;

  constructor(
    keys: KeyTable,
    names: Names,
    pairs: RowStore,
    providers: RowStore,
    known: KnownIds,
    scores: ScoreWriter,
  ) {
    this.#keys = keys;
    this.#providers = providers;
    this.#scores = scores;
    this.#names = names;
    this.#pairs = pairs;
    this.#known = known;
  }

  /** What was looked up is out of date. */
  forget(): void {
    this.#stretch = -1;
  }

  /** Lets the columns hold the record at hand, at its place. */
  reach(records: RecordWalk): void {
    if (records.stretch === this.#stretch) return;
    this.#stretch = records.stretch;
    const { bytes, from, ahead } = records;
    const { keyIds, valueStarts, valueEnds } = records.columns;
    this.#grow(ahead);
    for (let i = from; i < ahead; i++) this.#read(i, bytes, valueStarts[i]!, valueEnds[i]!);
    for (let i = from; i < ahead; i++) this.#findNames(i);
    const { subs, trustors, services, pairs } = this;
    const { serviceSubs, providers } = this;
    for (let i = from; i < ahead; i++) {
      subs[i] = trustors[i]! < 0 || services[i]! < 0 ? -1 : trustors[i]! * NAMES_MAX + services[i]!;
      serviceSubs[i] = services[i]!;
    }
    this.#pairs.findPairs(keyIds, subs, from, ahead, pairs);
    this.#providers.findPairs(keyIds, serviceSubs, from, ahead, providers);
    this.touched =
      this.#firstOfRows(from, ahead) +
      this.#known.look(pairs, this.idLows, from, ahead) +
      this.#scores.look(pairs, from, ahead);
  }

  /** Reads something of each row, so that it is near when its turn comes; what it gives says nothing. */
  #firstOfRows(from: number, to: number): number {
    const words = this.#pairs.i32;
    const { pairs } = this;
    let all = 0;
    for (let i = from; i < to; i++) if (pairs[i]! >= 0) all |= words[pairs[i]! * ROW_WORDS]!;
    const ofProviders = this.#providers.i32;
    for (let i = from; i < to; i++) {
      const at = this.providers[i]! * PROVIDER_ROW_WORDS;
      if (at >= 0) all |= ofProviders[at]! | ofProviders[at + LINE_WORDS]!;
    }
    return all;
  }

  /** One that is at hand by itself, at place 0. */
  reachOne(keyId: number, { bytes, numbers, spans }: InteractionView, schemaId: number): void {
    this.forget();
    this.#grow(1);
    this.numbers.set(numbers);
    this.spans.set(spans);
    this.schemaIds[0] = schemaId;
    this.#identify(0, bytes);
    this.#findNames(0);
    this.pairs[0] = this.findPair(keyId, this.trustors[0]!, this.services[0]!);
    this.providers[0] = -1;
  }

  #read(i: number, bytes: Uint8Array, start: number, end: number): void {
    const { numbers, spans } = this;
    try {
      const n = i * INTERACTION_NUMBERS;
      this.schemaIds[i] = this.#reader.read(bytes, start, end, numbers, n, spans, i * INTERACTION_SPANS);
    } catch {
      // It is read again when it is at hand, and refused.
      this.schemaIds[i] = UNREADABLE;
      this.trustorKeys[i] = UNREADABLE;
      return;
    }
    this.#identify(i, bytes);
  }

  #identify(i: number, bytes: Uint8Array): void {
    const { spans } = this;
    const at = i * INTERACTION_SPANS;
    this.trustorKeys[i] = this.#keys.intern(bytes, spans[at + AT_TRUSTOR]!, spans[at + AT_TRUSTOR + 1]!);
    this.serviceKeys[i] = this.#keys.intern(bytes, spans[at + AT_SERVICE]!, spans[at + AT_SERVICE + 1]!);
    this.#hash.of(bytes, spans[at + AT_ID]!, spans[at + AT_ID + 1]!);
    this.idHighs[i] = this.#hash.high;
    this.idLows[i] = this.#hash.low;
  }

  findPair(keyId: number, trustor: number, service: number): number {
    if (trustor < 0 || service < 0) return -1;
    return this.#pairs.find(keyId, trustor * NAMES_MAX + service);
  }

  createPair(keyId: number, trustor: number, service: number): number {
    this.#sub[0] = trustor * NAMES_MAX + service;
    return this.#pairs.createUnder(keyId, this.#sub);
  }

  #findNames(i: number): void {
    const isReadable = this.trustorKeys[i] !== UNREADABLE;
    this.trustors[i] = isReadable ? this.#names.find(this.trustorKeys[i]!, TRUSTOR) : -1;
    this.services[i] = isReadable ? this.#names.find(this.serviceKeys[i]!, SERVICE) : -1;
  }

  #grow(places: number): void {
    if (places <= this.pairs.length) return;
    const length = Math.max(places, 2 * this.pairs.length);
    this.numbers = new Float64Array(length * INTERACTION_NUMBERS);
    this.spans = new Int32Array(length * INTERACTION_SPANS);
    this.schemaIds = new Int32Array(length);
    this.trustorKeys = new Int32Array(length);
    this.serviceKeys = new Int32Array(length);
    this.idHighs = new Int32Array(length);
    this.idLows = new Int32Array(length);
    this.trustors = new Int32Array(length);
    this.services = new Int32Array(length);
    this.pairs = new Int32Array(length);
    this.subs = new Float64Array(length);
    this.providers = new Int32Array(length);
    this.serviceSubs = new Float64Array(length);
  }
}
