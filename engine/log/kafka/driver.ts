/**
 * The Kafka driver, first form: at least once. A commit's appends are acknowledged by all replicas in sync before its
 * offsets are stored, so nothing is lost; after a failure in between some appends may be there twice. Ownership is
 * proved within this process only.
 */
import { type Clock, MsecError, systemClock } from '../../base/index.ts';
import { batchSpans } from '../../batch/index.ts';
import type {
  Append,
  Committed,
  GroupOffset,
  Log,
  LogReader,
  Ownership,
  TopicConfig,
  TopicDescription,
  Transaction,
  Truncation,
} from '../port.ts';
import { byTopic } from './by-topic.ts';
import { answerError, Cluster, type ClusterOptions, KAFKA_ERROR, NO_ERROR } from './client/index.ts';
import { describe } from './describe.ts';
import { deleteRecords, offsetCommit, produce } from './protocol/index.ts';
import { KafkaReader } from './reader.ts';
import type { KafkaLogOptions, KafkaReaderDescriptor } from './settings.ts';
import { createTopics } from './topics.ts';

/** The last versions that name topics instead of their ids. */
const PRODUCE_VERSION_MAX = 12;
const OFFSET_COMMIT_VERSION_MAX = 9;
const ALL_IN_SYNC = -1;

interface ProduceItem {
  readonly topic: string;
  readonly partition: number;
  /** One batch: the protocol takes no more for a partition of one request. */
  readonly batch: Uint8Array;
}

/** Commits that may wait in one line. */
const QUEUED_MAX = 1024;

interface Line {
  tail: Promise<unknown>;
  length: number;
  epoch: number;
  /** Once a commit of an owner failed, its later ones must not happen: they may depend on it. */
  hasFailed: boolean;
}

class KafkaLog implements Log {
  readonly #options: ClusterOptions;
  readonly #cluster: Cluster;
  /** Commits of one owner, and all commits without one, follow one another. */
  readonly #lines = new Map<string, Line>();
  readonly #readers = new Set<KafkaReader>();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#cluster = new Cluster(options);
  }

  async createTopics(topics: readonly TopicConfig[]): Promise<void> {
    this.#assertOpen();
    await createTopics(this.#cluster, topics, this.#options.requestTimeoutMs);
  }

  async describe(topics?: readonly string[]): Promise<readonly TopicDescription[]> {
    this.#assertOpen();
    return await describe(this.#cluster, topics ?? null);
  }

  async acquire(owner: string): Promise<Ownership> {
    this.#assertOpen();
    const line = this.#line(owner);
    line.epoch++;
    line.hasFailed = false;
    const epoch = line.epoch;
    // What the earlier owner has already sent may still arrive; what waits in its line is refused.
    await line.tail;
    return { owner, epoch };
  }

  async commit(transaction: Transaction): Promise<Committed> {
    this.#assertOpen();
    const { ownership } = transaction;
    const line = this.#line(ownership?.owner ?? '');
    if (line.length >= QUEUED_MAX) throw new MsecError('DEPENDENCY_DOWN', `${QUEUED_MAX} commits wait for Kafka`);
    line.length++;
    const done = line.tail.then(async () => {
      try {
        if (ownership !== undefined && (line.hasFailed || line.epoch !== ownership.epoch)) {
          throw new MsecError('FENCED', `'${ownership.owner}' has a newer owner, or an earlier commit of it failed`);
        }
        return await this.#commitNow(transaction);
      } catch (error) {
        if (ownership !== undefined && line.epoch === ownership.epoch) line.hasFailed = true;
        throw error;
      } finally {
        line.length--;
      }
    });
    line.tail = done.catch(() => {});
    return await done;
  }

  openReader(): LogReader {
    this.#assertOpen();
    const reader = new KafkaReader(this.#options, (closed) => this.#readers.delete(closed));
    this.#readers.add(reader);
    return reader;
  }

  async close(): Promise<void> {
    this.#cluster.close();
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    await Promise.all([...this.#lines.values()].map((line) => line.tail));
  }

  #assertOpen(): void {
    if (this.#cluster.isClosed) throw new MsecError('CLOSED', 'the Kafka log was closed');
  }

  #line(owner: string): Line {
    let line = this.#lines.get(owner);
    if (line === undefined) {
      line = { tail: Promise.resolve(), length: 0, epoch: 0, hasFailed: false };
      this.#lines.set(owner, line);
    }
    return line;
  }

  async #commitNow(transaction: Transaction): Promise<Committed> {
    const { appends = [], offsets = [], truncations = [] } = transaction;
    // An unknown topic is found before anything is written.
    for (const { topic, partition } of [...appends, ...offsets, ...truncations]) {
      await this.#cluster.retry(() => this.#cluster.leader(topic, partition));
    }
    const baseOffsets = await this.#append(appends);
    for (const [group, items] of Map.groupBy(offsets, (offset) => offset.group)) await this.#store(group, items);
    if (truncations.length > 0) await this.#truncate(truncations);
    return { baseOffsets };
  }

  /**
   * A request takes one batch for a partition, so a partition's batches go one after the other: in order, whatever has
   * to be tried again. Different partitions share requests.
   */
  async #append(appends: readonly Append[]): Promise<number[]> {
    const baseOffsets: number[] = new Array(appends.length).fill(-1);
    const queues = new Map<string, { item: ProduceItem; append: number }[]>();
    for (const [append, { topic, partition, bytes }] of appends.entries()) {
      const key = `${partition}:${topic}`;
      let queue = queues.get(key);
      if (queue === undefined) {
        queue = [];
        queues.set(key, queue);
      }
      for (const { start, end } of batchSpans(bytes)) {
        queue.push({ item: { topic, partition, batch: bytes.subarray(start, end) }, append });
      }
    }
    for (;;) {
      const round = [...queues.values()].flatMap((queue) => queue.splice(0, 1));
      if (round.length === 0) return baseOffsets;
      const written = await this.#produceAll(round.map(({ item }) => item));
      for (const [i, { append }] of round.entries()) {
        if (baseOffsets[append] === -1) baseOffsets[append] = written[i]!;
      }
    }
  }

  /** One batch for each of some partitions; gives where each was written. What fails for the time being goes again. */
  async #produceAll(items: readonly ProduceItem[]): Promise<number[]> {
    const written: number[] = new Array(items.length).fill(-1);
    await this.#cluster.retry(async () => {
      const byLeader = new Map<number, number[]>();
      for (const [i, { topic, partition }] of items.entries()) {
        if (written[i] !== -1) continue;
        const leader = await this.#cluster.leader(topic, partition);
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), i]);
      }
      const results = await Promise.allSettled(
        [...byLeader].map(([leader, indexes]) => this.#produceTo(leader, items, indexes, written)),
      );
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    });
    return written;
  }

  async #produceTo(
    leader: number,
    items: readonly ProduceItem[],
    indexes: readonly number[],
    written: number[],
  ): Promise<void> {
    const timeoutMs = this.#options.requestTimeoutMs;
    const connection = await this.#cluster.connection(leader);
    const topicData = byTopic(indexes.map((i) => items[i]!)).map((of) => ({
      name: of.topic,
      partitionData: of.items.map(({ partition, batch }) => ({ index: partition, records: batch })),
    }));
    const { responses } = await connection.request(
      produce,
      { acks: ALL_IN_SYNC, timeoutMs, topicData },
      { extraMs: timeoutMs, versionMax: PRODUCE_VERSION_MAX },
    );
    let failure: MsecError | undefined;
    for (const i of indexes) {
      const { topic, partition } = items[i]!;
      const answer = responses
        .find(({ name }) => name === topic)
        ?.partitionResponses.find(({ index }) => index === partition);
      if (answer?.errorCode === NO_ERROR) written[i] = answer.baseOffset;
      else failure = answerError(answer?.errorCode ?? -1, `Produce to ${topic}-${partition}`, answer?.errorMessage);
    }
    if (failure !== undefined) throw failure;
  }

  async #store(group: string, offsets: readonly GroupOffset[]): Promise<void> {
    const topics = byTopic(offsets).map(({ topic, items }) => ({
      name: topic,
      partitions: items.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedMetadata: '',
      })),
    }));
    await this.#cluster.retry(async () => {
      const connection = await this.#cluster.connection(await this.#cluster.groupCoordinator(group));
      const request = { groupId: group, memberId: '', topics };
      const answer = await connection.request(offsetCommit, request, { versionMax: OFFSET_COMMIT_VERSION_MAX });
      for (const { errorCode } of answer.topics.flatMap(({ partitions }) => partitions)) {
        if (errorCode !== NO_ERROR) throw answerError(errorCode, `OffsetCommit of group ${group}`);
      }
    });
  }

  async #truncate(truncations: readonly Truncation[]): Promise<void> {
    const timeoutMs = this.#options.requestTimeoutMs;
    for (const truncation of truncations) {
      const { topic, partition, before } = truncation;
      await this.#cluster.retry(async () => {
        const connection = await this.#cluster.connection(await this.#cluster.leader(topic, partition));
        const topics = [{ name: topic, partitions: [{ partitionIndex: partition, offset: before }] }];
        const answer = await connection.request(deleteRecords, { topics, timeoutMs }, { extraMs: timeoutMs });
        const error = answer.topics[0]?.partitions[0]?.errorCode ?? NO_ERROR;
        // A compacted topic refuses; it sheds its old records by compaction, and truncation only says that it may.
        if (error !== NO_ERROR && error !== KAFKA_ERROR.POLICY_VIOLATION) {
          throw answerError(error, `DeleteRecords of ${topic}-${partition}`);
        }
      });
    }
  }
}

/** Opens a log on a Kafka cluster; connects at the first use. CONFIG_INVALID for an address that is none. */
export function openKafkaLog(options: KafkaLogOptions): Log {
  return new KafkaLog(clusterOptions(options, options.clock ?? systemClock));
}

/** Opens readers in the calling thread; each closes by itself. */
export function kafkaReaders(descriptor: KafkaReaderDescriptor, clock: Clock): () => LogReader {
  return () => new KafkaReader(clusterOptions(descriptor, clock), () => {});
}

function clusterOptions(descriptor: KafkaReaderDescriptor, clock: Clock): ClusterOptions {
  return {
    bootstrap: descriptor.bootstrap,
    clientId: descriptor.clientId ?? 'msec',
    clock,
    requestTimeoutMs: descriptor.requestTimeoutMs ?? 30_000,
    retryMsMax: descriptor.retryMsMax ?? 60_000,
    tls: descriptor.tls,
    sasl: descriptor.sasl,
  };
}
