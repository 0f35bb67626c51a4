/**
 * The graph with all that it is fed from, wherever it runs: its own thread beside an engine, this one for a command that
 * reads a log without any.
 */
import { type BatchCursor, type Clock, errorData, type LogReader, MsecError, type Random } from '../../engine/index.ts';
import { decodeDeviceRecord } from '../../schemas/device/index.ts';
import { decodeAttestation, NORMAL } from '../../schemas/index.ts';
import { decodeStandingDecision } from '../../schemas/standing/index.ts';
import {
  DEVICE_ATTESTATION,
  DEVICE_REGISTRY,
  isPairScore,
  type Score,
  scoreCodec,
  TRUST_DECISIONS,
  TRUST_SCORES,
} from '../../schemas/topics/index.ts';
import { type GraphJob, graphOptionsOf, recommenderOptionsOf } from './graph-job.ts';
import type { CallName, GraphCalls } from './graph-messages.ts';
import { type GraphStatus, type PartyView, partyOf, rankingOf, servedBy, servicesOf } from './graph-views.ts';
import { Histories } from './histories.ts';
import { PastHistories } from './past-histories.ts';
import { Recommender } from './recommender.ts';
import { StandingNotes } from './standing-notes.ts';
import { Tail } from './tail.ts';
import { TrustGraph } from './trust-graph.ts';

export interface GraphHostOptions {
  readonly job: GraphJob;
  /** Becomes the host's. */
  readonly reader: LogReader;
  readonly schemaIds: ReadonlyMap<string, number>;
  /** Of each topic. */
  readonly partitions: number;
  /** Becomes the host's; absent where the past is not asked for. */
  readonly pastReader?: LogReader;
  /** Whether there is device.attestation. */
  readonly isAttested: boolean;
  /** Whether there is trust.decisions. */
  readonly isDecided?: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

type Answers = {
  readonly [Name in Exclude<CallName, 'stop'>]: (takes: GraphCalls[Name]['takes']) => GraphCalls[Name]['gives'];
};

/** Who says that a device is not trusted. */
const BY_REGISTRY = 1;
const BY_ATTESTATION = 2;

export class GraphHost {
  readonly graph: TrustGraph;
  readonly #recommender: Recommender;
  readonly #histories = new Histories();
  readonly #notes = new StandingNotes();
  readonly #past: PastHistories | null;
  readonly #codec = scoreCodec();
  readonly #tail: Tail;
  readonly #answers: Answers;
  #records = 0;
  #broken = 0;
  #lastMistake: string | null = null;

  constructor(options: GraphHostOptions) {
    const { job, reader, pastReader, schemaIds, partitions, isAttested, isDecided, clock, random } = options;
    const graph = new TrustGraph(graphOptionsOf(job));
    const recommender = new Recommender(recommenderOptionsOf(job));
    this.graph = graph;
    this.#recommender = recommender;
    this.#codec.bindSchemaIds?.(schemaIds);
    this.#tail = new Tail({
      reader,
      topics: [
        { topic: DEVICE_REGISTRY, partitions, take: (record) => this.#takeDevice(record) },
        ...(isAttested
          ? [{ topic: DEVICE_ATTESTATION, partitions, take: (record: BatchCursor) => this.#takeAttestation(record) }]
          : []),
        { topic: TRUST_SCORES, partitions, take: (record) => this.#takeScore(record) },
        ...(isDecided === true
          ? [{ topic: TRUST_DECISIONS, partitions, take: (record: BatchCursor) => this.#takeDecision(record) }]
          : []),
      ],
      onRecordFailure: (error) => this.#failed(error),
    });
    this.#past =
      pastReader === undefined
        ? null
        : new PastHistories({
            ...{ reader: pastReader, partitions, halfLives: job },
            onFailure: (error) => this.#failed(error),
          });
    this.#answers = {
      who: (question) => {
        this.#checkService(job.services, question.service);
        return this.#recommender.answer(graph, question, clock.now(), random);
      },
      services: () => servicesOf(graph),
      ranking: ({ service }) => rankingOf(graph, recommender, service, clock.now()),
      party: ({ service, party }) => ({
        ...partyOf(graph, recommender, service, party, clock.now()),
        ...this.#historyOf(service, party),
        stands: this.#notes.standingOf(service, party),
        decisions: this.#notes.decisionsOf(service, party),
      }),
      standing: ({ service, party }) => {
        const services = servedBy(graph, party);
        const isKnown = services.includes(service);
        return { standing: isKnown ? (this.#notes.standingOf(service, party) ?? NORMAL) : null, services };
      },
      status: () => this.#status(),
    };
  }

  /** Resolves when everything is read that is there. */
  readAll(): Promise<void> {
    return this.#tail.readAll();
  }

  /** Goes on reading until `close`; `failed` is told once if that ends by itself. */
  start(failed: (error: unknown) => void): void {
    this.#tail.start(failed);
  }

  /** DEPENDENCY_DOWN until everything is read: half a graph would recommend whom the other half has blacklisted. */
  call<Name extends keyof Answers>(name: Name, takes: GraphCalls[Name]['takes']): GraphCalls[Name]['gives'] {
    if ((name === 'who' || name === 'standing') && !this.#tail.isCaughtUp)
      throw new MsecError('DEPENDENCY_DOWN', 'The scores are still being read; ask again in a moment.');
    return this.#answers[name](takes);
  }

  /** A mistyped service would else be one that nobody has served yet. */
  #checkService(services: readonly string[], service: string): void {
    if (services.length === 0 || services.includes(service) || this.graph.services.has(service)) return;
    throw new MsecError('REQUEST_INVALID', `There is no service ${service}; there are ${services.join(', ')}.`, {
      field: 'service',
    });
  }

  async close(): Promise<void> {
    await this.#past?.close();
    await this.#tail.close();
  }

  /** What the log tells of the time before this process has seen the first change. */
  #historyOf(service: string, party: string): Pick<PartyView, 'history' | 'historyFrom'> {
    const since = this.#histories.of(service, party);
    const past = this.#past?.of(service, party);
    if (past === undefined) return { history: since, historyFrom: 'start' };
    const from = since[0]?.at ?? Number.POSITIVE_INFINITY;
    const history = [...past.points.filter(({ at }) => at < from), ...since];
    return { history, historyFrom: past.isReading ? 'reading' : past.isCut ? 'log' : 'begins' };
  }

  #failed(error: unknown): void {
    this.#broken++;
    this.#lastMistake = errorData(error).message;
  }

  #status(): GraphStatus {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return {
      isReady: this.#tail.isCaughtUp,
      records: this.#records,
      broken: this.#broken,
      lastMistake: this.#lastMistake,
      unplaced: this.graph.unplaced,
      bytes: heapUsed + arrayBuffers,
    };
  }

  #takeScore({ bytes, keyStart, keyEnd, valueStart, valueEnd }: BatchCursor): void {
    this.#records++;
    if (valueStart < 0) {
      this.graph.forget(Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString());
      return;
    }
    // The codec writes from views and never reads into one.
    const score = this.#codec.decode(bytes, valueStart, valueEnd) as Score;
    if (isPairScore(score)) this.graph.takePair(score);
    else {
      this.graph.takeProvider(score);
      this.#histories.take(score);
      this.#notes.takeProvider(score);
    }
  }

  #takeDecision({ bytes, valueStart, valueEnd }: BatchCursor): void {
    if (valueStart >= 0) this.#notes.takeDecision(decodeStandingDecision(bytes, valueStart, valueEnd));
  }

  #takeDevice({ bytes, valueStart, valueEnd }: BatchCursor): void {
    if (valueStart < 0) return;
    const { deviceId, state, place, batch } = decodeDeviceRecord(bytes, valueStart, valueEnd);
    this.graph.move(deviceId, place ?? null);
    this.graph.enrol(deviceId, batch ?? null);
    this.graph.distrust(deviceId, BY_REGISTRY, state === 'revoked');
  }

  #takeAttestation({ bytes, keyStart, keyEnd, valueStart, valueEnd }: BatchCursor): void {
    const device = Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString();
    const state = valueStart < 0 ? 'unknown' : decodeAttestation(bytes, valueStart, valueEnd).state;
    this.graph.distrust(device, BY_ATTESTATION, state === 'quarantined' || state === 'revoked');
  }
}
