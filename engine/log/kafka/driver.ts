/**
 * The Kafka driver of the log port. An ownership is a pair of transactional ids, a commit of it one transaction; what
 * nobody owns is written idempotently, or as a transaction of this process's own id. Owners that commit often share
 * transactions. Truncations follow their commit.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, MsecError, systemClock } from '../../base/index.ts';
import type {
  Committed,
  Log,
  LogReader,
  OffsetPlace,
  Ownership,
  TopicConfig,
  TopicDescription,
  Transaction,
} from '../port.ts';
import { backlogOf } from './backlog.ts';
import { Cluster, type ClusterOptions, type Network } from './client/index.ts';
import { describe } from './describe.ts';
import { ThreadReading } from './fetch/thread-reading.ts';
import { type Carrier, Carrying, FreeCommits, Lane, Owner, Truncator } from './producer/index.ts';
import { RIDE_POLICY } from './ride-policy.ts';
import type { KafkaLogOptions, KafkaReaderDescriptor } from './settings.ts';
import { createTopics } from './topics.ts';

/** What a broker waits for the end of a transaction; a writer that died holds readers up for so long at most. */
const TRANSACTION_TIMEOUT_MS = 60_000;
/** Nobody takes over what is nobody's: until it is aborted it holds up the readers of the partitions it wrote to. */
const FREE_TRANSACTION_TIMEOUT_MS = 10_000;
const APPLICATION_ID = 'msec';
/** Names of connections are used again, so that ownerships that come and go leave nothing behind. */
const PURPOSES = 4;

interface Claim {
  owner: Owner | null;
  /** Counts `acquire`; the newest alone has a say. */
  turn: number;
  epoch: number;
  taking: Promise<unknown>;
  /** What owners since the last that was taken whole have ridden. */
  rode: Carrier | null;
}

class KafkaLog implements Log {
  readonly #options: ClusterOptions;
  readonly #settings: KafkaLogOptions;
  readonly #cluster: Cluster;
  readonly #claims = new Map<string, Claim>();
  readonly #free: FreeCommits;
  readonly #carrying: Carrying;
  readonly #truncator: Truncator;
  readonly #reading: ThreadReading;
  #isOldProtocolTold = false;

  constructor(settings: KafkaLogOptions, network: Network | undefined) {
    const options = clusterOptions(settings, settings.clock ?? systemClock, network);
    this.#options = options;
    this.#settings = settings;
    this.#cluster = new Cluster(options);
    this.#reading = new ThreadReading(options, settings.outOfRange);
    this.#truncator = new Truncator(this.#cluster, options.requestTimeoutMs, options.clock);
    const processId = settings.processId ?? randomUUID();
    this.#free = new FreeCommits({
      ...options,
      cluster: this.#cluster,
      transactionalId: `${this.#applicationId}-process-${processId}`,
      transactionTimeoutMs: FREE_TRANSACTION_TIMEOUT_MS,
    });
    this.#carrying = new Carrying({
      ...options,
      cluster: this.#cluster,
      name: `${this.#applicationId}-carrier-${processId}`,
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      policy: { ...RIDE_POLICY, ...settings.ride },
    });
  }

  async createTopics(topics: readonly TopicConfig[]): Promise<void> {
    this.#assertOpen();
    const { replicationFactor, processId } = this.#settings;
    // What an earlier life of this process left open would hold up all who read committed records.
    if (processId !== undefined) await this.#free.takeId();
    await createTopics(this.#cluster, topics, this.#options.requestTimeoutMs, replicationFactor);
  }

  async describe(topics?: readonly string[]): Promise<readonly TopicDescription[]> {
    this.#assertOpen();
    return await describe(this.#cluster, topics ?? null);
  }

  async acquire(owner: string, places: readonly OffsetPlace[] = []): Promise<Ownership> {
    this.#assertOpen();
    let claim = this.#claims.get(owner);
    if (claim === undefined) {
      claim = { owner: null, turn: 0, epoch: 0, taking: Promise.resolve(), rode: null };
      this.#claims.set(owner, claim);
    }
    const before = claim.owner;
    before?.fence();
    claim.owner = null;
    const turn = ++claim.turn;
    const taking = claim.taking
      // What it has on board of this process's carrier is not fenced but waited for.
      .then(() => (before !== null && before.rode !== null ? before.idle() : undefined))
      .then(() => {
        claim.rode = before?.rode ?? claim.rode;
      })
      .then(() => this.#take(owner, claim, turn, places));
    claim.taking = taking.catch(() => {});
    return await this.#closing(taking);
  }

  async release({ owner, epoch }: Ownership): Promise<void> {
    const current = this.#claims.get(owner)?.owner;
    if (current?.ownership.epoch === epoch) await current.release();
  }

  async backlog(places: readonly OffsetPlace[]): Promise<readonly number[]> {
    this.#assertOpen();
    return await this.#closing(backlogOf(this.#cluster, places));
  }

  async commit(transaction: Transaction): Promise<Committed> {
    this.#assertOpen();
    const { ownership, appends = [], offsets = [], truncations = [] } = transaction;
    const committed = await this.#closing(
      ownership === undefined ? this.#free.commit(transaction) : this.#commitOwned(transaction, ownership),
    );
    // What goes with nothing else is waited for: there is nothing it could hold up.
    if (appends.length === 0 && offsets.length === 0) await this.#truncator.now(truncations);
    else this.#truncator.later(truncations);
    return committed;
  }

  openReader(): LogReader {
    this.#assertOpen();
    return this.#reading.openReader();
  }

  async close(): Promise<void> {
    const owners = [...this.#claims.values()].flatMap(({ owner }) => owner ?? []);
    for (const owner of owners) owner.fence();
    this.#carrying.close();
    this.#cluster.close();
    await this.#reading.close();
    await Promise.all([this.#free.close(), this.#truncator.close(), ...owners.map((owner) => owner.idle())]);
    await this.#carrying.idle();
  }

  get #applicationId(): string {
    return this.#settings.applicationId ?? APPLICATION_ID;
  }

  async #take(name: string, claim: Claim, turn: number, places: readonly OffsetPlace[]): Promise<Ownership> {
    const lane = new Lane({ ...this.#options, cluster: this.#cluster, purpose: `${name}#${turn % PURPOSES}` });
    let owner: Owner;
    try {
      owner = await Owner.acquire({
        owner: name,
        applicationId: this.#applicationId,
        lane,
        transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
        epochAbove: claim.epoch,
        places,
        carrying: this.#carrying,
        rode: claim.rode,
      });
    } catch (error) {
      lane.closeConnections();
      throw error;
    }
    claim.rode = null;
    claim.epoch = owner.ownership.epoch;
    if (claim.turn === turn) claim.owner = owner;
    else owner.fence();
    if (!owner.isV2) this.#tellOldProtocol();
    return owner.ownership;
  }

  async #commitOwned(transaction: Transaction, { owner, epoch }: Ownership): Promise<Committed> {
    const current = this.#claims.get(owner)?.owner;
    if (current?.ownership.epoch !== epoch) throw new MsecError('FENCED', `'${owner}' has a newer owner, or none here`);
    return await current.commit(transaction);
  }

  #tellOldProtocol(): void {
    if (this.#isOldProtocolTold) return;
    this.#isOldProtocolTold = true;
    this.#settings.emit?.('transactionProtocolOld', {
      weakness:
        'transaction.version is below 2: a request of a transaction that arrives late can end up in the next (KIP-890)',
    });
  }

  /** What fails because the log was closed says so. */
  async #closing<T>(done: Promise<T>): Promise<T> {
    try {
      return await done;
    } catch (error) {
      if (!this.#cluster.isClosed) throw error;
      throw new MsecError('CLOSED', 'the Kafka log was closed', { cause: error });
    }
  }

  #assertOpen(): void {
    if (this.#cluster.isClosed) throw new MsecError('CLOSED', 'the Kafka log was closed');
  }
}

/**
 * Opens a log on a Kafka cluster; connects at the first use. `network`: the system's where there is none. CONFIG_INVALID
 * for an address that is none.
 */
export function openKafkaLog(options: KafkaLogOptions, network?: Network): Log {
  return new KafkaLog(options, network);
}

/**
 * Opens readers in the calling thread, which share their connections and what is fetched ahead; each closes by itself.
 * `network`: the system's where there is none.
 */
export function kafkaReaders(descriptor: KafkaReaderDescriptor, clock: Clock, network?: Network): () => LogReader {
  const reading = new ThreadReading(clusterOptions(descriptor, clock, network), descriptor.outOfRange);
  return () => reading.openReader();
}

function clusterOptions(descriptor: KafkaReaderDescriptor, clock: Clock, network: Network | undefined): ClusterOptions {
  return {
    network,
    bootstrap: descriptor.bootstrap,
    clientId: descriptor.clientId ?? 'msec',
    clock,
    requestTimeoutMs: descriptor.requestTimeoutMs ?? 30_000,
    retryMsMax: descriptor.retryMsMax ?? 60_000,
    tls: descriptor.tls,
    sasl: descriptor.sasl,
  };
}
