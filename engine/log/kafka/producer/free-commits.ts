/**
 * Commits that nobody owns: bridges and services of this process. One batch goes out idempotently, with others of its
 * kind; what has several parts is a transaction under an id that only this process has, so that it fences nobody; offsets
 * alone are one request. A transaction waits for what was handed in before it, and holds up what comes after.
 */
import { MsecError } from '../../../base/index.ts';
import type { Committed, GroupOffset, Transaction } from '../../port.ts';
import { byTopic } from '../by-topic.ts';
import { answerError, NO_ERROR } from '../client/index.ts';
import { offsetCommit } from '../protocol/index.ts';
import { IdempotentProducer } from './idempotent-producer.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { baseOffsetsOf, checkPlaces, type OutBatch, outBatches } from './out-batches.ts';
import { Transactor } from './transactor.ts';

/** Commits that may wait. */
const QUEUED_MAX = 1024;

export interface FreeCommitsOptions extends Omit<LaneOptions, 'purpose'> {
  /** Unique to this process. */
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
}

export class FreeCommits {
  readonly #options: FreeCommitsOptions;
  readonly #plainLane: Lane;
  readonly #lane: Lane;
  readonly #producer: IdempotentProducer;
  /** Null until it is first needed, and after each failure. */
  #transactor: Transactor | null = null;
  #exclusive: Promise<unknown> = Promise.resolve();
  readonly #shared = new Set<Promise<unknown>>();
  #pending = 0;

  constructor(options: FreeCommitsOptions) {
    this.#options = options;
    this.#plainLane = new Lane({ ...options, purpose: 'append' });
    this.#lane = new Lane({ ...options, purpose: 'transaction' });
    this.#producer = new IdempotentProducer(this.#plainLane);
  }

  async commit(transaction: Transaction): Promise<Committed> {
    if (this.#pending >= QUEUED_MAX) {
      throw new MsecError('DEPENDENCY_DOWN', `${QUEUED_MAX} commits wait for Kafka`);
    }
    this.#pending++;
    try {
      const { appends = [], offsets = [], truncations = [] } = transaction;
      const batches = outBatches(appends);
      const [batch, ...others] = batches;
      const isOne = batch !== undefined && others.length === 0 && offsets.length === 0 && truncations.length === 0;
      if (isOne) return await this.#appendOne(batch);
      const commitNow = () => this.#commitNow(transaction, batches);
      const done = Promise.all([this.#exclusive, ...this.#shared]).then(commitNow, commitNow);
      this.#exclusive = done.catch(() => {});
      return await done;
    } finally {
      this.#pending--;
    }
  }

  /** Aborts what was left open under the id, also by another process. */
  async takeId(): Promise<void> {
    await this.#exclusive.then(() => this.#takeTransactor());
  }

  async close(): Promise<void> {
    this.#plainLane.end();
    this.#lane.end();
    await Promise.all([this.#exclusive, ...this.#shared]);
  }

  async #appendOne(batch: OutBatch): Promise<Committed> {
    const done = this.#exclusive.then(() => this.#producer.append(batch));
    const settled = done.then(
      () => {},
      () => {},
    );
    this.#shared.add(settled);
    try {
      return { baseOffsets: [await done] };
    } finally {
      this.#shared.delete(settled);
    }
  }

  async #commitNow(transaction: Transaction, batches: readonly OutBatch[]): Promise<Committed> {
    const { appends = [], offsets = [] } = transaction;
    await checkPlaces(this.#lane.cluster, transaction);
    const [first, ...others] = [...Map.groupBy(offsets, ({ group }) => group)];
    if (batches.length > 0 || others.length > 0) await this.#transact(batches, offsets);
    else if (first !== undefined) await this.#storeOffsets(...first);
    return { baseOffsets: baseOffsetsOf(appends, batches) };
  }

  /** What was written and not ended is aborted by taking the id anew, and may then be written again. */
  async #transact(batches: readonly OutBatch[], offsets: readonly GroupOffset[]): Promise<void> {
    const patience = this.#lane.patience();
    for (;;) {
      const transactor = await this.#takeTransactor();
      try {
        await transactor.write(batches, offsets);
      } catch (error) {
        this.#transactor = null;
        await transactor.abort();
        const canPass = error instanceof MsecError && (error.code === 'DEPENDENCY_DOWN' || error.code === 'FENCED');
        if (!canPass) throw error;
        // Nobody else knows the id: it is its time limit that passed, or an answer that never came.
        await patience.pause(new MsecError('DEPENDENCY_DOWN', error.message, { cause: error }));
        continue;
      }
      try {
        await transactor.end(true);
        return;
      } catch (error) {
        this.#transactor = null;
        if (!(error instanceof MsecError)) throw error;
        throw new MsecError('DEPENDENCY_DOWN', `whether it is committed is not known: ${error.message}`, {
          cause: error,
        });
      }
    }
  }

  async #takeTransactor(): Promise<Transactor> {
    if (this.#transactor !== null) return this.#transactor;
    const { transactionalId, transactionTimeoutMs } = this.#options;
    const transactor = new Transactor({ lane: this.#lane, transactionalId, transactionTimeoutMs });
    await transactor.init();
    this.#transactor = transactor;
    return transactor;
  }

  async #storeOffsets(groupId: string, offsets: readonly GroupOffset[]): Promise<void> {
    const topics = byTopic(offsets).map(({ topic: name, items }) => ({
      name,
      partitions: items.map(({ partition: partitionIndex, offset: committedOffset }) => ({
        partitionIndex,
        committedOffset,
        committedMetadata: null,
      })),
    }));
    const { cluster } = this.#lane;
    await cluster.retry(async () => {
      const connection = await cluster.connection(await cluster.groupCoordinator(groupId));
      // Topic ids (v10) save nothing here.
      const answer = await connection.request(offsetCommit, { groupId, memberId: '', topics }, { versionMax: 9 });
      for (const { partitions } of answer.topics) {
        for (const { errorCode } of partitions) {
          if (errorCode !== NO_ERROR) throw answerError(errorCode, `OffsetCommit of group ${groupId}`);
        }
      }
    });
  }
}
