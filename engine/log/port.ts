/**
 * The log port: topics of record batches, and one atomic way to change anything. The embedded and the Kafka driver
 * implement it and pass the same suite (engine/testkit/log-suite.ts). Everything that moves is bytes in Kafka's
 * record-batch v2 layout; nothing here knows a record.
 */

/** `delete`: whole segments leave by age or size. `compact`: the newest record of each key stays; a null value ends it. */
export type Cleanup = 'delete' | 'compact';

export interface TopicConfig {
  /** 1 to 249 of [a-zA-Z0-9._-], as Kafka's. */
  readonly name: string;
  readonly partitions: number;
  readonly cleanup: Cleanup;
  /** Age after which a whole segment may go, by the newest append time in it; absent: kept for ever. */
  readonly retentionMs?: number;
  /** Size of one partition above which its oldest segments go; absent: no limit. */
  readonly retentionBytes?: number;
  /** A segment is the unit of retention. */
  readonly segmentBytes?: number;
  /**
   * Groups whose unread records retention may not drop. When the disk quota would force it, appends from outside
   * (`Transaction.admission` 'refusable') fail with QUOTA_EXCEEDED.
   */
  readonly requiredReaders?: readonly string[];
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionBounds {
  /** The first offset that can still be read. */
  readonly start: number;
  /** The next offset to be written (everything below it is committed and durable). */
  readonly end: number;
}

/**
 * Whole batches as the log holds them, the first of which contains the asked offset (so its first records may lie
 * below it). The view belongs to the reader and is valid until its next `fetch`; it must not be written or transferred.
 */
export interface FetchedBatches {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Equal to `start` when there is nothing yet at that offset. The last batch may be cut off (Kafka). */
  readonly end: number;
  readonly bounds: PartitionBounds;
}

export interface PartitionPosition extends TopicPartition {
  /** The next offset to be read. */
  readonly offset: number;
}

/** Reads only what is committed. One per thread; not to be shared. */
export interface LogReader {
  /** Fails with TOPIC_UNKNOWN, or OFFSET_OUT_OF_RANGE outside of [bounds.start, bounds.end]. */
  fetch(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedBatches>;
  bounds(topic: string, partition: number): Promise<PartitionBounds>;
  /** The group's committed next offset of each partition of the topic; null where there is none. */
  committed(group: string, topic: string): Promise<readonly (number | null)[]>;
  /** Resolves true when any of the positions has something to read, false after `timeoutMs` or close. */
  wait(positions: readonly PartitionPosition[], timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/** The proof of being the newest owner of a name; an older one's transactions fail with FENCED. */
export interface Ownership {
  readonly owner: string;
  readonly epoch: number;
}

export interface Append extends TopicPartition {
  /** One or more whole batches with base offsets counted from 0 each; the log writes the real ones in. Ownership passes. */
  readonly bytes: Uint8Array;
}

export interface GroupOffset extends PartitionPosition {
  readonly group: string;
}

/** Where an owner keeps the offsets that its transactions carry. */
export interface OffsetPlace extends TopicPartition {
  readonly group: string;
}

/** Everything below `before` may go at once (in whole batches), whatever the retention says: how changelogs shrink. */
export interface Truncation extends TopicPartition {
  readonly before: number;
}

/** All of it happens, durably, or nothing of it does. */
export interface Transaction {
  readonly ownership?: Ownership;
  readonly appends?: readonly Append[];
  readonly offsets?: readonly GroupOffset[];
  readonly truncations?: readonly Truncation[];
  /**
   * 'refusable' (what comes from outside) is the first to be refused when the quota is near; 'internal' (a task's
   * outputs) goes on to a higher mark, so that readers can catch up and free the space.
   */
  readonly admission?: 'refusable' | 'internal';
}

export interface Committed {
  /** The offset of the first record of each append, in order. */
  readonly baseOffsets: readonly number[];
  /** Memory of the appends that the log is done with: the caller's again, to be used for something else. */
  readonly spent?: readonly ArrayBufferLike[];
}

export interface TopicDescription extends TopicConfig {
  /** Names the topic for ever, where names may be used again: one that was made anew has another. */
  readonly identity?: string;
  readonly bounds: readonly PartitionBounds[];
  readonly bytes: number;
}

/** The control side of a log, in the thread that owns it. */
export interface Log {
  /** Makes the topics that do not exist; TOPIC_CONFLICT where one does with other partitions or cleanup. */
  createTopics(topics: readonly TopicConfig[]): Promise<void>;
  /** Of all topics, or of those that are named: one that does not exist is left out. */
  describe(topics?: readonly string[]): Promise<readonly TopicDescription[]>;
  /**
   * Takes the name over: every earlier ownership of it is fenced before this resolves. With `places`, all of which it has
   * offsets at, its transactions may share one with others of this process: then one of these that is refused ends all.
   */
  acquire(owner: string, places?: readonly OffsetPlace[]): Promise<Ownership>;
  /**
   * Nothing more is committed under it, so that whoever takes it over disturbs nobody else. Only to be kind: never
   * rejects, and whether it was called makes no other difference.
   */
  release?(ownership: Ownership): Promise<void>;
  /**
   * About how many records there are to read at each place, from its committed offset as it stands, decided or not. To
   * spread work by, and for nothing else: no position may follow from it. TOPIC_UNKNOWN, DEPENDENCY_DOWN, CLOSED.
   */
  backlog?(places: readonly OffsetPlace[]): Promise<readonly number[]>;
  /**
   * Resolves once durable. Transactions of one caller commit in the order of the calls; when one of an ownership
   * fails, all later ones of the same ownership fail with FENCED. TOPIC_UNKNOWN, FENCED, QUOTA_EXCEEDED, CLOSED.
   */
  commit(transaction: Transaction): Promise<Committed>;
  openReader(): LogReader;
  close(): Promise<void>;
}

/** The part of the engine that works on partitions, as a `PartitionShare` sees it. */
export interface ShareHolder {
  /**
   * The whole set of partitions that this process may work on; called whenever it changes, never two at a time. A
   * partition is given up when this has resolved and no earlier: then all its tasks have committed and ended.
   */
  change(partitions: readonly number[]): Promise<void>;
  /**
   * Every partition may be someone else's already: what runs is dropped without a commit, which would only be fenced.
   * May be called at any time, also while a change is pending, which then resolves. `because` is a sentence.
   */
  lost(because: string): void;
}

/**
 * Which partitions this process may work on, where several share a log. It spreads the work and no more: that nobody
 * commits for what is another's is the affair of `acquire` and of the ownership that stands in each transaction.
 */
export interface PartitionShare {
  /** Resolves once this process is a member, with or without a partition. Rejects where it cannot become one. */
  start(holder: ShareHolder): Promise<void>;
  /** Leaves, so that the others need not wait for a session to end. To be called when no task runs any more. */
  close(): Promise<void>;
}
