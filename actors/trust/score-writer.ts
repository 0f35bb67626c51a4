/**
 * Tells what has changed: each pair and each provider once for all that changed it since the last time. What is told is what
 * the rows say at that moment, so it does not matter which of the changes in between were undone.
 */
import { copyShort, type KeyTable, type Output } from '../../engine/index.ts';
import {
  AT_PAIR_AT,
  AT_PAIR_BIG,
  AT_PAIR_INTERACTIONS,
  AT_PAIR_SMALL,
  AT_PAIR_TRUST,
  AT_PROVIDER_AT,
  AT_PROVIDER_BIG,
  AT_PROVIDER_FIRST,
  AT_PROVIDER_INTERACTIONS,
  AT_PROVIDER_PERFORMANCE,
  AT_PROVIDER_RATERS,
  AT_PROVIDER_SMALL,
  AT_PROVIDER_TRUST,
  PairScoreView,
  ProviderScoreView,
} from '../../schemas/index.ts';
import type { WrittenScore } from '../../schemas/topics/index.ts';
import type { PairTrust } from './model/pair-trust.ts';
import { NAME_BYTES_MAX, type Names } from './names.ts';
import { NAMES_MAX, type PairRows } from './pair-rows.ts';
import type { ProviderRows } from './provider-rows.ts';
import type { Standings } from './standings.ts';

const SPACE = 0x20;
/** Room for three names and the spaces between them; so much that names are copied from it a word at a time. */
const KEY_BYTES = Math.max(1024, 3 * NAME_BYTES_MAX + 2);

/** Rows that are read ahead: what is looked at of them stays in the processor's second cache. */
const STRETCH_ROWS = 256;

/** Numbers of rows, each once. */
class RowList {
  rows = new Int32Array(256);
  length = 0;
  #isListed = new Uint8Array(1024);

  add(row: number): void {
    if (row >= this.#isListed.length) {
      const grown = new Uint8Array(2 ** (32 - Math.clz32(row)));
      grown.set(this.#isListed);
      this.#isListed = grown;
    }
    if (this.#isListed[row] === 1) return;
    this.#isListed[row] = 1;
    if (this.length === this.rows.length) {
      const grown = new Int32Array(2 * this.length);
      grown.set(this.rows);
      this.rows = grown;
    }
    this.rows[this.length++] = row;
  }

  look(rows: Int32Array, from: number, to: number): number {
    let all = 0;
    for (let i = from; i < to; i++) if (rows[i]! >= 0 && this.#isListed[rows[i]!] === 1) all++;
    return all;
  }

  clear(): void {
    for (let i = 0; i < this.length; i++) this.#isListed[this.rows[i]!] = 0;
    this.length = 0;
  }
}

export class ScoreWriter {
  /** Keeps what is read ahead from being left out. */
  touched = 0;
  readonly #out: Output<WrittenScore>;
  readonly #keys: KeyTable;
  readonly #names: Names;
  readonly #pair: PairTrust;
  readonly #pairs: PairRows;
  readonly #providers: ProviderRows;
  readonly #standings: Standings;
  readonly #changedPairs = new RowList();
  readonly #changedProviders = new RowList();
  readonly #view = new PairScoreView();
  readonly #providerView = new ProviderScoreView();
  readonly #key = new Uint8Array(KEY_BYTES);
  readonly #keyView = new DataView(this.#key.buffer);

  constructor(
    out: Output<WrittenScore>,
    keys: KeyTable,
    names: Names,
    pair: PairTrust,
    pairs: PairRows,
    providers: ProviderRows,
    standings: Standings,
  ) {
    this.#out = out;
    this.#keys = keys;
    this.#names = names;
    this.#pair = pair;
    this.#pairs = pairs;
    this.#providers = providers;
    this.#standings = standings;
    this.#view.names = this.#key;
    this.#providerView.names = this.#key;
  }

  /** Reads what `changed` will look at of these pairs, so that it is near. */
  look(pairs: Int32Array, from: number, to: number): number {
    return this.#changedPairs.look(pairs, from, to);
  }

  changed(pair: number, provider: number): void {
    this.#changedPairs.add(pair);
    this.#changedProviders.add(provider);
  }

  changedProvider(provider: number): void {
    this.#changedProviders.add(provider);
  }

  /** The pair is no more then; who reads the newest of each key is to forget it. */
  endPair(row: number, timestamp: number): void {
    const { rows } = this.#pairs;
    this.#end(rows.keyIdOf(row), this.#pairs.serviceOf(row), this.#pairs.trustorOf(row), timestamp);
  }

  endProvider(row: number, timestamp: number): void {
    const { rows } = this.#providers;
    this.#end(rows.keyIdOf(row), rows.subOf(row), -1, timestamp);
  }

  #end(trustee: number, service: number, trustor: number, timestamp: number): void {
    const end = this.#nameKey(trustee, service, trustor);
    this.#out.removeBeside(this.#key, 0, end, timestamp);
  }

  /** What waits to be told. */
  get size(): number {
    return this.#changedPairs.length + this.#changedProviders.length;
  }

  /** With `timestamp` as event time. */
  write(timestamp: number): void {
    const pairs = this.#changedPairs;
    for (let from = 0; from < pairs.length; from += STRETCH_ROWS) {
      const to = Math.min(from + STRETCH_ROWS, pairs.length);
      this.touched = this.#pairs.look(pairs.rows, from, to);
      for (let i = from; i < to; i++) this.#writePair(pairs.rows[i]!, timestamp);
    }
    pairs.clear();
    const providers = this.#changedProviders;
    for (let i = 0; i < providers.length; i++) this.#writeProvider(providers.rows[i]!, timestamp);
    providers.clear();
  }

  #writePair(row: number, timestamp: number): void {
    const { rows } = this.#pairs;
    if (!rows.isLive(row)) return;
    const sub = rows.subOf(row);
    const trustor = Math.floor(sub / NAMES_MAX);
    const keyEnd = this.#nameKey(rows.keyIdOf(row), sub - trustor * NAMES_MAX, trustor);
    const { numbers } = this.#view;
    this.#pairs.open(row);
    const doubles = this.#pairs.opened;
    const at = 0;
    const pair = this.#pair;
    const lastMs = pair.lastMs(doubles, at);
    numbers[AT_PAIR_TRUST] = pair.trust(doubles, at);
    numbers[AT_PAIR_SMALL] = pair.recentMean(doubles, at);
    numbers[AT_PAIR_SMALL + 1] = pair.recentDeviation(doubles, at);
    numbers[AT_PAIR_SMALL + 2] = pair.recentEvidence(doubles, at, lastMs);
    numbers[AT_PAIR_BIG] = pair.mean(doubles, at);
    numbers[AT_PAIR_BIG + 1] = pair.deviation(doubles, at);
    numbers[AT_PAIR_BIG + 2] = pair.evidence(doubles, at, lastMs);
    numbers[AT_PAIR_INTERACTIONS] = pair.interactions(doubles, at);
    numbers[AT_PAIR_AT] = lastMs;
    this.#out.emitBeside(this.#key, 0, keyEnd, this.#view, timestamp);
  }

  #writeProvider(row: number, timestamp: number): void {
    const providers = this.#providers;
    if (!providers.rows.isLive(row)) return;
    const keyId = providers.rows.keyIdOf(row);
    const service = providers.rows.subOf(row);
    const keyEnd = this.#nameKey(keyId, service, -1);
    const view = this.#providerView;
    const { numbers } = view;
    view.serviceStart = this.#view.serviceStart;
    view.nameEnd = keyEnd;
    view.trusteeEnd = this.#view.trusteeEnd;
    view.standing = this.#standings.of(keyId, service);
    numbers[AT_PROVIDER_TRUST] = providers.trust(row);
    providers.small(row, numbers, AT_PROVIDER_SMALL);
    providers.big(row, numbers, AT_PROVIDER_BIG);
    numbers[AT_PROVIDER_INTERACTIONS] = providers.interactions(row);
    numbers[AT_PROVIDER_RATERS] = providers.raters(row);
    numbers[AT_PROVIDER_FIRST] = providers.first(row);
    numbers[AT_PROVIDER_AT] = providers.newestMs(row);
    for (let measure = 0; measure < 3; measure++)
      numbers[AT_PROVIDER_PERFORMANCE + measure] = providers.performance(row, measure);
    this.#out.emitBeside(this.#key, 0, keyEnd, view, timestamp);
  }

  /** `trustee service trustor`, or without the last; gives where it ends. */
  #nameKey(trustee: number, service: number, trustor: number): number {
    const view = this.#view;
    view.trusteeStart = 0;
    view.trusteeEnd = this.#copyKey(trustee, 0);
    this.#key[view.trusteeEnd] = SPACE;
    view.serviceStart = view.trusteeEnd + 1;
    view.serviceEnd = this.#copyKey(this.#names.keyIdOf(service), view.serviceStart);
    if (trustor < 0) return view.serviceEnd;
    this.#key[view.serviceEnd] = SPACE;
    view.trustorStart = view.serviceEnd + 1;
    view.trustorEnd = this.#copyKey(this.#names.keyIdOf(trustor), view.trustorStart);
    return view.trustorEnd;
  }

  #copyKey(keyId: number, at: number): number {
    const keys = this.#keys;
    return copyShort(this.#keyView, at, keys.arena, keys.startOf(keyId), keys.endOf(keyId));
  }
}
