/**
 * One broker's line of requests: a connection of its own, a fetch session on it, and at most one request under way,
 * which the broker holds until there is something. The next request is sent before anyone works on the answer.
 */
import { type Clock, MsecError, type Timer } from '../../../base/index.ts';
import { answerError, KAFKA_ERROR, NO_ERROR } from '../client/index.ts';
import { type FetchResponse, type FetchResponsePartitionData, fetch, ZERO_UUID } from '../protocol/index.ts';
import { HeldFrame } from './chunk.ts';
import { FetchSession } from './fetch-session.ts';
import { READ_COMMITTED } from './offsets.ts';
import type { Line, PlacedFeed } from './placed-feed.ts';
import type { FetchCluster, FetchConnection } from './ports.ts';

/** How long a broker holds a request for which it has nothing. Who comes anew waits as long at most to be asked for. */
const HELD_MS = 250;
/** As long while some partition cannot be asked for, or one came a moment ago and others may follow. */
const HELD_MS_SHORT = 20;
const YOUNG_MS = 1000;
/** How long what has room waits for what has none, so that one request asks for both. */
const DEFERRED_MS = 20;
/** Whoever was given something longer ago and still has no room is not being read, and nobody waits for it. */
const MOVING_MS = 100;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** The last version that names topics by name. */
const VERSION_BY_NAME = 12;
const NAMES_BY_ID_FROM = 13;
const FAILURES_MAX = 3;
/** Answers in a row that were not held and brought nothing, after which the next request is held back for a while. */
const EMPTY_MAX = 3;

export interface LineSetup {
  readonly cluster: FetchCluster;
  readonly clock: Clock;
  readonly broker: number;
  /** Tells this line's connection from others to the same broker. */
  readonly purpose: string;
  /** False while as much is held as the thread may hold. */
  mayAsk(): boolean;
  /** The feed was taken out, because of this; null: it only has to be placed anew. */
  lost(feed: PlacedFeed, error: MsecError | null): void;
}

export class SessionLine implements Line {
  readonly broker: number;
  readonly #setup: LineSetup;
  readonly #session = new FetchSession<PlacedFeed>();
  /** In the order in which they are asked for: who was given something goes to the end. */
  readonly #feeds: PlacedFeed[] = [];
  /** Of the request that is under way or was answered last; used again for each. */
  readonly #wanted: PlacedFeed[] = [];
  readonly #answered: PlacedFeed[] = [];
  #connection: FetchConnection | null = null;
  #isAsking = false;
  /** The session says what the broker was asked, and its answer is still to come. */
  #isUnderWay = false;
  #deferral: Timer | null = null;
  #youngUntil = 0;
  #failures = 0;
  #empty = 0;
  #isClosed = false;

  constructor(setup: LineSetup) {
    this.#setup = setup;
    this.broker = setup.broker;
  }

  get size(): number {
    return this.#feeds.length;
  }

  /** Whether that partition stands in the line already, for whichever reader. */
  has(topic: string, partition: number): boolean {
    for (const feed of this.#feeds) if (feed.partition === partition && feed.topic === topic) return true;
    return false;
  }

  add(feed: PlacedFeed): void {
    this.#feeds.push(feed);
    this.#youngUntil = this.#setup.clock.monotonic() + YOUNG_MS;
    this.ask();
  }

  remove(feed: PlacedFeed): void {
    const at = this.#feeds.indexOf(feed);
    if (at >= 0) this.#feeds.splice(at, 1);
  }

  covers(feed: PlacedFeed): boolean {
    return this.#isUnderWay && this.#session.askedOffset(feed) === feed.fetchOffset;
  }

  close(): void {
    this.#isClosed = true;
    this.#deferral?.cancel();
  }

  ask(): void {
    if (this.#isAsking || this.#isClosed) return;
    this.#deferral?.cancel();
    this.#deferral = null;
    const now = this.#setup.clock.monotonic();
    let waiting = 0;
    let full = 0;
    let moving = 0;
    let isMoreKnown = false;
    let isStarving = false;
    for (const feed of this.#feeds) {
      if (feed.isAskedDirectly) continue;
      if (!feed.hasRoom) {
        full++;
        if (now - feed.fedAt < MOVING_MS) moving++;
      } else {
        waiting++;
        if (feed.bounds.end > feed.fetchOffset) {
          isMoreKnown = true;
          isStarving ||= feed.bytes === 0;
        }
      }
    }
    if (waiting === 0) return;
    // A request has its price, so it is put off until it asks for some together: as long as none of them runs dry.
    const isEarly = full > 0 && !isStarving && (!isMoreKnown || waiting < moving);
    if (!this.#setup.mayAsk() || isEarly || this.#empty > EMPTY_MAX) {
      this.#deferral = this.#setup.clock.after(DEFERRED_MS, () => {
        this.#deferral = null;
        if (this.#setup.mayAsk()) this.#start(HELD_MS_SHORT);
        else this.ask();
      });
      return;
    }
    this.#start(full > 0 || now < this.#youngUntil ? HELD_MS_SHORT : HELD_MS);
  }

  #start(heldMs: number): void {
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    void this.#exchange(heldMs);
  }

  async #exchange(heldMs: number): Promise<void> {
    const { cluster, broker, purpose } = this.#setup;
    let failure: MsecError | null = null;
    try {
      const connection = this.#connection ?? (await cluster.connection(broker, purpose));
      // A session outlives its connection, but whether the broker read the last request of the old one is not known.
      if (connection !== this.#connection) this.#session.fail();
      this.#connection = connection;
      this.#collect();
      if (this.#wanted.length > 0 && !this.#isClosed) await this.#askOnce(connection, heldMs);
    } catch (error) {
      failure = error instanceof MsecError ? error : new MsecError('ASSERTION_FAILED', String(error), { cause: error });
      this.#isUnderWay = false;
      this.#connection = null;
      this.#answered.length = 0;
      this.#session.fail();
    }
    this.#isAsking = false;
    if (this.#isClosed) return;
    if (failure !== null) {
      for (const feed of [...this.#feeds]) this.#lose(feed, failure);
      return;
    }
    this.ask();
    for (const feed of this.#answered) feed.arrived();
    this.#answered.length = 0;
  }

  #collect(): void {
    this.#wanted.length = 0;
    for (const feed of this.#feeds) if (!feed.isAskedDirectly && feed.hasRoom) this.#wanted.push(feed);
  }

  /** One request for what is wanted, and its answer. */
  async #askOnce(connection: FetchConnection, heldMs: number): Promise<void> {
    let versionMax: number | undefined;
    for (const { topicId } of this.#wanted) if (topicId === ZERO_UUID) versionMax = VERSION_BY_NAME;
    const options = versionMax === undefined ? { extraMs: heldMs } : { extraMs: heldMs, versionMax };
    const namesById = connection.versionOf(fetch, versionMax) >= NAMES_BY_ID_FROM;
    const { sessionId, sessionEpoch, topics, forgottenTopicsData } = this.#session.next(this.#wanted, namesById);
    const request = {
      sessionId,
      sessionEpoch,
      topics,
      forgottenTopicsData,
      maxWaitMs: heldMs,
      minBytes: 1,
      maxBytes: ANSWER_BYTES_MAX,
      isolationLevel: READ_COMMITTED,
    };
    this.#isUnderWay = true;
    this.#empty++;
    const { clock } = this.#setup;
    const heldUntil = clock.monotonic() + heldMs / 2;
    const held = await connection.requestHeld(fetch, request, options);
    this.#isUnderWay = false;
    for (const feed of this.#session.places) this.#answered.push(feed);
    if (clock.monotonic() >= heldUntil) this.#empty = 0;
    const frame = new HeldFrame(() => held.release());
    try {
      if (!this.#isClosed) this.#receive(held.response, frame);
    } finally {
      frame.done();
    }
  }

  #receive(response: FetchResponse, frame: HeldFrame): void {
    if (response.errorCode !== NO_ERROR) {
      this.#session.fail(response.errorCode);
      const error = answerError(response.errorCode, `Fetch from broker ${this.broker}`);
      // What the broker has forgotten is told to it anew; a topic id that it does not know has to be looked up.
      if (isSessionGone(response.errorCode) && ++this.#failures <= FAILURES_MAX) return;
      for (const feed of [...this.#feeds]) this.#lose(feed, error);
      return;
    }
    this.#failures = 0;
    this.#session.succeed(response.sessionId);
    for (const { nodeId, host, port } of response.nodeEndpoints) this.#setup.cluster.learnBroker(nodeId, host, port);
    for (const { topic, topicId, partitions } of response.responses) {
      for (const data of partitions) {
        const feed = this.#find(topic, topicId, data.partitionIndex);
        if (feed !== undefined) this.#feed(feed, data, frame);
      }
    }
  }

  #find(topic: string, topicId: string, partition: number): PlacedFeed | undefined {
    for (const feed of this.#session.places) {
      if (feed.partition !== partition || !this.#feeds.includes(feed)) continue;
      if (topic === '' ? feed.topicId === topicId : feed.topic === topic) return feed;
    }
    return undefined;
  }

  #feed(feed: PlacedFeed, data: FetchResponsePartitionData, frame: HeldFrame): void {
    const { errorCode, records, abortedTransactions, currentLeader } = data;
    if (errorCode === NO_ERROR) {
      feed.losses = 0;
      feed.bounds.learn(data.logStartOffset, data.lastStableOffset);
      if (records === null || records.length === 0) return;
      const offset = this.#session.askedOffset(feed);
      try {
        if (!feed.accept({ offset, records, aborted: abortedTransactions ?? [] }, frame)) return;
      } catch {
        // The reader asks again by itself and is told what is wrong with the bytes.
        this.#trouble(feed);
        return;
      }
      this.#empty = 0;
      feed.fedAt = this.#setup.clock.monotonic();
      this.remove(feed);
      this.#feeds.push(feed);
      return;
    }
    const error = answerError(errorCode, `Fetch of ${feed.topic}-${feed.partition} at ${feed.fetchOffset}`);
    if (!error.retriable) {
      this.#trouble(feed);
      return;
    }
    const { leaderId, leaderEpoch } = currentLeader;
    if (leaderId < 0) this.#lose(feed, error);
    else {
      this.#setup.cluster.learnLeader(feed.topic, feed.partition, leaderId, leaderEpoch);
      this.#lose(feed, null);
    }
  }

  #trouble(feed: PlacedFeed): void {
    this.remove(feed);
    feed.line = null;
    feed.isTroubled = true;
  }

  #lose(feed: PlacedFeed, error: MsecError | null): void {
    this.remove(feed);
    feed.line = null;
    this.#setup.lost(feed, error);
  }
}

function isSessionGone(errorCode: number): boolean {
  return errorCode === KAFKA_ERROR.FETCH_SESSION_ID_NOT_FOUND || errorCode === KAFKA_ERROR.INVALID_FETCH_SESSION_EPOCH;
}
