/**
 * All reading of one thread: which feeds stand in which broker's line, and what is asked for beside the lines. Shared by
 * the readers that the thread opens (fetch-reader.ts).
 */
import { type Clock, MsecError, pause } from '../../../base/index.ts';
import type { PartitionBounds } from '../../port.ts';
import { answerError, NO_ERROR } from '../client/index.ts';
import { type FetchResponsePartitionData, fetch, ZERO_UUID } from '../protocol/index.ts';
import { HeldFrame } from './chunk.ts';
import { EPOCH_NONE } from './fetch-session.ts';
import { boundsOf, committedOf, lacking, outOfRange, READ_COMMITTED, validatePosition } from './offsets.ts';
import { KnownBounds, type PlacedFeed } from './placed-feed.ts';
import type { FetchCluster, FetchConnection } from './ports.ts';
import { SessionLine } from './session-line.ts';

/** Beyond this nothing is fetched ahead any more: only what a reader waits for. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;
const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1000;
const VERSION_BY_NAME = 12;
const NAMES_BY_ID_FROM = 13;

export interface FetcherOptions {
  readonly clock: Clock;
  /** How much received memory of the thread is in use. */
  readonly buffers: { readonly bytesHeld: number };
  /** What happens to a reader whose offset retention has already taken. Default 'fail'. */
  readonly outOfRange?: 'fail' | 'earliest';
}

/** What one request for one feed found. */
export interface Looked {
  /** The end that this answer names; the feed may know of a further one. */
  readonly end: number;
}

export class Fetcher {
  readonly clock: Clock;
  readonly skipsToStart: boolean;
  readonly #cluster: FetchCluster;
  readonly #buffers: { readonly bytesHeld: number };
  readonly #lines = new Set<SessionLine>();
  readonly #bounds = new Map<string, KnownBounds[]>();
  readonly #closing = new AbortController();
  #forgottenAt = Number.NEGATIVE_INFINITY;

  /** The cluster is the caller's to close, after this. */
  constructor(cluster: FetchCluster, options: FetcherOptions) {
    this.#cluster = cluster;
    this.#buffers = options.buffers;
    this.clock = options.clock;
    this.skipsToStart = options.outOfRange === 'earliest';
  }

  /** Asks for nothing any more; the readers are closed already. */
  close(): void {
    this.#closing.abort();
    for (const line of this.#lines) line.close();
  }

  boundsKnown(topic: string, partition: number): KnownBounds {
    let known = this.#bounds.get(topic);
    if (known === undefined) {
      known = [];
      this.#bounds.set(topic, known);
    }
    known[partition] ??= new KnownBounds();
    return known[partition];
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    const bounds = await this.#cluster.retry(() => boundsOf(this.#cluster, topic, partition));
    this.boundsKnown(topic, partition).learn(bounds.start, bounds.end);
    return bounds;
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    return await this.#cluster.retry(() => committedOf(this.#cluster, group, topic));
  }

  /** From now on answers come ahead of being asked for. */
  place(feed: PlacedFeed): void {
    if (feed.line !== null || feed.isPlacing || feed.isOver) return;
    feed.isPlacing = true;
    void this.#place(feed);
  }

  unplace(feed: PlacedFeed): void {
    const { line } = feed;
    feed.line = null;
    if (line === null) return;
    line.remove(feed);
  }

  /**
   * Asks for this feed alone and at once, and puts what comes into it. TOPIC_UNKNOWN, OFFSET_OUT_OF_RANGE, LOG_TRUNCATED,
   * BATCH_CORRUPT, CLOSED; DEPENDENCY_DOWN once the time for retries is over.
   */
  async look(feed: PlacedFeed): Promise<Looked> {
    feed.isAskedDirectly = true;
    try {
      return await this.#cluster.retry(() => this.#lookOnce(feed));
    } finally {
      feed.isAskedDirectly = false;
      feed.line?.ask();
    }
  }

  async #lookOnce(feed: PlacedFeed): Promise<Looked> {
    if (feed.isOver) throw new MsecError('CLOSED', 'the reader was closed');
    const connection = await this.#locate(feed);
    const { topic, topicId, partition, fetchOffset: offset, bytesMax } = feed;
    const versionMax = topicId === ZERO_UUID ? { versionMax: VERSION_BY_NAME } : {};
    const namesById = connection.versionOf(fetch, versionMax.versionMax) >= NAMES_BY_ID_FROM;
    const wanted = {
      partition,
      currentLeaderEpoch: feed.leaderEpoch,
      fetchOffset: offset,
      partitionMaxBytes: bytesMax,
    };
    const request = {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: bytesMax,
      isolationLevel: READ_COMMITTED,
      sessionEpoch: EPOCH_NONE,
      topics: [{ ...(namesById ? { topicId } : { topic }), partitions: [wanted] }],
    };
    const held = await connection.requestHeld(fetch, request, versionMax);
    const frame = new HeldFrame(() => held.release());
    try {
      const { errorCode, responses, nodeEndpoints } = held.response;
      if (errorCode !== NO_ERROR) throw answerError(errorCode, `Fetch of ${topic}-${partition}`);
      for (const { nodeId, host, port } of nodeEndpoints) this.#cluster.learnBroker(nodeId, host, port);
      const data = responses[0]?.partitions[0];
      if (data === undefined) throw lacking('Fetch', topic, partition);
      return await this.#take(feed, offset, data, frame);
    } finally {
      frame.done();
    }
  }

  async #take(feed: PlacedFeed, offset: number, data: FetchResponsePartitionData, frame: HeldFrame): Promise<Looked> {
    const { topic, partition } = feed;
    const { errorCode, records, abortedTransactions, lastStableOffset: end, logStartOffset: start } = data;
    const error = errorCode === NO_ERROR ? null : answerError(errorCode, `Fetch of ${topic}-${partition} at ${offset}`);
    if (error?.code === 'OFFSET_OUT_OF_RANGE') {
      const bounds = await boundsOf(this.#cluster, topic, partition);
      feed.bounds.learn(bounds.start, bounds.end);
      if (this.skipsToStart && offset < bounds.start) return { end: bounds.end };
      throw outOfRange(topic, partition, offset, bounds);
    }
    if (error !== null) throw error;
    feed.losses = 0;
    feed.bounds.learn(start, end);
    if (records !== null && records.length > 0 && !feed.isOver) {
      feed.accept({ offset, records, aborted: abortedTransactions ?? [] }, frame);
    }
    return { end };
  }

  /** Finds the leader, and under a new one checks that the log still is what was read. One attempt. */
  async #locate(feed: PlacedFeed): Promise<FetchConnection> {
    const cluster = this.#cluster;
    const { topic, partition } = feed;
    const { leader, epoch } = await cluster.leaderAndEpoch(topic, partition);
    const topicId = await cluster.topicId(topic);
    const connection = await cluster.connection(leader);
    if (topicId !== feed.topicId) {
      if (feed.topicId !== ZERO_UUID) {
        // A topic of that name was made anew: nothing that was known holds for it.
        feed.lastEpoch = -1;
        feed.bounds.reset();
      }
      feed.topicId = topicId;
      feed.leaderEpoch = -1;
    }
    if (epoch !== feed.leaderEpoch) {
      if (epoch < feed.leaderEpoch) {
        throw new MsecError('DEPENDENCY_DOWN', `what Kafka says of ${topic}-${partition} is out of date`);
      }
      const { fetchOffset: offset, lastEpoch, leaderEpoch } = feed;
      if (leaderEpoch >= 0 && lastEpoch >= 0) {
        await validatePosition(connection, { topic, partition, offset, lastEpoch }, epoch);
      }
      feed.bounds.under(epoch);
      feed.leaderEpoch = epoch;
    }
    if (feed.line !== null && feed.line.broker !== leader) {
      this.unplace(feed);
      this.place(feed);
    }
    return connection;
  }

  async #place(feed: PlacedFeed): Promise<void> {
    while (!this.#closing.signal.aborted && !feed.isOver) {
      if (feed.losses > 1) {
        const backoffMs = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(feed.losses - 2, 10), BACKOFF_MS_MAX);
        await pause(this.clock, backoffMs, this.#closing.signal);
        if (this.#closing.signal.aborted || feed.isOver) break;
      }
      try {
        await this.#locate(feed);
        const { leader } = await this.#cluster.leaderAndEpoch(feed.topic, feed.partition);
        if (feed.isOver) break;
        const line = this.#lineFor(leader, feed);
        feed.line = line;
        line.add(feed);
        break;
      } catch (error) {
        feed.losses++;
        if (error instanceof MsecError && error.retriable) this.#forget();
        else {
          feed.isTroubled = true;
          feed.arrived();
          break;
        }
      }
    }
    feed.isPlacing = false;
  }

  /** The first of the broker's lines in which the partition does not stand yet for another reader. */
  #lineFor(broker: number, feed: PlacedFeed): SessionLine {
    let number = 0;
    for (const line of this.#lines) {
      if (line.broker !== broker) continue;
      if (!line.has(feed.topic, feed.partition)) return line;
      number++;
    }
    const line = new SessionLine({
      cluster: this.#cluster,
      clock: this.clock,
      broker,
      purpose: `fetch-${number}`,
      mayAsk: () => this.#buffers.bytesHeld < HELD_BYTES_MAX,
      lost: (lost, error) => this.#lost(lost, error),
    });
    this.#lines.add(line);
    return line;
  }

  #lost(feed: PlacedFeed, error: MsecError | null): void {
    feed.losses++;
    if (error !== null && !error.retriable) {
      feed.isTroubled = true;
      feed.arrived();
      return;
    }
    if (error !== null) this.#forget();
    this.place(feed);
    // Who waits for an answer of the line has to look elsewhere.
    feed.arrived();
  }

  /** Many feeds lose their leader at the same moment; what is known is forgotten once. */
  #forget(): void {
    const now = this.clock.monotonic();
    if (now - this.#forgottenAt < BACKOFF_MS_MIN) return;
    this.#forgottenAt = now;
    this.#cluster.forget();
  }
}
