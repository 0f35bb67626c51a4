/**
 * Interactions become trust of pairs and what all know of a provider. Each counts once, however often it comes; what it
 * says last counts. Everything is a function of the interactions alone: of their order only what comes too late to be told
 * from a repetition depends, and that is refused.
 */
import {
  type ActorContext,
  type ActorTask,
  assert,
  ByteWriter,
  jsonCodec,
  MsecError,
  type Output,
  type RecordOf,
  type RecordWalk,
  type RowsDeclaration,
  rows,
  type Topic,
  type ValuesDeclaration,
  values,
} from '../../engine/index.ts';
import {
  AT_INTERACTION_WEIGHT,
  AT_RESPONSE,
  AT_SATISFACTION,
  AT_TIME,
  encodeInteraction,
  INTERACTION_NUMBERS,
  INTERACTION_SPANS,
  InteractionView,
  type TrustInteraction,
} from '../../schemas/index.ts';
import type { StandingCommand } from '../../schemas/standing/index.ts';
import type { ReputationTopics } from '../../schemas/topics/index.ts';
import { StandingCommands } from './commands.ts';
import { FadingPairs } from './fading-pairs.ts';
import { InteractionsAhead, UNREADABLE } from './interactions-ahead.ts';
import { CHUNK_BYTES, type KnownContent, KnownIds } from './known-ids.ts';
import { PairTrust, type TrustWindows } from './model/pair-trust.ts';
import type { StandingRow, StandingRules } from './model/standing.ts';
import { NAME_ROW_BYTES, Names, SERVICE, TRUSTOR } from './names.ts';
import { PAIR_ROW_BYTES, PairRows } from './pair-rows.ts';
import { PROVIDER_ROW_BYTES, ProviderRows } from './provider-rows.ts';
import { invalid, late, wrongField, wrongName } from './refusals.ts';
import { ScoreWriter } from './score-writer.ts';
import { Standings } from './standings.ts';

export interface TrustOptions extends TrustWindows {
  /** Of which there are ratings; empty: any. */
  readonly services: readonly string[];
  /** How late an interaction may come, and how long after its time it is known. */
  readonly horizonMs: number;
  /** How far a trustor's clock may be ahead of the receipt. */
  readonly aheadMs: number;
  /** Interactions that are known at once, in a partition. */
  readonly idsMax: number;
  /** How long after its newest interaction a pair is forgotten, and longer than the horizon; absent: never. */
  readonly forgetMs?: number;
  /** How providers come to be blacklisted; absent or null: never. */
  readonly standing?: StandingRules | null;
  /** For benchmarks alone: false tells nobody. */
  readonly isTold?: boolean;
}

/**
 * An interaction that has changed the scores, as it lay in its record: bytes[start, end) is its Avro without the header.
 * Reused for each.
 */
export class AcceptedInteraction {
  isCorrection = false;
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
}

type TrustInputs = Pick<ReputationTopics, 'interactions' | 'commands'>;
type TrustOutputs = Pick<ReputationTopics, 'scores' | 'decisions'> & { readonly accepted?: Topic<AcceptedInteraction> };

export const trustState: {
  readonly pairs: RowsDeclaration;
  readonly providers: RowsDeclaration;
  readonly names: RowsDeclaration;
  readonly known: RowsDeclaration;
  readonly standings: ValuesDeclaration<StandingRow>;
} = {
  pairs: rows(PAIR_ROW_BYTES),
  providers: rows(PROVIDER_ROW_BYTES),
  names: rows(NAME_ROW_BYTES),
  known: rows(CHUNK_BYTES),
  standings: values(jsonCodec<StandingRow>()),
};

export type TrustContext = ActorContext<TrustInputs, Required<TrustOutputs>, typeof trustState>;

const NONE = -2;
/** Scores that wait for a commit, about: more would make it long. */
const TOLD_AT_ONCE_MAX = 65_536;
const WIRE_HEADER_BYTES = 5;

/** A record, as it came. */
interface Arrival {
  keyId: number;
  bytes: Uint8Array;
  start: number;
  end: number;
  /** When it was received. */
  timestamp: number;
  /** How far event time had come before it. */
  watermark: number;
}

export class TrustTask implements ActorTask<TrustInputs> {
  readonly #context: TrustContext;
  readonly #options: TrustOptions;
  readonly #topics: TrustInputs;
  readonly #services: ReadonlySet<string>;
  readonly #names: Names;
  readonly #pairs: PairRows;
  readonly #providers: ProviderRows;
  readonly #known: KnownIds;
  readonly #ahead: InteractionsAhead;
  readonly #scores: ScoreWriter;
  readonly #standings: Standings;
  readonly #commands: StandingCommands;
  readonly #fading: FadingPairs;
  readonly watermarkDue: Float64Array = Float64Array.of(Number.NEGATIVE_INFINITY);
  readonly #isTold: boolean;
  /** Null where nobody wants to know. */
  readonly #out: Output<AcceptedInteraction> | null;
  readonly #accepted = new AcceptedInteraction();
  readonly #content: KnownContent = { time: 0, satisfaction: 0, weight: 0 };
  readonly #before: KnownContent = { time: 0, satisfaction: 0, weight: 0 };
  /** Of services by their numbers: 1 where it is rated. */
  #isRated = new Uint8Array(64);
  /** Of the last record that was read well. */
  #schemaId = NONE;
  /** Event time of what is told. A double from the beginning: V8 then writes it in place. */
  #latest = Number.NEGATIVE_INFINITY;

  constructor(context: TrustContext, options: TrustOptions, topics: TrustInputs) {
    this.#context = context;
    this.#options = options;
    this.#topics = topics;
    this.#services = new Set(options.services);
    this.#isTold = options.isTold !== false;
    const { keys, state, out } = context;
    const pair = new PairTrust(options);
    this.#names = new Names(state.names, keys);
    this.#known = new KnownIds(state.known, options);
    this.#pairs = new PairRows(state.pairs, pair, options, this.#known);
    this.#providers = new ProviderRows(state.providers, pair, options);
    this.#standings = new Standings(state.standings, options.standing ?? null, this.#providers);
    // What is forgotten is known by none of its ids any more.
    const forgetMs = Math.max(options.forgetMs ?? Number.POSITIVE_INFINITY, options.horizonMs + 1);
    this.#fading = new FadingPairs(this.#pairs, forgetMs);
    this.#commands = new StandingCommands(keys, this.#names, this.#providers, this.#standings, out.decisions);
    const known = [this.#names, pair, this.#pairs, this.#providers, this.#standings] as const;
    this.#scores = new ScoreWriter(out.scores, keys, ...known);
    this.#ahead = new InteractionsAhead(keys, this.#names, state.pairs, state.providers, this.#known, this.#scores);
    this.#out = (out as Partial<typeof out>).accepted ?? null;
    this.#rateKnownServices();
    this.#names.recount(this.#trustors());
    this.#setDue();
  }

  process(record: RecordOf<TrustInputs>): void {
    if (record.input === 'commands') this.#command(record.keyId, record.timestamp, record.value);
    else this.#interaction(record.keyId, record.timestamp, record.value);
  }

  processBatch(input: keyof TrustInputs, records: RecordWalk): void {
    if (input === 'commands') this.#walkCommands(records);
    else this.#walkInteractions(records);
  }

  /** Each pair and provider that has changed is told once a commit. */
  onCommit(): void {
    this.#scores.write(this.#latest);
  }

  onWatermark(watermark: number): void {
    this.#standings.pass(watermark, (provider) => this.#scores.changedProvider(provider));
    if (watermark > this.#latest) this.#latest = watermark;
    if (this.#fading.dueMs <= watermark) {
      this.#fading.pass(watermark, (pair) => this.#forget(pair));
      this.#ahead.forget();
    }
    this.#setDue();
  }

  onRollback(): void {
    this.#standings.rebuild();
    this.#ahead.forget();
    this.#known.rebuild();
    this.#rateKnownServices();
    this.#names.recount(this.#trustors());
    this.#fading.rebuild();
    this.#setDue();
  }

  #setDue(): void {
    const standing = this.#standings.due[0]!;
    const { dueMs } = this.#fading;
    this.watermarkDue[0] = Math.min(standing, dueMs);
  }

  *#trustors(): Generator<number> {
    for (const pair of this.#pairs.rows.rows()) yield this.#pairs.trustorOf(pair);
  }

  /** All that is known of it goes; with its last pair a provider, but for how it stands, and a trustor's name. */
  #forget(pair: number): void {
    const pairs = this.#pairs;
    const providers = this.#providers;
    const scores = this.#scores;
    const keyId = pairs.rows.keyIdOf(pair);
    const service = pairs.serviceOf(pair);
    const trustor = pairs.trustorOf(pair);
    const interactions = pairs.interactions(pair);
    const provider = providers.rows.find(keyId, service);
    providers.touch(provider);
    pairs.open(pair);
    providers.sum(provider, pairs.opened, -1);
    providers.uncount(provider, interactions);
    const isKept = this.#standings.lose(keyId, service, interactions);
    if (this.#isTold) scores.endPair(pair, this.#latest);
    if (providers.raters(provider) === 0 && !isKept) {
      if (this.#isTold) scores.endProvider(provider, this.#latest);
      providers.rows.remove(provider);
    } else {
      if (providers.raters(provider) === 0) providers.clear(provider);
      if (this.#isTold) scores.changedProvider(provider);
    }
    pairs.rows.remove(pair);
    this.#names.release(trustor);
    this.#context.count('forgotten');
  }

  #interaction(keyId: number, timestamp: number, value: TrustInteraction): void {
    assert(value instanceof InteractionView, 'interactions come from their topic');
    const watermark = this.#context.inputWatermark('interactions');
    this.#ahead.reachOne(keyId, value, this.#schemaId);
    if (this.#out !== null) this.#accepts(encoded(value), 0);
    const refusal = this.#handle(0, { keyId, bytes: value.bytes, start: 0, end: 0, timestamp, watermark });
    if (refusal !== null) throw refusal;
  }

  /** What is refused is sent away and not thrown, or all since the savepoint would be undone. */
  #walkInteractions(records: RecordWalk): void {
    const arrival: Arrival = { keyId: -1, bytes: records.bytes, start: 0, end: 0, timestamp: 0, watermark: 0 };
    while (records.next()) {
      this.#ahead.reach(records);
      arrival.keyId = records.keyId;
      arrival.bytes = records.bytes;
      arrival.start = records.valueStart;
      arrival.end = records.valueEnd;
      arrival.timestamp = records.timestamp;
      arrival.watermark = records.inputWatermark;
      if (this.#out !== null) this.#accepts(arrival.bytes, arrival.start, arrival.end);
      const refusal = this.#handle(records.from, arrival);
      if (refusal !== null) this.#context.deadLetter(refusal);
    }
    if (this.#scores.size >= TOLD_AT_ONCE_MAX) this.#scores.write(this.#latest);
  }

  #walkCommands(records: RecordWalk): void {
    const { codec } = this.#topics.commands;
    while (records.next()) {
      const { keyId, timestamp, bytes, valueStart, valueEnd } = records;
      this.#command(keyId, timestamp, codec.decode(bytes, valueStart, valueEnd));
    }
  }

  #command(keyId: number, timestamp: number, command: StandingCommand): void {
    const provider = this.#commands.take(keyId, command, timestamp);
    if (provider < 0) this.#context.count('repeated');
    else this.#scores.changedProvider(provider);
    if (timestamp > this.#latest) this.#latest = timestamp;
  }

  /** The interaction at place i of the columns. Gives why it cannot count; nothing has changed then. */
  #handle(i: number, arrival: Arrival): MsecError | null {
    const { keyId } = arrival;
    const ahead = this.#ahead;
    const refusal = this.#refusalOf(i, arrival);
    if (refusal !== null) return refusal;
    if (arrival.timestamp > this.#latest) this.#latest = arrival.timestamp;
    const service = this.#serviceNumber(i);
    const trustor = this.#trustorNumber(i);
    const n = i * INTERACTION_NUMBERS;
    const content = this.#content;
    content.time = ahead.numbers[n + AT_TIME]!;
    content.satisfaction = ahead.numbers[n + AT_SATISFACTION]!;
    content.weight = ahead.numbers[n + AT_INTERACTION_WEIGHT]!;
    let pair = ahead.pairs[i]!;
    if (pair < 0) pair = ahead.findPair(keyId, trustor, service);
    if (pair >= 0) {
      const entry = this.#known.find(pair, ahead.idHighs[i]!, ahead.idLows[i]!, arrival.watermark);
      if (entry >= 0) {
        this.#again(pair, arrival, service, entry);
        return null;
      }
      this.#count(i, arrival, pair, service, false);
    } else {
      pair = ahead.createPair(keyId, trustor, service);
      this.#names.hold(trustor);
      this.#count(i, arrival, pair, service, true);
      this.#fading.add(pair);
      this.#setDue();
    }
    return null;
  }

  /** One that was not counted yet. */
  #count(i: number, { keyId, timestamp, watermark }: Arrival, pair: number, service: number, isNew: boolean): void {
    const content = this.#content;
    const ahead = this.#ahead;
    const providers = this.#providers;
    let provider = ahead.providers[i]!;
    if (provider < 0) provider = providers.rows.find(keyId, service);
    if (provider < 0) provider = providers.begin(keyId, service);
    providers.touch(provider);
    const pairs = this.#pairs;
    pairs.open(pair);
    if (!isNew) providers.sum(provider, pairs.opened, -1);
    pairs.add(content);
    providers.sum(provider, pairs.opened, 1);
    providers.count(provider, isNew, content.time, content.satisfaction);
    providers.measure(provider, content.time, ahead.numbers, i * INTERACTION_NUMBERS + AT_RESPONSE);
    const last = pairs.lastEntry(pair);
    const high = ahead.idHighs[i]!;
    pairs.close(pair, this.#known.add(keyId, pair, last, high, ahead.idLows[i]!, content, timestamp, watermark));
    if (this.#standings.judge(keyId, service, provider, timestamp)) this.#setDue();
    if (this.#isTold) this.#scores.changed(pair, provider);
    this.#tellAccepted(keyId, timestamp, false);
  }

  /** One that was counted before: the same, or a correction. */
  #again(pair: number, { keyId, timestamp }: Arrival, service: number, entry: number): void {
    const content = this.#content;
    const before = this.#before;
    this.#known.read(entry, before);
    const { time, satisfaction, weight } = before;
    if (time === content.time && satisfaction === content.satisfaction && weight === content.weight) {
      this.#context.count('repeated');
      return;
    }
    const providers = this.#providers;
    const provider = providers.rows.find(keyId, service);
    providers.touch(provider);
    const pairs = this.#pairs;
    pairs.open(pair);
    providers.sum(provider, pairs.opened, -1);
    this.#known.correct(entry, content);
    pairs.correct(pair, before, content);
    providers.sum(provider, pairs.opened, 1);
    pairs.close(pair, pairs.lastEntry(pair));
    providers.reach(provider, content.time);
    if (this.#standings.judge(keyId, service, provider, timestamp)) this.#setDue();
    if (this.#isTold) this.#scores.changed(pair, provider);
    this.#context.count('corrected');
    this.#tellAccepted(keyId, timestamp, true);
  }

  #refusalOf(i: number, { keyId, bytes, start, end, timestamp, watermark }: Arrival): MsecError | null {
    const ahead = this.#ahead;
    if (ahead.schemaIds[i] !== this.#schemaId || ahead.schemaIds[i] === UNREADABLE) {
      const unreadable = this.#unreadable(bytes, start, end);
      if (unreadable !== null) return unreadable;
      this.#schemaId = ahead.schemaIds[i]!;
    }
    const n = i * INTERACTION_NUMBERS;
    const s = i * INTERACTION_SPANS;
    const { numbers, spans } = ahead;
    const field = wrongField(numbers, n, spans, s, timestamp + this.#options.aheadMs);
    if (field !== '') return invalid(field);
    if (this.#known.isForgotten(numbers[n + AT_TIME]!, watermark)) return late();
    // Whose pair is known has been looked at; which services are rated may have changed since.
    if (ahead.pairs[i]! >= 0 && this.#isRated[ahead.services[i]!] === 1) return null;
    const { keys } = this.#context;
    const trustee = { bytes: keys.arena, start: keys.startOf(keyId), end: keys.endOf(keyId) };
    return wrongName(bytes, spans, s, trustee, (service) => this.#rates(service));
  }

  #unreadable(bytes: Uint8Array, start: number, end: number): MsecError | null {
    try {
      this.#topics.interactions.codec.decode(bytes, start, end);
      return null;
    } catch (thrown) {
      if (thrown instanceof MsecError) return thrown;
      throw thrown;
    }
  }

  #serviceNumber(i: number): number {
    const ahead = this.#ahead;
    if (ahead.services[i]! >= 0) return ahead.services[i]!;
    const keyId = ahead.serviceKeys[i]!;
    const known = this.#names.find(keyId, SERVICE);
    if (known >= 0) return known;
    const number = this.#names.add(keyId, SERVICE);
    this.#rate(number);
    return number;
  }

  #trustorNumber(i: number): number {
    const ahead = this.#ahead;
    if (ahead.trustors[i]! >= 0) return ahead.trustors[i]!;
    const known = this.#names.find(ahead.trustorKeys[i]!, TRUSTOR);
    return known >= 0 ? known : this.#names.add(ahead.trustorKeys[i]!, TRUSTOR);
  }

  #rates(service: string): boolean {
    return this.#services.size === 0 || this.#services.has(service);
  }

  #rateKnownServices(): void {
    this.#isRated.fill(0);
    for (const number of this.#names.all(SERVICE)) if (this.#rates(this.#names.textOf(number))) this.#rate(number);
  }

  #rate(service: number): void {
    if (service >= this.#isRated.length) {
      const grown = new Uint8Array(2 ** (32 - Math.clz32(service)));
      grown.set(this.#isRated);
      this.#isRated = grown;
    }
    this.#isRated[service] = 1;
  }

  /** The next one to be handled is the record bytes[start, end). */
  #accepts(bytes: Uint8Array, start: number, end = bytes.length): void {
    const accepted = this.#accepted;
    accepted.bytes = bytes;
    accepted.start = start + WIRE_HEADER_BYTES;
    accepted.end = end;
  }

  #tellAccepted(keyId: number, timestamp: number, isCorrection: boolean): void {
    if (this.#out === null) return;
    this.#accepted.isCorrection = isCorrection;
    this.#out.emitFor(keyId, this.#accepted, timestamp);
  }
}

function encoded(value: TrustInteraction): Uint8Array {
  const writer = new ByteWriter();
  encodeInteraction(writer, 0, value);
  return writer.take();
}
