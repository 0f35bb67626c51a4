/**
 * Batches to the leaders of their partitions. A request takes one batch for a partition; several requests are under way
 * at once, as many as a broker remembers for an idempotent producer. What is tried again keeps its sequence number, so
 * nothing is written twice, and a partition keeps its order.
 */
import { MsecError } from '../../../base/index.ts';
import { answerError, type Connection, KAFKA_ERROR, kafkaError, NO_ERROR } from '../client/index.ts';
import { type ProduceRequest, type ProduceResponse, produce } from '../protocol/index.ts';
import { ask, type Lane } from './lane.ts';
import { type OutBatch, partitionKey } from './out-batches.ts';
import type { Patience } from './patience.ts';

/** A broker remembers so many batches of a producer and partition (KIP-98). */
const IN_FLIGHT_MAX = 5;

export interface Producing {
  readonly transactionalId: string | null;
  readonly versionMax: number;
  /**
   * Whether a request without an answer is sent again. Sequence numbers make that safe where no transaction may have
   * ended in between.
   */
  readonly repeatsLost: boolean;
  /** One leader after another: two that add partitions to one transaction at once refuse each other (KIP-890). */
  readonly isOneByOne: boolean;
  /**
   * A broker that knows nothing of a producer in a partition takes any sequence number for its first: where it refuses a
   * batch for a moment and takes the one behind it, the order is lost. Then each request waits for the one before.
   */
  readonly isFirst: boolean;
  /** Told of each batch as soon as it is written or has failed. */
  readonly onDone?: (batch: OutBatch) => void;
}

/**
 * Returns when each batch has its offset or its failure; `batches` are stamped. Once one of a transaction has failed,
 * the rest is left as it is.
 */
export async function produceAll(lane: Lane, batches: readonly OutBatch[], producing: Producing): Promise<void> {
  const patience = lane.patience();
  // What is tried again is sent as carefully.
  for (let isCautious = producing.isFirst; ; isCautious = true) {
    const open = batches.filter(isOpen);
    if (open.length === 0) return;
    const pass = new Pass(lane, producing, isCautious);
    await pass.run(open);
    if (producing.transactionalId !== null && batches.some(({ failure }) => failure !== null)) return;
    if (!open.some(isOpen)) return;
    await holdBack(open.filter(isOpen), pass.because, patience, producing);
  }
}

const isOpen = ({ baseOffset, failure }: OutBatch): boolean => baseOffset < 0 && failure === null;

async function holdBack(
  open: readonly OutBatch[],
  because: MsecError,
  patience: Patience,
  { onDone }: Producing,
): Promise<void> {
  try {
    await patience.pause(because);
  } catch {
    for (const batch of open) {
      batch.failure = because;
      onDone?.(batch);
    }
  }
}

/** One attempt for all batches that are open. */
class Pass {
  /** Why something has to be tried again. */
  because = new MsecError('DEPENDENCY_DOWN', 'Kafka did not answer');
  readonly #lane: Lane;
  readonly #producing: Producing;
  readonly #isCautious: boolean;
  /** Partitions of which an earlier batch was not written: those behind it are refused for their sequence. */
  readonly #held = new Set<string>();

  constructor(lane: Lane, producing: Producing, isCautious: boolean) {
    this.#lane = lane;
    this.#producing = producing;
    this.#isCautious = isCautious;
  }

  async run(batches: readonly OutBatch[]): Promise<void> {
    const byLeader = new Map<number, OutBatch[]>();
    for (const batch of batches) {
      const leader = await this.#leaderOf(batch);
      if (leader === null) continue;
      const known = byLeader.get(leader);
      if (known === undefined) byLeader.set(leader, [batch]);
      else known.push(batch);
    }
    const sendings = [...byLeader].map(
      ([leader, items]) =>
        () =>
          this.#sendTo(leader, items),
    );
    if (this.#producing.isOneByOne) for (const send of sendings) await send();
    else await Promise.all(sendings.map((send) => send()));
  }

  async #leaderOf(batch: OutBatch): Promise<number | null> {
    try {
      return await this.#lane.cluster.leader(batch.topic, batch.partition);
    } catch (error) {
      this.#note(batch, error);
      return null;
    }
  }

  async #sendTo(leader: number, batches: readonly OutBatch[]): Promise<void> {
    let connection: Connection;
    try {
      connection = await this.#lane.connection(leader);
    } catch (error) {
      this.#lane.cluster.forget();
      for (const batch of batches) this.#note(batch, error);
      return;
    }
    const underWay: Promise<void>[] = [];
    for (const round of roundsOf(batches)) {
      if (underWay.length >= (this.#isCautious ? 1 : IN_FLIGHT_MAX)) await underWay.shift();
      if (this.#isCautious && this.#held.size > 0) break;
      // What a transaction cannot be without has failed already.
      if (this.#producing.transactionalId !== null && batches.some(({ failure }) => failure !== null)) break;
      underWay.push(this.#send(connection, round));
    }
    await Promise.all(underWay);
  }

  /** Never rejects: each batch is noted. */
  async #send(connection: Connection, round: readonly OutBatch[]): Promise<void> {
    const { versionMax, repeatsLost } = this.#producing;
    try {
      const timeoutMs = this.#lane.requestTimeoutMs;
      const request = this.#request(round, timeoutMs);
      const { response, lost } = await ask(connection, produce, request, { versionMax, extraMs: timeoutMs });
      if (lost === undefined) {
        for (const batch of round) this.#heed(batch, response);
        return;
      }
      this.#lane.cluster.forget();
      for (const batch of round) {
        this.#held.add(partitionKey(batch.topic, batch.partition));
        if (repeatsLost) this.#note(batch, lost);
        else this.#fail(batch, lost);
      }
    } catch (error) {
      for (const batch of round) this.#note(batch, error);
    }
  }

  #request(round: readonly OutBatch[], timeoutMs: number): ProduceRequest {
    const topicData = [...Map.groupBy(round, ({ topic }) => topic)].map(([name, items]) => ({
      name,
      partitionData: items.map(({ partition, bytes, start, end }) => ({
        index: partition,
        records: bytes.subarray(start, end),
      })),
    }));
    return { transactionalId: this.#producing.transactionalId, acks: -1, timeoutMs, topicData };
  }

  #heed(batch: OutBatch, response: ProduceResponse): void {
    const { topic, partition } = batch;
    const answer = response.responses
      .find(({ name }) => name === topic)
      ?.partitionResponses.find(({ index }) => index === partition);
    if (answer === undefined) {
      this.#fail(batch, new MsecError('DEPENDENCY_DOWN', `Kafka's Produce answer lacks ${topic}-${partition}`));
      return;
    }
    const { errorCode, errorMessage, baseOffset } = answer;
    const key = partitionKey(topic, partition);
    if (errorCode === NO_ERROR) {
      batch.baseOffset = baseOffset;
      this.#producing.onDone?.(batch);
      return;
    }
    const error = answerError(errorCode, `Produce to ${topic}-${partition}`, errorMessage);
    const kind = kafkaError(errorCode).class;
    const isBehind = errorCode === KAFKA_ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER && this.#held.has(key);
    this.#held.add(key);
    if (kind === 'refresh') this.#lane.cluster.forget();
    if (kind === 'retry' || kind === 'refresh') this.because = error;
    else if (!isBehind) this.#fail(batch, error);
  }

  /** What may pass by itself leaves the batch open. */
  #note(batch: OutBatch, thrown: unknown): void {
    const error = thrown instanceof MsecError ? thrown : new MsecError('ASSERTION_FAILED', String(thrown));
    if (error.code === 'DEPENDENCY_DOWN') this.because = error;
    else this.#fail(batch, error);
  }

  #fail(batch: OutBatch, error: MsecError): void {
    batch.failure = error;
    this.#producing.onDone?.(batch);
  }
}

/** The n-th request takes the n-th batch of each partition. */
function roundsOf(batches: readonly OutBatch[]): OutBatch[][] {
  const rounds: OutBatch[][] = [];
  const counts = new Map<string, number>();
  for (const batch of batches) {
    const key = partitionKey(batch.topic, batch.partition);
    const round = counts.get(key) ?? 0;
    counts.set(key, round + 1);
    rounds[round] ??= [];
    rounds[round].push(batch);
  }
  return rounds;
}
