/**
 * Who leads which partition and who coordinates which group, and the connections to them. What the cluster says is kept
 * until an answer shows that it is out of date. One per thread and purpose: a connection is answered in order, so
 * reading and writing have one each.
 */
import { type Clock, MsecError, pause } from '../../base/index.ts';
import { Connection } from './connection.ts';
import { answerError, NO_ERROR, UNKNOWN_TOPIC_OR_PARTITION } from './kafka-errors.ts';
import { findCoordinator, type MetadataAnswer, metadata } from './messages.ts';

export interface ClusterOptions {
  /** host:port, each tried in turn until one answers. */
  readonly bootstrap: readonly string[];
  readonly clientId: string;
  readonly clock: Clock;
  /** After this long without an answer a connection is given up. */
  readonly requestTimeoutMs: number;
  /** For this long what may pass by itself is tried again. */
  readonly retryMsMax: number;
}

const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1000;

interface Address {
  readonly host: string;
  readonly port: number;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #addresses = new Map<number, Address>();
  /** By topic: the leader of each partition, -1 where there is none at present. */
  readonly #leaders = new Map<string, number[]>();
  readonly #coordinators = new Map<string, number>();
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #closing = new AbortController();

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** How many partitions the topic has. TOPIC_UNKNOWN. */
  async partitionCount(topic: string): Promise<number> {
    return (await this.#leadersOf(topic)).length;
  }

  /** The broker that leads the partition. TOPIC_UNKNOWN, DEPENDENCY_DOWN where it has no leader. */
  async leader(topic: string, partition: number): Promise<number> {
    const leader = (await this.#leadersOf(topic))[partition];
    if (leader === undefined) throw new MsecError('TOPIC_UNKNOWN', `${topic} has no partition ${partition}`);
    if (leader < 0) throw new MsecError('DEPENDENCY_DOWN', `partition ${partition} of ${topic} has no leader`);
    return leader;
  }

  /** The broker that keeps the group's offsets. */
  async coordinator(group: string): Promise<number> {
    const known = this.#coordinators.get(group);
    if (known !== undefined) return known;
    const connection = await this.anyConnection();
    const { error, id } = await connection.request(findCoordinator, group);
    if (error !== NO_ERROR) throw answerError(error, `FindCoordinator of group ${group}`);
    if (!this.#addresses.has(id)) await this.describe([]);
    this.#coordinators.set(group, id);
    return id;
  }

  /** A connection to that broker, shared by all who ask. */
  async connection(broker: number): Promise<Connection> {
    const address = this.#addresses.get(broker);
    if (address === undefined) throw new MsecError('DEPENDENCY_DOWN', `broker ${broker} is not known any more`);
    return await this.#open(address);
  }

  /** What the cluster says of these topics, or of all of them (null); remembered. */
  async describe(topics: readonly string[] | null): Promise<MetadataAnswer> {
    const answer = await (await this.anyConnection()).request(metadata, topics);
    for (const { id, host, port } of answer.brokers) this.#addresses.set(id, { host, port });
    for (const { error, name, partitions } of answer.topics) {
      if (error === UNKNOWN_TOPIC_OR_PARTITION) {
        this.#leaders.delete(name);
        continue;
      }
      const leaders: number[] = new Array(partitions.length).fill(-1);
      for (const { partition, leader } of partitions) leaders[partition] = leader;
      this.#leaders.set(name, leaders);
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
    this.#leaders.clear();
    this.#coordinators.clear();
  }

  close(): void {
    this.#closing.abort();
  }

  async #leadersOf(topic: string): Promise<readonly number[]> {
    const known = this.#leaders.get(topic);
    if (known !== undefined) return known;
    const answer = await this.describe([topic]);
    const leaders = this.#leaders.get(topic);
    if (leaders !== undefined && leaders.length > 0) return leaders;
    const error = answer.topics.find(({ name }) => name === topic)?.error ?? UNKNOWN_TOPIC_OR_PARTITION;
    if (error === UNKNOWN_TOPIC_OR_PARTITION) throw new MsecError('TOPIC_UNKNOWN', `Kafka has no topic ${topic}`);
    throw answerError(error, `Metadata of ${topic}`);
  }

  /** A connection to any broker that answers. DEPENDENCY_DOWN. */
  async anyConnection(): Promise<Connection> {
    let last: unknown;
    for (const address of [...this.#options.bootstrap.map(addressOf), ...this.#addresses.values()]) {
      try {
        return await this.#open(address);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  #open(address: Address): Promise<Connection> {
    if (this.isClosed) return Promise.reject(new MsecError('CLOSED', 'the connection to Kafka was closed'));
    const key = `${address.host}:${address.port}`;
    const known = this.#connections.get(key);
    const opened = (known ?? Promise.reject(new Error('none'))).then(
      (connection) => (connection.isOpen ? connection : this.#connect(address)),
      () => this.#connect(address),
    );
    this.#connections.set(key, opened);
    return opened;
  }

  async #connect(address: Address): Promise<Connection> {
    const { clientId, clock, requestTimeoutMs } = this.#options;
    const { signal } = this.#closing;
    return await Connection.open({ ...address, clientId, clock, requestTimeoutMs, signal });
  }
}

function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new MsecError('CONFIG_INVALID', `'${text}' is not host:port`, { field: 'bootstrap' });
  }
  return { host: text.slice(0, colon), port };
}
