/**
 * The graph with all that it is fed from, wherever it runs: its own thread beside an engine, this one for a command that
 * reads a log without any.
 */
import { type BatchCursor, type Clock, errorData, type LogReader, MsecError, type Random } from '../../engine/index.ts';
import { decodeDeviceRecord } from '../../schemas/device/index.ts';
import { decodeAttestation } from '../../schemas/index.ts';
import {
  DEVICE_ATTESTATION,
  DEVICE_REGISTRY,
  isPairScore,
  type Score,
  scoreCodec,
  TRUST_SCORES,
} from '../../schemas/topics/index.ts';
import { type GraphJob, graphOptionsOf, recommenderOptionsOf } from './graph-job.ts';
import type { CallName, GraphCalls } from './graph-messages.ts';
import { type GraphStatus, partyOf, rankingOf, servicesOf } from './graph-views.ts';
import { Histories } from './histories.ts';
import { Recommender } from './recommender.ts';
import { Tail } from './tail.ts';
import { TrustGraph } from './trust-graph.ts';

export interface GraphHostOptions {
  readonly job: GraphJob;
  /** Becomes the host's. */
  readonly reader: LogReader;
  readonly schemaIds: ReadonlyMap<string, number>;
  /** Of each topic. */
  readonly partitions: number;
  /** Whether there is device.attestation. */
  readonly isAttested: boolean;
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
  readonly #codec = scoreCodec();
  readonly #tail: Tail;
  readonly #answers: Answers;
  #records = 0;
  #broken = 0;
  #lastMistake: string | null = null;

  constructor({ job, reader, schemaIds, partitions, isAttested, clock, random }: GraphHostOptions) {
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
      ],
      onRecordFailure: (error) => {
        this.#broken++;
        this.#lastMistake = errorData(error).message;
      },
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
        history: this.#histories.of(service, party),
      }),
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
    if (name === 'who' && !this.#tail.isCaughtUp)
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

  close(): Promise<void> {
    return this.#tail.close();
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
    }
  }

  #takeDevice({ bytes, valueStart, valueEnd }: BatchCursor): void {
    if (valueStart < 0) return;
    const { deviceId, state, place } = decodeDeviceRecord(bytes, valueStart, valueEnd);
    this.graph.move(deviceId, place ?? null);
    this.graph.distrust(deviceId, BY_REGISTRY, state === 'revoked');
  }

  #takeAttestation({ bytes, keyStart, keyEnd, valueStart, valueEnd }: BatchCursor): void {
    const device = Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString();
    const state = valueStart < 0 ? 'unknown' : decodeAttestation(bytes, valueStart, valueEnd).state;
    this.graph.distrust(device, BY_ATTESTATION, state === 'quarantined' || state === 'revoked');
  }
}
