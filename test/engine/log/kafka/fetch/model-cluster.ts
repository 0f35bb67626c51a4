/**
 * Brokers for the fetcher's tests, in the same process: they answer Fetch (with sessions), ListOffsets and
 * OffsetForLeaderEpoch from model partitions, through the real codecs and recycled frames, whose memory is spoiled as
 * soon as it is given back. Faults come from the test.
 */
import { type Clock, MsecError, pause } from '../../../../../engine/base/index.ts';
import { KAFKA_ERROR, type Leader, NO_ERROR, ReceiveBuffers } from '../../../../../engine/log/kafka/client/index.ts';
import type {
  AskOptions,
  FetchCluster,
  FetchConnection,
  HeldAnswer,
} from '../../../../../engine/log/kafka/fetch/ports.ts';
import {
  type Complete,
  type FetchRequest,
  type FetchResponse,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  type Loose,
  type Message,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
  WireReader,
  WireWriter,
} from '../../../../../engine/log/kafka/protocol/index.ts';
import { ModelPartition } from './model-log.ts';

type Wanted = Complete<FetchRequest>;
type Answered = Loose<FetchResponse>;
type FetchedPartition = NonNullable<NonNullable<NonNullable<Answered['responses']>[number]>['partitions']>[number];

interface Place {
  readonly topic: string;
  /** '' where the request named the topic. */
  readonly topicId: string;
  readonly partition: number;
  offset: number;
  epoch: number;
  bytesMax: number;
}

interface Session {
  epoch: number;
  readonly places: Map<string, Place>;
  /** The ends that its client was last told of. */
  readonly told: Map<string, string>;
}

export class ModelCluster implements FetchCluster {
  readonly clock: Clock;
  readonly buffers = new ReceiveBuffers();
  readonly topics = new Map<string, { id: string; readonly partitions: ModelPartition[] }>();
  /** What Metadata says: the truth as of some time ago. */
  readonly metadata = new Map<string, Leader[]>();
  /** Every Fetch, as it was asked. */
  readonly asked: { readonly broker: number; readonly purpose: string; readonly request: Wanted }[] = [];
  readonly counts = new Map<string, number>();
  readonly sessions = new Map<number, Session>();
  isClosed = false;
  heldBytesMax = 0;
  sessionsMax = 1000;
  version = 17;
  /** Whether brokers say who leads now. */
  namesLeaders = true;
  /** Called before an answer: may throw (the connection is lost) or give an error for the whole answer. */
  fault: (request: Wanted, broker: number) => number = () => NO_ERROR;
  /** Told to answer this for the partition; 0 lets it be. */
  partitionFault: (topic: string, partition: number) => number = () => NO_ERROR;
  #sessionNext = 1;
  #topicNext = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  topic(name: string, partitions: number): ModelPartition[] {
    const id = Buffer.from(`${name}-${this.#topicNext++}`.padEnd(16, '.').slice(0, 16)).toString('base64url');
    const made = Array.from({ length: partitions }, () => new ModelPartition());
    this.topics.set(name, { id, partitions: made });
    this.refresh();
    return made;
  }

  /** Metadata is up to date again. */
  refresh(): void {
    for (const [name, { partitions }] of this.topics) {
      this.metadata.set(
        name,
        partitions.map(({ leader, epoch }) => ({ leader, epoch })),
      );
    }
  }

  async connection(broker: number, purpose = ''): Promise<FetchConnection> {
    await Promise.resolve();
    return {
      versionOf: (_message, versionMax = Infinity) => Math.min(this.version, versionMax),
      request: async (message, request, options) => {
        const { response, release } = await this.#ask(broker, purpose, message, request, options);
        release();
        return response;
      },
      requestHeld: (message, request, options) => this.#ask(broker, purpose, message, request, options),
    };
  }

  async leaderAndEpoch(topic: string, partition: number): Promise<Leader> {
    await Promise.resolve();
    const leader = this.metadata.get(topic)?.[partition];
    if (leader === undefined) throw new MsecError('TOPIC_UNKNOWN', topic);
    if (leader.leader < 0) throw new MsecError('DEPENDENCY_DOWN', 'no leader');
    return leader;
  }

  async topicId(topic: string): Promise<string> {
    await Promise.resolve();
    return this.topics.get(topic)?.id ?? '';
  }

  async partitionCount(topic: string): Promise<number> {
    await Promise.resolve();
    return this.topics.get(topic)?.partitions.length ?? 0;
  }

  async groupCoordinator(): Promise<number> {
    await Promise.resolve();
    return 0;
  }

  learnLeader(topic: string, partition: number, leader: number, epoch: number): void {
    const leaders = this.metadata.get(topic);
    if (leaders !== undefined && leaders[partition]!.epoch < epoch) leaders[partition] = { leader, epoch };
  }

  learnBroker(): void {}

  forget(): void {
    this.refresh();
  }

  async retry<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      if (this.isClosed) throw new MsecError('CLOSED', 'closed');
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof MsecError) || !error.retriable || tries > 50) throw error;
        this.forget();
        await pause(this.clock, 20);
      }
    }
  }

  async #ask<Request, Response>(
    broker: number,
    purpose: string,
    message: Message<Request, Response>,
    request: Request,
    options: AskOptions = {},
  ): Promise<HeldAnswer<Response>> {
    const version = Math.min(this.version, message.versions.max, options.versionMax ?? Infinity);
    const sent = new WireWriter();
    message.encodeRequest(sent, request, version);
    const asked = message.decodeRequest(new WireReader(new Uint8Array(Buffer.concat(sent.take()))), version);
    this.counts.set(message.name, (this.counts.get(message.name) ?? 0) + 1);
    await Promise.resolve();
    const answer = new WireWriter();
    message.encodeResponse(
      answer,
      (await this.#answer(broker, purpose, message.name, asked)) as Loose<Response>,
      version,
    );
    const bytes = Buffer.concat(answer.take());
    const frame = this.buffers.take(bytes.length);
    frame.set(bytes);
    this.heldBytesMax = Math.max(this.heldBytesMax, this.buffers.bytesHeld);
    const release = () => {
      frame.fill(0xee);
      this.buffers.give(frame);
    };
    return { response: message.decodeResponse(new WireReader(frame), version), release };
  }

  async #answer(broker: number, purpose: string, name: string, asked: unknown): Promise<unknown> {
    if (name === 'ListOffsets') return this.#listOffsets(broker, asked as Complete<ListOffsetsRequest>);
    if (name === 'OffsetForLeaderEpoch') return this.#epochEnd(broker, asked as Complete<OffsetForLeaderEpochRequest>);
    return await this.#fetch(broker, purpose, asked as Wanted);
  }

  #partition(broker: number, topic: string, partition: number, epoch: number): ModelPartition | number {
    const found = this.topics.get(topic)?.partitions[partition];
    // Where no topic has that id, the id stands for its name.
    if (found === undefined)
      return this.version >= 13 ? KAFKA_ERROR.UNKNOWN_TOPIC_ID : KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    const told = this.partitionFault(topic, partition);
    if (told !== NO_ERROR) return told;
    if (found.leader !== broker) return KAFKA_ERROR.NOT_LEADER_OR_FOLLOWER;
    if (epoch >= 0 && epoch < found.epoch) return KAFKA_ERROR.FENCED_LEADER_EPOCH;
    if (epoch > found.epoch) return KAFKA_ERROR.UNKNOWN_LEADER_EPOCH;
    return found;
  }

  #listOffsets(broker: number, { topics }: Complete<ListOffsetsRequest>): Loose<ListOffsetsResponse> {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, currentLeaderEpoch, timestamp }) => {
          const found = this.#partition(broker, name, partitionIndex, currentLeaderEpoch);
          if (typeof found === 'number') return { partitionIndex, errorCode: found };
          return { partitionIndex, offset: timestamp === -2 ? found.start : found.stableEnd };
        }),
      })),
    };
  }

  #epochEnd(broker: number, { topics }: Complete<OffsetForLeaderEpochRequest>): Loose<OffsetForLeaderEpochResponse> {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
          const found = this.#partition(broker, topic, partition, currentLeaderEpoch);
          if (typeof found === 'number') return { partition, errorCode: found };
          if (leaderEpoch === found.epoch) return { partition, leaderEpoch, endOffset: found.end };
          const after = found.epochs.find(({ epoch }) => epoch > leaderEpoch);
          const at = found.epochs.findLast(({ epoch }) => epoch <= leaderEpoch);
          if (after === undefined || at === undefined) return { partition, leaderEpoch: -1, endOffset: -1 };
          return { partition, leaderEpoch: at.epoch, endOffset: after.start };
        }),
      })),
    };
  }

  async #fetch(broker: number, purpose: string, request: Wanted): Promise<Answered> {
    this.asked.push({ broker, purpose, request });
    const fault = this.fault(request, broker);
    if (fault !== NO_ERROR) return { errorCode: fault };
    const opened = this.#session(request);
    if (typeof opened === 'number') return { errorCode: opened };
    const { id, places, told } = opened;
    const deadline = this.clock.monotonic() + request.maxWaitMs;
    for (;;) {
      const responses = this.#read(broker, request, places, told);
      const hasSome = responses.some(({ errorCode, records }) => (errorCode ?? 0) !== 0 || (records?.length ?? 0) > 0);
      if (hasSome || this.clock.monotonic() >= deadline || request.minBytes === 0) return this.#answered(id, responses);
      await this.#more([...places.values()], deadline - this.clock.monotonic());
      // A lost connection is noticed while the broker holds the request.
      const late = this.fault(request, broker);
      if (late !== NO_ERROR) return { errorCode: late };
    }
  }

  #answered(sessionId: number, found: readonly (FetchedPartition & { readonly topic: string })[]): Answered {
    const responses = [...Map.groupBy(found, ({ topic }) => topic)].map(([topic, partitions]) => ({
      ...(this.version >= 13 ? { topicId: this.topics.get(topic)?.id ?? topic } : { topic }),
      partitions: partitions.map(({ topic: _, ...partition }) => partition),
    }));
    return { sessionId, responses };
  }

  /** The broker's half of KIP-227. */
  #session({
    sessionId,
    sessionEpoch,
    topics,
    forgottenTopicsData,
  }: Wanted): ({ id: number } & Omit<Session, 'epoch'>) | number {
    const nameOf = (topic: { topic: string; topicId: string }) =>
      topic.topic !== ''
        ? topic.topic
        : ([...this.topics].find(([, { id }]) => id === topic.topicId)?.[0] ?? topic.topicId);
    const put = (places: Map<string, Place>) => {
      for (const topic of topics) {
        const name = nameOf(topic);
        for (const {
          partition,
          fetchOffset: offset,
          currentLeaderEpoch: epoch,
          partitionMaxBytes: bytesMax,
        } of topic.partitions) {
          places.set(`${name}-${partition}`, {
            topic: name,
            topicId: topic.topic === '' ? topic.topicId : '',
            partition,
            offset,
            epoch,
            bytesMax,
          });
        }
      }
    };
    if (sessionEpoch <= 0) {
      if (sessionId !== 0) this.sessions.delete(sessionId);
      const session: Session = { epoch: 1, places: new Map(), told: new Map() };
      put(session.places);
      if (sessionEpoch < 0 || this.sessions.size >= this.sessionsMax) return { id: 0, ...session };
      const id = this.#sessionNext++;
      this.sessions.set(id, session);
      return { id, ...session };
    }
    const session = this.sessions.get(sessionId);
    if (session === undefined) return KAFKA_ERROR.FETCH_SESSION_ID_NOT_FOUND;
    if (session.epoch !== sessionEpoch) return KAFKA_ERROR.INVALID_FETCH_SESSION_EPOCH;
    session.epoch++;
    for (const topic of forgottenTopicsData) {
      for (const partition of topic.partitions) {
        if (!session.places.delete(`${nameOf(topic)}-${partition}`))
          throw new Error('forgets what was never in the session');
        session.told.delete(`${nameOf(topic)}-${partition}`);
      }
    }
    put(session.places);
    return { id: sessionId, ...session };
  }

  /** What each place gives: whole batches up to a limit, the last cut anywhere; the first of all is never cut (KIP-74). */
  #read(broker: number, request: Wanted, places: Map<string, Place>, told: Map<string, string>) {
    const isFull = request.sessionEpoch <= 0;
    const found: (FetchedPartition & { readonly topic: string })[] = [];
    let left = request.maxBytes;
    let isFirst = true;
    for (const [key, place] of [...places]) {
      const { topic, topicId, partition, offset, epoch, bytesMax } = place;
      const isGone = topicId !== '' && this.topics.get(topic)?.id !== topicId;
      const at = isGone ? KAFKA_ERROR.UNKNOWN_TOPIC_ID : this.#partition(broker, topic, partition, epoch);
      if (typeof at === 'number') {
        const { leader, epoch: leaderEpoch } = this.topics.get(topic)?.partitions[partition] ?? {
          leader: -1,
          epoch: -1,
        };
        const knows =
          this.namesLeaders && (at === KAFKA_ERROR.NOT_LEADER_OR_FOLLOWER || at === KAFKA_ERROR.FENCED_LEADER_EPOCH);
        const currentLeader = knows && this.version >= 12 ? { leaderId: leader, leaderEpoch } : undefined;
        found.push({ topic: isGone ? topicId : topic, partitionIndex: partition, errorCode: at, currentLeader });
        continue;
      }
      const lastStableOffset = at.stableEnd;
      const ends = { lastStableOffset, highWatermark: at.end, logStartOffset: at.start };
      if (offset < at.start || offset > at.end) {
        found.push({ topic, partitionIndex: partition, errorCode: KAFKA_ERROR.OFFSET_OUT_OF_RANGE });
        continue;
      }
      const batches = at.batches.filter(({ base, last }) => last >= offset && base < lastStableOffset);
      const limit = Math.min(bytesMax, left);
      const enough: Uint8Array[] = [];
      for (let i = 0, size = 0; i < batches.length && (i === 0 || size < limit); i++) {
        enough.push(batches[i]!.bytes);
        size += batches[i]!.bytes.length;
      }
      const all = Buffer.concat(enough);
      const first = batches[0]?.bytes.length ?? 0;
      let records = all.subarray(0, isFirst ? Math.max(limit, first) : limit);
      // Later ones are left empty rather than begun with a batch that is cut off.
      if (records.length < first) records = all.subarray(0, 0);
      if (records.length > 0) {
        isFirst = false;
        left = Math.max(0, left - records.length);
        places.delete(key);
        places.set(key, place);
      }
      const aborted = at.aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= offset && firstOffset < at.end);
      const summary = `${lastStableOffset} ${at.end} ${at.start}`;
      if (!isFull && records.length === 0 && told.get(key) === summary) continue;
      told.set(key, summary);
      // The list is in no order that a client may rely on.
      const abortedTransactions = aborted.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })).reverse();
      found.push({ topic, partitionIndex: partition, ...ends, abortedTransactions, records: new Uint8Array(records) });
    }
    return found;
  }

  #more(places: readonly Place[], ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stops: (() => void)[] = [];
      const done = () => {
        for (const stop of stops) stop();
        resolve();
      };
      const timer = this.clock.after(ms, done);
      stops.push(() => timer.cancel());
      for (const { topic, partition } of places) {
        const found = this.topics.get(topic)?.partitions[partition];
        if (found !== undefined) stops.push(found.onWritten(done));
      }
    });
  }
}
