/**
 * One transaction on its way through a group commit: checked when it is handed in, given its offsets when its group is
 * prepared. All of its changes are made in `prepare` after its last check, so that it happens as a whole or not at all.
 */

import { MsecError } from '../../base/index.ts';
import { type BatchSpan, batchSpans, rewriteBaseOffsets } from '../../batch/index.ts';
import type { Append, Committed, Transaction } from '../port.ts';
import type { CommitGroup, Job } from './group-commit.ts';
import { batchKey, batchRange, encodeNumbers, groupKey, NAME_BYTES_MAX, offsetOf } from './keys.ts';
import type { Partition } from './partition.ts';
import type { Store } from './store.ts';

/** What a transaction needs of its log. */
export interface TransactionScope {
  readonly store: Store;
  /** TOPIC_UNKNOWN. */
  partition(topic: string, partition: number): Partition;
  /** FENCED, QUOTA_EXCEEDED. */
  admit(transaction: Transaction, bytes: number): void;
  append(partition: Partition, records: number, batchBytes: number): void;
  /** The transaction failed, and with it all later ones of its ownership. */
  reject(transaction: Transaction): void;
  readonly batchBytesMax: number;
}

interface CheckedAppend {
  readonly partition: Partition;
  readonly bytes: Uint8Array;
  readonly spans: readonly BatchSpan[];
}

export class TransactionJob implements Job {
  readonly bytes: number;
  readonly committed: Promise<Committed>;
  readonly #scope: TransactionScope;
  readonly #transaction: Transaction;
  readonly #appends: readonly CheckedAppend[];
  readonly #baseOffsets: number[] = [];
  readonly #settle = Promise.withResolvers<Committed>();

  /** TOPIC_UNKNOWN, BATCH_CORRUPT, BATCH_TOO_LARGE, OFFSET_OUT_OF_RANGE. */
  constructor(scope: TransactionScope, transaction: Transaction) {
    const { appends = [], offsets = [], truncations = [] } = transaction;
    this.#scope = scope;
    this.#transaction = transaction;
    this.committed = this.#settle.promise;
    this.#appends = appends.map((append) => checkAppend(scope, append));
    for (const { topic, partition, group, offset } of offsets) {
      scope.partition(topic, partition);
      checkOffset(offset);
      if (group.length === 0 || Buffer.byteLength(group) > NAME_BYTES_MAX) {
        throw new MsecError('CONFIG_INVALID', `a group's name has 1 to ${NAME_BYTES_MAX} bytes`, { field: 'group' });
      }
    }
    for (const { topic, partition, before } of truncations) {
      scope.partition(topic, partition);
      checkOffset(before);
    }
    this.bytes = appends.reduce((sum, append) => sum + append.bytes.length, 0);
  }

  prepare(group: CommitGroup): void {
    const { appends, offsets = [], truncations = [] } = this.#transaction;
    this.#scope.admit(this.#transaction, appends === undefined ? 0 : this.bytes);
    // A topic whose creation failed meanwhile is gone again.
    for (const { partition } of this.#appends) this.#scope.partition(partition.topic, partition.partition);
    for (const append of this.#appends) this.#append(group, append);
    for (const { topic, partition, group: name, offset } of offsets) {
      group.batch.put(groupKey(this.#scope.partition(topic, partition).id, name), encodeNumbers(offset));
    }
    for (const { topic, partition, before } of truncations) {
      const target = this.#scope.partition(topic, partition);
      target.truncate(this.#batchBaseAt(target, before));
      group.touched.add(target);
    }
  }

  #append(group: CommitGroup, { partition, bytes, spans }: CheckedAppend): void {
    this.#baseOffsets.push(partition.end);
    rewriteBaseOffsets(bytes, partition.end);
    for (const span of spans) {
      const base = partition.end;
      group.batch.put(batchKey(partition.id, base), bytes.subarray(span.start, span.end));
      this.#scope.append(partition, span.lastOffset - span.baseOffset + 1, span.end - span.start);
    }
    group.touched.add(partition);
  }

  /** Whole batches go: the base of the one that holds the offset. What this group appends is not yet in the store. */
  #batchBaseAt(partition: Partition, before: number): number {
    if (before >= partition.end) return partition.end;
    if (before <= partition.start) return partition.start;
    const range = { ...batchRange(partition.id, partition.start, before + 1), reverse: true, limit: 1 };
    for (const key of this.#scope.store.keys(range)) return offsetOf(key);
    return partition.start;
  }

  done(): void {
    const spent = this.#appends.map(({ bytes }) => bytes.buffer);
    this.#settle.resolve({ baseOffsets: this.#baseOffsets, spent });
  }

  failed(error: unknown): void {
    this.#scope.reject(this.#transaction);
    this.#settle.reject(error as Error);
  }
}

function checkAppend(scope: TransactionScope, append: Append): CheckedAppend {
  const { bytes } = append;
  const partition = scope.partition(append.topic, append.partition);
  const spans: BatchSpan[] = [];
  let end = 0;
  for (const span of batchSpans(bytes)) {
    const batchBytes = span.end - span.start;
    if (batchBytes > scope.batchBytesMax) {
      const text = `a batch of ${batchBytes} bytes; the log takes ${scope.batchBytesMax}`;
      throw new MsecError('BATCH_TOO_LARGE', text, { field: 'batchLength', byteOffset: span.start });
    }
    if (span.recordCount < 1 || span.recordCount > span.lastOffset - span.baseOffset + 1) {
      const text = `a batch of ${span.recordCount} records`;
      throw new MsecError('BATCH_CORRUPT', text, { field: 'recordCount', byteOffset: span.start });
    }
    spans.push(span);
    end = span.end;
  }
  if (spans.length === 0 || end !== bytes.length) {
    throw new MsecError('BATCH_CORRUPT', 'not whole batches', { field: 'batchLength', byteOffset: end });
  }
  return { partition, bytes, spans };
}

function checkOffset(offset: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0) return;
  throw new MsecError('OFFSET_OUT_OF_RANGE', `${offset} is no offset`, { field: 'offset' });
}
