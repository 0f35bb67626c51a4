/**
 * Truncations that follow a commit: in the background, the newest of each partition, tried once. Kafka deletes records in
 * no transaction, so they come after it and never before; one that fails is repeated by a later one. A broker writes the
 * new beginning to its disk each time, and waits for that: so a partition has one a second at most.
 */
import { type Clock, MsecError, pause } from '../../../base/index.ts';
import type { Truncation } from '../../port.ts';
import { answerError, type Cluster, KAFKA_ERROR, NO_ERROR } from '../client/index.ts';
import { deleteRecords } from '../protocol/index.ts';
import { partitionKey } from './out-batches.ts';

/** Asks for everything that is committed. */
const HIGH_WATERMARK = -1;
/** From the end of one of a partition to the next. */
const PAUSE_MS = 1000;

export class Truncator {
  readonly #cluster: Cluster;
  readonly #requestTimeoutMs: number;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #waiting = new Map<string, Truncation>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(cluster: Cluster, requestTimeoutMs: number, clock: Clock) {
    this.#cluster = cluster;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#clock = clock;
  }

  /** Returns at once. */
  later(truncations: readonly Truncation[]): void {
    for (const truncation of truncations) {
      const key = partitionKey(truncation.topic, truncation.partition);
      const known = this.#waiting.get(key);
      if (known === undefined || known.before < truncation.before) this.#waiting.set(key, truncation);
      if (!this.#running.has(key)) this.#running.set(key, this.#run(key));
    }
  }

  /** TOPIC_UNKNOWN, DEPENDENCY_DOWN. */
  async now(truncations: readonly Truncation[]): Promise<void> {
    for (const truncation of truncations) await this.#cluster.retry(() => this.#truncate(truncation));
  }

  async close(): Promise<void> {
    this.#waiting.clear();
    this.#closing.abort();
    await Promise.all(this.#running.values());
  }

  async #run(key: string): Promise<void> {
    for (;;) {
      const truncation = this.#waiting.get(key);
      if (truncation === undefined) break;
      this.#waiting.delete(key);
      try {
        await this.#truncate(truncation);
      } catch (error) {
        if (!(error instanceof MsecError)) throw error;
        if (error.code === 'DEPENDENCY_DOWN') this.#cluster.forget();
      }
      await pause(this.#clock, PAUSE_MS, this.#closing.signal);
    }
    this.#running.delete(key);
  }

  async #truncate({ topic, partition, before }: Truncation): Promise<void> {
    const timeoutMs = this.#requestTimeoutMs;
    const connection = await this.#cluster.connection(await this.#cluster.leader(topic, partition), 'truncation');
    const ask = async (offset: number) => {
      const request = { topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }], timeoutMs };
      const answer = await connection.request(deleteRecords, request, { extraMs: timeoutMs });
      return answer.topics[0]?.partitions[0]?.errorCode ?? NO_ERROR;
    };
    let error = await ask(before);
    if (error === KAFKA_ERROR.OFFSET_OUT_OF_RANGE) error = await ask(HIGH_WATERMARK);
    // A compacted topic refuses; it sheds its old records by compaction, and truncation only says that it may.
    if (error !== NO_ERROR && error !== KAFKA_ERROR.POLICY_VIOLATION) {
      throw answerError(error, `DeleteRecords of ${topic}-${partition}`);
    }
  }
}
