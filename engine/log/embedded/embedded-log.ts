/**
 * The embedded driver: the one writer of a store, in one thread. It checks, orders and numbers transactions, and writes
 * them in groups; a transaction is acknowledged only when its group is on the disk. The same code runs on LMDB and,
 * simulated, in memory. It never reads a record.
 */
import { type Clock, MsecError } from '../../base/index.ts';
import type {
  Committed,
  Log,
  LogReader,
  OffsetPlace,
  Ownership,
  PartitionBounds,
  TopicConfig,
  TopicDescription,
  Transaction,
} from '../port.ts';
import { EmbeddedReader } from './embedded-reader.ts';
import { PARTITIONS_MAX, type PublishedEnds } from './ends.ts';
import { type CommitGroup, GroupCommit } from './group-commit.ts';
import {
  decodeJson,
  decodeNumber,
  encodeJson,
  encodeNumbers,
  factKey,
  groupKey,
  NAME_BYTES_MAX,
  nameOf,
  OWNER_RANGE,
  ownerKey,
  partitionIdOf,
  SEGMENT_RANGE,
  segmentKey,
  TOPIC_RANGE,
  topicKey,
} from './keys.ts';
import { Maintenance, type MaintenanceOptions, type MaintenanceScope } from './maintenance.ts';
import { Partition, type SegmentLimits, type Usage } from './partition.ts';
import type { Store } from './store.ts';
import { checkTopicConfig, plainConfig, type TopicRecord } from './topic-record.ts';
import { TransactionJob, type TransactionScope } from './transaction-job.ts';

export interface EmbeddedLogOptions extends MaintenanceOptions {
  /** Under load, groups of transactions begin at least that far apart; 0: one after another. Default 5. */
  readonly groupCommitMs?: number;
  /** A group takes no more than that in one store commit. Default 16 MiB. */
  readonly groupBytesMax?: number;
  /** What may wait for its commit before transactions from outside are refused. Default 64 MiB. */
  readonly waitingBytesMax?: number;
  /** A longer batch is refused with BATCH_TOO_LARGE. Default 8 MiB. */
  readonly batchBytesMax?: number;
  /** For topics that do not say. Default 16 MiB. */
  readonly segmentBytes?: number;
}

/** Of the quota: here what comes from outside is refused, and at the whole of it everything else. */
const REFUSABLE_SHARE = 0.9;
/** Of the quota: what all open segments together may take, as only closed ones can make room. */
const OPEN_SHARE = 0.25;
const SEGMENT_BYTES_MIN = 16 * 1024;
/** An open segment closes after this part of its retention, so that age is kept to within a quarter. */
const SEGMENT_AGE_SHARE = 0.25;
/** An open segment of a compacted topic closes after that, or a small topic would never be compacted. */
const COMPACT_SEGMENT_MS = 600_000;
const FORMAT = 1;

interface Topic extends TopicRecord {
  readonly config: TopicConfig;
  readonly partitions: readonly Partition[];
}

interface Owner {
  epoch: number;
  hasFailed: boolean;
}

export class EmbeddedLog implements Log {
  readonly #store: Store;
  readonly #ends: PublishedEnds;
  readonly #clock: Clock;
  readonly #options: EmbeddedLogOptions;
  readonly #quotaBytes: number;
  readonly #topics = new Map<string, Topic>();
  readonly #partitions: Partition[] = [];
  readonly #owners = new Map<string, Owner>();
  readonly #usage: Usage = { bytes: 0 };
  readonly #groups: GroupCommit;
  readonly #maintenance: Maintenance;
  readonly #readers = new Set<EmbeddedReader>();
  readonly #scope: TransactionScope;
  #closing: Promise<void> | undefined;

  /** Reads what the store holds. CONFIG_INVALID where it was written by a newer version. */
  constructor(store: Store, ends: PublishedEnds, clock: Clock, options: EmbeddedLogOptions = {}) {
    this.#store = store;
    this.#ends = ends;
    this.#clock = clock;
    this.#options = options;
    this.#quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY;
    this.#load();
    const hooks = {
      seal: (group: CommitGroup) => this.#seal(group),
      durable: (group: CommitGroup) => this.#announce(group),
      undo: (group: CommitGroup) => this.#undo(group),
    };
    this.#groups = new GroupCommit(store, clock, hooks, {
      groupCommitMs: options.groupCommitMs ?? 5,
      groupBytesMax: options.groupBytesMax ?? 16 * 1024 * 1024,
    });
    this.#scope = {
      store,
      batchBytesMax: options.batchBytesMax ?? 8 * 1024 * 1024,
      partition: (topic, partition) => this.#partition(topic, partition),
      admit: (transaction, bytes) => this.#admit(transaction, bytes),
      reject: (transaction) => this.#reject(transaction),
      append: (partition, records, batchBytes) => this.#append(partition, records, batchBytes),
    };
    const scope: MaintenanceScope = {
      store,
      clock,
      usage: this.#usage,
      partitions: this.#partitions,
      runJob: (prepare) => this.#run(prepare),
      isDiskFull: () => this.#groups.isTight,
    };
    this.#maintenance = new Maintenance(scope, options);
    this.#maintenance.start();
  }

  async createTopics(topics: readonly TopicConfig[]): Promise<void> {
    for (const config of topics) checkTopicConfig(config);
    const undo: (() => void)[] = [];
    const prepare = (group: CommitGroup) => {
      for (const config of topics) this.#checkConflict(config);
      for (const config of topics) undo.push(this.#createTopic(group, plainConfig(config)));
    };
    await this.#run(prepare, () => {
      for (const step of undo.reverse()) step();
    });
  }

  /** What it holds and may hold (retention works towards the quota), and how busy its writer is. */
  usage(): { usedBytes: number; quotaBytes: number | null; commits: number; commitQueue: number } {
    return {
      usedBytes: this.#usage.bytes,
      quotaBytes: Number.isFinite(this.#quotaBytes) ? this.#quotaBytes : null,
      commits: this.#groups.commits,
      commitQueue: this.#groups.waitingJobs,
    };
  }

  async describe(topics?: readonly string[]): Promise<readonly TopicDescription[]> {
    this.#assertOpen();
    const wanted = [...this.#topics.values()].filter(({ config }) => topics?.includes(config.name) ?? true);
    return wanted.map(({ config, partitions }) => ({
      ...config,
      bounds: partitions.map((partition) => this.#bounds(partition)),
      bytes: partitions.reduce((sum, partition) => sum + partition.bytes, 0),
    }));
  }

  async backlog(places: readonly OffsetPlace[]): Promise<readonly number[]> {
    this.#assertOpen();
    const wanted = places.map((place) => ({ ...place, of: this.#partition(place.topic, place.partition) }));
    this.#store.refresh();
    const backlog = wanted.map(({ group, of }) => {
      const { start, end } = this.#bounds(of);
      const committed = this.#store.get(groupKey(of.id, group));
      return end - Math.max(start, committed === undefined ? start : decodeNumber(committed));
    });
    this.#store.refresh();
    return backlog;
  }

  async acquire(owner: string): Promise<Ownership> {
    if (owner.length === 0 || Buffer.byteLength(owner) > NAME_BYTES_MAX) {
      throw new MsecError('CONFIG_INVALID', `an owner has 1 to ${NAME_BYTES_MAX} bytes`, { field: 'owner' });
    }
    this.#assertOpen();
    // From here on, also for what still waits; durable only so that a restart does not give the epoch out again.
    const epoch = (this.#owners.get(owner)?.epoch ?? 0) + 1;
    this.#owners.set(owner, { epoch, hasFailed: false });
    await this.#run((group) => group.batch.put(ownerKey(owner), encodeNumbers(epoch)));
    return { owner, epoch };
  }

  commit(transaction: Transaction): Promise<Committed> {
    let job: TransactionJob;
    try {
      this.#assertOpen();
      job = new TransactionJob(this.#scope, transaction);
      this.#admitToQueue(transaction, job.bytes);
    } catch (error) {
      this.#reject(transaction);
      return Promise.reject(error as Error);
    }
    this.#groups.submit(job);
    return job.committed;
  }

  openReader(): LogReader {
    this.#assertOpen();
    const forget = async () => void this.#readers.delete(reader);
    const reader = new EmbeddedReader(this.#store, this.#ends, this.#clock, forget);
    this.#readers.add(reader);
    return reader;
  }

  /** Waits for what was handed in; later calls fail with CLOSED, and so do this log's readers. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#maintenance.stop();
    await this.#groups.drain();
    for (const reader of [...this.#readers]) await reader.close();
    this.#ends.ring();
    await this.closeStore();
  }

  protected closeStore(): Promise<void> {
    return this.#store.close();
  }

  #load(): void {
    this.#store.refresh();
    const format = this.#store.get(factKey('format'));
    if (format !== undefined && decodeNumber(format) !== FORMAT) {
      throw new MsecError('CONFIG_INVALID', `the log has format ${decodeNumber(format)}, this msec reads ${FORMAT}`);
    }
    for (const key of [...this.#store.keys(OWNER_RANGE)]) {
      this.#owners.set(nameOf(key), { epoch: decodeNumber(this.#store.get(key)!), hasFailed: false });
    }
    for (const key of [...this.#store.keys(TOPIC_RANGE)])
      this.#addTopic(decodeJson(this.#store.get(key)!) as TopicRecord);
    const segments = Map.groupBy(this.#store.keys(SEGMENT_RANGE), partitionIdOf);
    for (const partition of this.#partitions) {
      partition.load(this.#store, segments.get(partition.id) ?? []);
      this.#ends.publishStart(partition.id, partition.start);
      this.#ends.publishEnd(partition.id, partition.end);
    }
    this.#store.refresh();
    this.#ends.ring();
  }

  #addTopic({ id, config }: TopicRecord): Topic {
    const partitions: Partition[] = [];
    for (let i = 0; i < config.partitions; i++) partitions.push(new Partition(id + i, i, config, this.#usage));
    const topic = { id, config, partitions };
    this.#topics.set(config.name, topic);
    for (const partition of partitions) this.#partitions[partition.id] = partition;
    return topic;
  }

  #checkConflict({ name, partitions, cleanup }: TopicConfig): void {
    const present = this.#topics.get(name)?.config;
    if (present === undefined) return;
    const field =
      present.partitions !== partitions ? 'partitions' : present.cleanup !== cleanup ? 'cleanup' : undefined;
    if (field === undefined) return;
    throw new MsecError('TOPIC_CONFLICT', `${name} has ${field} ${present[field]}`, { field });
  }

  /** In memory at once, for those who wait behind; the returned function takes it back should the commit fail. */
  #createTopic(group: CommitGroup, config: TopicConfig): () => void {
    const present = this.#topics.get(config.name);
    const id = present?.id ?? this.#partitions.length;
    if (id + config.partitions > PARTITIONS_MAX) {
      throw new MsecError('CONFIG_INVALID', `more than ${PARTITIONS_MAX} partitions`, { field: 'partitions' });
    }
    const topic = present === undefined ? this.#addTopic({ id, config }) : { ...present, config };
    this.#topics.set(config.name, topic);
    group.batch.put(factKey('format'), encodeNumbers(FORMAT));
    group.batch.put(topicKey(config.name), encodeJson({ id, config }));
    for (const partition of topic.partitions) {
      partition.config = config;
      group.touched.add(partition);
    }
    return () => {
      if (present === undefined) {
        this.#topics.delete(config.name);
        this.#partitions.length = Math.min(this.#partitions.length, id);
      } else {
        this.#topics.set(config.name, present);
        for (const partition of present.partitions) partition.config = present.config;
      }
    };
  }

  #append(partition: Partition, records: number, batchBytes: number): void {
    const { config } = partition;
    const limits: SegmentLimits = {
      bytesMax: Math.min(config.segmentBytes ?? this.#options.segmentBytes ?? 16 * 1024 * 1024, this.#openBytesMax()),
      ageMsMax:
        config.cleanup === 'compact'
          ? COMPACT_SEGMENT_MS
          : (config.retentionMs ?? Number.POSITIVE_INFINITY) * SEGMENT_AGE_SHARE,
    };
    if (partition.append(records, batchBytes, this.#clock.now(), limits)) this.#maintenance.hurry();
  }

  #openBytesMax(): number {
    return Math.max(SEGMENT_BYTES_MIN, (this.#quotaBytes * OPEN_SHARE) / this.#partitions.length);
  }

  #admitToQueue({ admission = 'internal' }: Transaction, bytes: number): void {
    const waitingBytesMax = this.#options.waitingBytesMax ?? 64 * 1024 * 1024;
    if (admission === 'internal' || this.#groups.waitingBytes + bytes <= waitingBytesMax) return;
    throw new MsecError('QUOTA_EXCEEDED', `${this.#groups.waitingBytes} bytes wait for the disk`);
  }

  #admit({ ownership, admission = 'internal' }: Transaction, bytes: number): void {
    if (ownership !== undefined) {
      const newest = this.#owners.get(ownership.owner);
      if (newest?.epoch !== ownership.epoch || newest.hasFailed) {
        const text = `${ownership.owner} epoch ${ownership.epoch}; the newest is ${newest?.epoch ?? 'none'}`;
        throw new MsecError('FENCED', newest?.epoch === ownership.epoch ? `${text}, and a transaction failed` : text);
      }
    }
    const bytesMax = admission === 'refusable' ? this.#quotaBytes * REFUSABLE_SHARE : this.#quotaBytes;
    if (bytes === 0 || this.#usage.bytes + bytes <= bytesMax) return;
    this.#maintenance.hurry();
    throw new MsecError('QUOTA_EXCEEDED', `${this.#usage.bytes} bytes are in use, ${bytes} more pass ${bytesMax}`);
  }

  #reject({ ownership }: Transaction): void {
    if (ownership === undefined) return;
    const newest = this.#owners.get(ownership.owner);
    if (newest?.epoch === ownership.epoch) newest.hasFailed = true;
  }

  #run(prepare: (group: CommitGroup) => void, undo: () => void = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const failed = (error: unknown) => {
        undo();
        reject(error as Error);
      };
      this.#groups.submit({ bytes: 0, prepare, done: resolve, failed });
    });
  }

  #seal(group: CommitGroup): void {
    for (const partition of group.touched) {
      partition.write(group.batch);
      if (partition.start > this.#ends.start(partition.id)) this.#ends.publishStart(partition.id, partition.start);
    }
  }

  #announce(group: CommitGroup): void {
    if (group.touched.size === 0) return;
    for (const partition of group.touched) this.#ends.publishEnd(partition.id, partition.end);
    this.#ends.ring();
  }

  #undo(group: CommitGroup): void {
    this.#store.refresh();
    for (const partition of group.touched) {
      const range = { from: segmentKey(partition.id, 0), to: segmentKey(partition.id + 1, 0) };
      partition.load(this.#store, this.#store.keys(range));
      this.#ends.publishStart(partition.id, partition.start);
    }
  }

  #partition(topic: string, partition: number): Partition {
    const found = this.#topics.get(topic)?.partitions[partition];
    if (found === undefined)
      throw new MsecError('TOPIC_UNKNOWN', `no partition ${topic}-${partition}`, { field: 'topic' });
    return found;
  }

  #bounds(partition: Partition): PartitionBounds {
    return { start: this.#ends.start(partition.id), end: this.#ends.end(partition.id) };
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new MsecError('CLOSED', 'the log is closed');
  }
}
