/**
 * Who leads which partition and who coordinates which group or transactional id, and the connections to them. What the
 * cluster says is kept until an answer shows that it is out of date. One per thread and purpose.
 */
import { type Clock, MsecError, pause, type Timer } from '../../../base/index.ts';
import { findCoordinator, type MetadataResponse, metadata, ZERO_UUID } from '../protocol/index.ts';
import type { KafkaTls } from '../settings.ts';
import { Connection } from './connection.ts';
import { answerError, KAFKA_ERROR, NO_ERROR } from './kafka-errors.ts';
import type { Address, Network } from './network.ts';
import { ReceiveBuffers } from './receive-buffers.ts';
import type { SaslOptions } from './sasl.ts';

export interface ClusterOptions {
  /** host:port, each tried in turn until one answers. */
  readonly bootstrap: readonly string[];
  readonly clientId: string;
  readonly clock: Clock;
  /** After this long without an answer a connection is given up. */
  readonly requestTimeoutMs: number;
  /** For this long what may pass by itself is tried again. */
  readonly retryMsMax: number;
  readonly network?: Network | undefined;
  readonly tls?: KafkaTls | undefined;
  readonly sasl?: SaslOptions | undefined;
  /** One for all connections of a thread; absent: one of this cluster's own. */
  readonly buffers?: ReceiveBuffers | undefined;
}

export interface Leader {
  /** The broker; -1 where there is none at present. */
  readonly leader: number;
  /** -1 where it is not known. */
  readonly epoch: number;
}

/** What FindCoordinator asks for. */
const COORDINATOR_OF = { group: 0, transaction: 1 } as const;
export type CoordinatorKind = keyof typeof COORDINATOR_OF;

/** A broker that has not answered for this long is asked no more alone: the next one is asked beside it. */
const HEDGE_MS = 1000;
const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1000;

interface Topic {
  readonly id: string;
  readonly leaders: Leader[];
}

export class Cluster {
  /** The memory of this thread's answers. */
  readonly buffers: ReceiveBuffers;
  readonly #options: ClusterOptions;
  readonly #addresses = new Map<number, Address>();
  readonly #topics = new Map<string, Topic>();
  /** Topic names by id; a deleted topic's id is never used again. */
  readonly #names = new Map<string, string>();
  readonly #coordinators = new Map<string, number>();
  readonly #connections = new Map<string, Promise<Connection>>();
  /** Those that stood when they were last looked at. */
  readonly #standing = new Map<string, Connection>();
  /** Questions about one topic that wait for their answer: who asks the same shares it. */
  readonly #asked = new Map<string, Promise<MetadataResponse>>();
  readonly #closing = new AbortController();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.buffers = options.buffers ?? new ReceiveBuffers();
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** How many partitions the topic has. TOPIC_UNKNOWN. */
  async partitionCount(topic: string): Promise<number> {
    return (await this.#topic(topic)).leaders.length;
  }

  /** TOPIC_UNKNOWN. */
  async topicId(topic: string): Promise<string> {
    return (await this.#topic(topic)).id;
  }

  /** Of a topic that was asked about before. */
  topicName(id: string): string | undefined {
    return this.#names.get(id);
  }

  /** The broker that leads the partition. TOPIC_UNKNOWN, DEPENDENCY_DOWN where it has no leader. */
  async leader(topic: string, partition: number): Promise<number> {
    return (await this.leaderAndEpoch(topic, partition)).leader;
  }

  /** The same with its epoch. */
  async leaderAndEpoch(topic: string, partition: number): Promise<Leader> {
    const found = (await this.#topic(topic)).leaders[partition];
    if (found === undefined) throw new MsecError('TOPIC_UNKNOWN', `${topic} has no partition ${partition}`);
    if (found.leader < 0) throw new MsecError('DEPENDENCY_DOWN', `partition ${partition} of ${topic} has no leader`);
    return found;
  }

  /** What an answer said about a partition's leader; what is older than what is known is passed over. */
  learnLeader(topic: string, partition: number, leader: number, epoch: number): void {
    const leaders = this.#topics.get(topic)?.leaders;
    const known = leaders?.[partition];
    if (leaders !== undefined && known !== undefined && known.epoch < epoch) leaders[partition] = { leader, epoch };
  }

  learnBroker(id: number, host: string, port: number): void {
    this.#addresses.set(id, { host, port });
  }

  /** The broker that keeps the group's offsets. */
  async groupCoordinator(group: string): Promise<number> {
    return await this.coordinator('group', group);
  }

  /** The broker that keeps the transactions of the transactional id. */
  async transactionCoordinator(transactionalId: string): Promise<number> {
    return await this.coordinator('transaction', transactionalId);
  }

  async coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const known = this.#coordinators.get(`${kind}:${key}`);
    if (known !== undefined) return known;
    const keyType = COORDINATOR_OF[kind];
    const { answer, isPlural } = await this.#hedged(async (connection) => {
      const isPlural = connection.versionOf(findCoordinator) >= 4;
      const request = isPlural ? { keyType, coordinatorKeys: [key] } : { keyType, key };
      return { answer: await connection.request(findCoordinator, request), isPlural };
    });
    const found = isPlural ? answer.coordinators[0] : answer;
    const error = found?.errorCode ?? KAFKA_ERROR.COORDINATOR_NOT_AVAILABLE;
    if (found === undefined || error !== NO_ERROR) throw answerError(error, `FindCoordinator of ${kind} ${key}`);
    this.learnBroker(found.nodeId, found.host, found.port);
    this.#coordinators.set(`${kind}:${key}`, found.nodeId);
    return found.nodeId;
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind}:${key}`);
  }

  /** The level of the transaction protocol that the cluster has agreed on: 2 is KIP-890. DEPENDENCY_DOWN. */
  async transactionVersion(): Promise<number> {
    return (await this.anyConnection()).transactionVersion;
  }

  /**
   * A connection to that broker, shared by all who ask with the same purpose: what must not wait behind long polls has
   * one of its own.
   */
  async connection(broker: number, purpose = ''): Promise<Connection> {
    const address = this.#addresses.get(broker);
    if (address === undefined) throw new MsecError('DEPENDENCY_DOWN', `broker ${broker} is not known any more`);
    return await this.#open(address, purpose);
  }

  /** What the cluster says of these topics, or of all of them (null); remembered. */
  async describe(topics: readonly string[] | null): Promise<MetadataResponse> {
    const request = { topics: topics?.map((name) => ({ name })) ?? null, allowAutoTopicCreation: false };
    const answer = await this.#hedged((connection) => connection.request(metadata, request));
    if (answer.brokers.length > 0) this.#addresses.clear();
    for (const { nodeId, host, port } of answer.brokers) this.learnBroker(nodeId, host, port);
    for (const { errorCode, name, topicId, partitions } of answer.topics) {
      if (name === null) continue;
      if (errorCode === KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) {
        this.#topics.delete(name);
        continue;
      }
      const leaders: Leader[] = Array.from({ length: partitions.length }, () => ({ leader: -1, epoch: -1 }));
      for (const { partitionIndex, leaderId, leaderEpoch } of partitions) {
        if (partitionIndex < leaders.length) leaders[partitionIndex] = { leader: leaderId, epoch: leaderEpoch };
      }
      this.#topics.set(name, { id: topicId, leaders });
      if (topicId !== ZERO_UUID) this.#names.set(topicId, name);
    }
    return answer;
  }

  /**
   * Runs `attempt` until it succeeds, its error cannot pass by itself, or the time for retries is over; before each
   * new attempt what is known of the cluster is dropped. CLOSED once the cluster is.
   */
  async retry<T>(attempt: () => Promise<T>, retryMsMax = this.#options.retryMsMax): Promise<T> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + retryMsMax;
    for (let backoffMs = BACKOFF_MS_MIN; ; backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX)) {
      if (this.isClosed) throw new MsecError('CLOSED', 'the connection to Kafka was closed');
      try {
        return await attempt();
      } catch (error) {
        if (this.isClosed) throw new MsecError('CLOSED', 'the connection to Kafka was closed', { cause: error });
        if (!(error instanceof MsecError) || error.code !== 'DEPENDENCY_DOWN') throw error;
        if (clock.monotonic() + backoffMs > deadline) throw error;
        this.forget();
        await pause(clock, backoffMs, this.#closing.signal);
      }
    }
  }

  /** Leaders and coordinators are asked for again when they are next needed. */
  forget(): void {
    this.#topics.clear();
    this.#coordinators.clear();
  }

  close(): void {
    this.#closing.abort();
  }

  async #topic(name: string): Promise<Topic> {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    let asked = this.#asked.get(name);
    if (asked === undefined) {
      asked = this.describe([name]).finally(() => this.#asked.delete(name));
      this.#asked.set(name, asked);
    }
    const answer = await asked;
    const topic = this.#topics.get(name);
    if (topic !== undefined && topic.leaders.length > 0) return topic;
    const found = answer.topics.find((each) => each.name === name);
    const error = found?.errorCode ?? KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    if (error === KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) {
      throw new MsecError('TOPIC_UNKNOWN', `Kafka has no topic ${name}`);
    }
    throw answerError(error, `Metadata of ${name}`);
  }

  /** A connection to any broker that answers. DEPENDENCY_DOWN. */
  async anyConnection(): Promise<Connection> {
    return await this.#hedged(async (connection) => connection);
  }

  /**
   * Asks one broker after another until one answers; one that is silent holds nobody up. The error of the last where
   * none does, or the first that no other broker would answer otherwise.
   */
  #hedged<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const addresses = this.#candidates();
    return new Promise((resolve, reject) => {
      let next = 0;
      let asked = 0;
      let timer: Timer | undefined;
      const askNext = () => {
        timer?.cancel();
        timer = undefined;
        const address = addresses[next++];
        if (address === undefined) return;
        asked++;
        if (next < addresses.length) timer = this.#options.clock.after(HEDGE_MS, askNext);
        this.#open(address, '')
          .then(ask)
          .then(
            (answer) => {
              timer?.cancel();
              next = addresses.length;
              resolve(answer);
            },
            (error: unknown) => {
              asked--;
              const isFinal = !(error instanceof MsecError && error.code === 'DEPENDENCY_DOWN');
              if (!isFinal && next < addresses.length) askNext();
              else if (isFinal || asked === 0) {
                timer?.cancel();
                reject(error);
              }
            },
          );
      };
      askNext();
    });
  }

  /** Every address that is known, those first to which a connection stands, and of them the idle ones. */
  #candidates(): Address[] {
    const known = new Map<string, Address>();
    for (const address of [...this.#addresses.values(), ...this.#options.bootstrap.map(addressOf)]) {
      known.set(keyOf(address, ''), address);
    }
    const load = (key: string) => {
      const connection = this.#standing.get(key);
      return connection?.isOpen === true ? connection.pendingCount : Infinity;
    };
    const loads = [...known].map(([key, address]) => ({ address, load: load(key) }));
    return loads.toSorted((a, b) => (a.load === b.load ? 0 : a.load - b.load)).map(({ address }) => address);
  }

  #open(address: Address, purpose: string): Promise<Connection> {
    if (this.isClosed) return Promise.reject(new MsecError('CLOSED', 'the connection to Kafka was closed'));
    const key = keyOf(address, purpose);
    const known = this.#connections.get(key);
    const opened = (known ?? Promise.reject(new Error('none'))).then(
      (connection) => (connection.isOpen ? connection : this.#connect(address, key)),
      () => this.#connect(address, key),
    );
    this.#connections.set(key, opened);
    return opened;
  }

  async #connect(address: Address, key: string): Promise<Connection> {
    const { clientId, clock, requestTimeoutMs, network, tls, sasl } = this.#options;
    const { buffers } = this;
    const { signal } = this.#closing;
    const connection = await Connection.open({
      ...address,
      ...{ clientId, clock, requestTimeoutMs, signal, network, tls, sasl, buffers },
    });
    this.#standing.set(key, connection);
    return connection;
  }
}

const keyOf = ({ host, port }: Address, purpose: string): string => `${host}:${port}:${purpose}`;

function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new MsecError('CONFIG_INVALID', `'${text}' is not host:port`, { field: 'bootstrap' });
  }
  return { host: text.slice(0, colon), port };
}
