/**
 * Frees what may go: whole segments by age, size and quota, the batches of what was dropped, and in compacted topics
 * what newer records replace. All of it in bounded steps that go through the log's group commit like any transaction,
 * so that no step holds up the others' commits for long, and each is atomic.
 */
import { type Clock, MsecError, type Timer } from '../../base/index.ts';
import { Compaction } from './compaction.ts';
import type { CommitGroup } from './group-commit.ts';
import { batchRange, decodeNumber, groupKey, offsetOf } from './keys.ts';
import type { Partition, Segment, Usage } from './partition.ts';
import type { Store } from './store.ts';

export interface MaintenanceOptions {
  /** How often to look. Default 1,000. */
  readonly maintenanceMs?: number;
  /** Of what the log may hold; absent: no limit. */
  readonly quotaBytes?: number;
  /** Age after which a compacted topic forgets that a key was deleted. Default 24 hours. */
  readonly tombstoneMs?: number;
}

export interface MaintenanceScope {
  readonly store: Store;
  readonly clock: Clock;
  readonly usage: Usage;
  readonly partitions: readonly Partition[];
  /** Runs a step in the next group commit; resolves when it is durable. */
  readonly runJob: (prepare: (group: CommitGroup) => void) => Promise<void>;
  /** The last commit with data failed for want of space. */
  readonly isDiskFull: () => boolean;
}

/** Removing one costs a microsecond or two in the writer, whatever its size. */
const REMOVED_BATCHES_MAX = 1_000;
/** From this part of the quota on, segments that everybody has read go before their time. */
const PRESSURE_SHARE = 0.8;
/** After a failed step (a full disk), nothing is gained by trying at once. */
const HURRY_MS = 5;

export class Maintenance {
  readonly #scope: MaintenanceScope;
  readonly #intervalMs: number;
  readonly #quotaBytes: number;
  readonly #tombstoneMs: number;
  #timer: Timer | undefined;
  #isRunning = false;
  #isStopped = false;
  #isHurried = false;
  readonly #corrupt = new Set<Partition>();
  #restedAt = Number.NEGATIVE_INFINITY;

  constructor(scope: MaintenanceScope, options: MaintenanceOptions) {
    this.#scope = scope;
    this.#intervalMs = options.maintenanceMs ?? 1_000;
    this.#quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY;
    this.#tombstoneMs = options.tombstoneMs ?? 24 * 3_600_000;
  }

  start(): void {
    this.#arm(this.#intervalMs);
  }

  /** A segment was closed, or space is short: look soon. */
  hurry(): void {
    if (this.#isHurried || this.#isStopped) return;
    this.#isHurried = true;
    if (!this.#isRunning) this.#arm(HURRY_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#scope.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#isRunning = true;
    this.#isHurried = false;
    this.#restStore();
    let hasFailed = false;
    try {
      await this.#free();
    } catch (error) {
      // A full disk: tried again at the next look. A log that was closed or has failed says so to its callers.
      hasFailed = true;
      if (!(error instanceof MsecError && (error.retriable || error.code === 'CLOSED'))) throw error;
    }
    this.#isRunning = false;
    if (!this.#isStopped) this.#arm(this.#isHurried && !hasFailed ? HURRY_MS : this.#intervalMs);
  }

  /** No more often than when there is nothing to hurry for. */
  #restStore(): void {
    const now = this.#scope.clock.monotonic();
    if (now - this.#restedAt < this.#intervalMs) return;
    this.#restedAt = now;
    this.#scope.store.rest();
  }

  async #free(): Promise<void> {
    const { partitions } = this.#scope;
    for (const partition of [...partitions]) {
      if (this.#isStopped) return;
      const offset = this.#retentionOffset(partition);
      if (offset > partition.start) await this.#drop(partition, offset);
      await this.#removeGarbage(partition);
    }
    await this.#relievePressure();
    for (const partition of [...partitions]) {
      if (partition.config.cleanup === 'compact') await this.#compact(partition);
    }
    if (this.#scope.isDiskFull()) await this.#ageFreePages();
  }

  /**
   * LMDB uses a page again two commits after the one that freed it. On a full disk no append gets through to be one of
   * the two, so they are made here.
   */
  async #ageFreePages(): Promise<void> {
    const partition = this.#scope.partitions[0];
    for (let i = 0; i < 2 && partition !== undefined; i++) {
      await this.#scope.runJob((group) => group.touched.add(partition));
    }
  }

  /** Where the partition may start by age and size. Only segments that its required readers have read count. */
  #retentionOffset(partition: Partition): number {
    const { cleanup, retentionMs, retentionBytes } = partition.config;
    if (cleanup !== 'delete' || (retentionMs === undefined && retentionBytes === undefined)) return partition.start;
    const oldestMs = this.#scope.clock.now() - (retentionMs ?? Number.POSITIVE_INFINITY);
    const readTo = this.#readTo(partition);
    const open = partition.segments.at(-1);
    let { start, bytes } = partition;
    for (const segment of partition.segments) {
      const isOld = segment.appendedMs < oldestMs;
      const isTooMuch = segment !== open && retentionBytes !== undefined && bytes - segment.bytes >= retentionBytes;
      if ((!isOld && !isTooMuch) || segment.end > readTo) break;
      start = segment.end;
      bytes -= segment.bytes;
    }
    return start;
  }

  /** What every required reader of the partition has read; without any, everything. */
  #readTo(partition: Partition): number {
    const { store } = this.#scope;
    store.refresh();
    let readTo = partition.end;
    for (const group of partition.config.requiredReaders ?? []) {
      const bytes = store.get(groupKey(partition.id, group));
      readTo = Math.min(readTo, bytes === undefined ? 0 : decodeNumber(bytes));
    }
    store.refresh();
    return readTo;
  }

  async #drop(partition: Partition, offset: number): Promise<void> {
    await this.#scope.runJob((group) => {
      partition.truncate(Math.min(offset, partition.end));
      group.touched.add(partition);
    });
  }

  async #removeGarbage(partition: Partition): Promise<void> {
    while (partition.garbageFrom < partition.start && !this.#isStopped) {
      await this.#scope.runJob((group) => {
        const range = batchRange(partition.id, partition.garbageFrom, partition.start);
        const keys = [...this.#scope.store.keys({ ...range, limit: REMOVED_BATCHES_MAX })];
        for (const key of keys) group.batch.delete(key);
        const last = keys.at(-1);
        const isRest = last === undefined || keys.length < REMOVED_BATCHES_MAX;
        partition.collect(isRest ? partition.start : offsetOf(last) + 1);
        group.touched.add(partition);
      });
    }
  }

  /**
   * Near the quota the oldest closed segments go first, of topics that are not kept for ever: those with a retention,
   * or with required readers, all of whom have read them.
   */
  async #relievePressure(): Promise<void> {
    const { usage } = this.#scope;
    while (usage.bytes > this.#quotaBytes * PRESSURE_SHARE && !this.#isStopped) {
      const oldest = this.#oldestExpendable();
      if (oldest === undefined) return;
      await this.#drop(oldest.partition, oldest.segment.end);
      await this.#removeGarbage(oldest.partition);
    }
  }

  #oldestExpendable(): { partition: Partition; segment: Segment } | undefined {
    let oldest: { partition: Partition; segment: Segment } | undefined;
    for (const partition of this.#scope.partitions) {
      const { cleanup, retentionMs, retentionBytes, requiredReaders = [] } = partition.config;
      const isKept = retentionMs === undefined && retentionBytes === undefined && requiredReaders.length === 0;
      const segment = partition.segments[0];
      if (cleanup !== 'delete' || isKept || segment === undefined || partition.segments.length < 2) continue;
      if (oldest !== undefined && segment.appendedMs >= oldest.segment.appendedMs) continue;
      if (segment.end <= this.#readTo(partition)) oldest = { partition, segment };
    }
    return oldest;
  }

  async #compact(partition: Partition): Promise<void> {
    if (this.#corrupt.has(partition)) return;
    const readTo = this.#readTo(partition);
    const compaction = Compaction.of(partition, this.#scope.store, {
      tombstonesBeforeMs: this.#scope.clock.now() - this.#tombstoneMs,
      readTo,
    });
    try {
      while (compaction !== undefined && !compaction.isDone && !this.#isStopped) {
        await this.#scope.runJob((group) => compaction.step(group));
      }
    } catch (error) {
      // Its readers meet the corrupt batch and say so; the other partitions go on.
      if (!(error instanceof MsecError && error.code === 'BATCH_CORRUPT')) throw error;
      this.#corrupt.add(partition);
    }
  }
}
