/**
 * One ownership: two transactional ids in rotation, because a broker holds the next transaction of one id back until
 * the markers of the last are written. A transaction is written while the end of the one before is under way, but its
 * own end is asked for only after that end was answered: so what is committed is always a beginning of what was handed
 * in, whenever this process dies. After the first failure nothing is committed any more.
 */
import { MsecError } from '../../../base/index.ts';
import type { Committed, Ownership, Transaction } from '../../port.ts';
import type { Lane } from './lane.ts';
import { baseOffsetsOf, checkPlaces, outBatches } from './out-batches.ts';
import { Transactor } from './transactor.ts';

/** Commits that may wait. */
const QUEUED_MAX = 1024;
const IDS = [0, 1] as const;

export interface OwnerOptions {
  readonly owner: string;
  readonly applicationId: string;
  readonly lane: Lane;
  readonly transactionTimeoutMs: number;
  /** Its epoch is above this one. */
  readonly epochAbove: number;
}

interface Stages {
  /** Everything but its end is written, or it has failed. */
  readonly written: Promise<void>;
  /** It is committed, or has failed. */
  readonly ended: Promise<void>;
}

const NOTHING: Stages = { written: Promise.resolve(), ended: Promise.resolve() };

export class Owner {
  readonly ownership: Ownership;
  readonly isV2: boolean;
  readonly #lane: Lane;
  readonly #transactors: readonly Transactor[];
  #next = 0;
  #before = NOTHING;
  #beforeThat = NOTHING;
  #pending = 0;
  #isDead = false;

  private constructor(ownership: Ownership, lane: Lane, transactors: readonly Transactor[]) {
    this.ownership = ownership;
    this.isV2 = transactors.every(({ isV2 }) => isV2);
    this.#lane = lane;
    this.#transactors = transactors;
  }

  /** Fences every earlier owner of the name, in whatever process; resolves when the last transaction of it is over. */
  static async acquire(options: OwnerOptions): Promise<Owner> {
    const { owner, applicationId, lane, transactionTimeoutMs, epochAbove } = options;
    const transactors = IDS.map(
      (id) => new Transactor({ lane, transactionalId: `${applicationId}-${owner}-${id}`, transactionTimeoutMs }),
    );
    await Promise.all(transactors.map((transactor) => transactor.init()));
    const { producerId, producerEpoch } = transactors[0]!.identity;
    const epoch = Math.max(producerId * 2 ** 15 + producerEpoch, epochAbove + 1);
    return new Owner({ owner, epoch }, lane, transactors);
  }

  /** In the order of the calls; see Log.commit. */
  async commit(transaction: Transaction): Promise<Committed> {
    this.#assertAlive();
    if (this.#pending >= QUEUED_MAX) {
      this.#isDead = true;
      throw new MsecError('DEPENDENCY_DOWN', `${QUEUED_MAX} commits wait for Kafka`);
    }
    const transactor = this.#transactors[this.#next]!;
    this.#next = 1 - this.#next;
    const [before, beforeThat] = [this.#before, this.#beforeThat];
    const written = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.#beforeThat = before;
    this.#before = { written: written.promise, ended: ended.promise };
    this.#pending++;
    try {
      // The id is free again once its own last transaction has ended, and partitions keep the order of transactions.
      await beforeThat.ended;
      await before.written;
      this.#assertAlive();
      const { appends = [], offsets = [] } = transaction;
      await checkPlaces(this.#lane.cluster, transaction);
      const batches = outBatches(appends);
      await transactor.write(batches, offsets);
      written.resolve();
      await before.ended;
      this.#assertAlive();
      await transactor.end(true);
      return { baseOffsets: baseOffsetsOf(appends, batches) };
    } catch (error) {
      this.#isDead = true;
      written.resolve();
      await before.ended;
      await transactor.abort();
      throw error;
    } finally {
      ended.resolve();
      this.#pending--;
      if (this.#isDead && this.#pending === 0) this.#lane.closeConnections();
    }
  }

  /** A newer owner comes, or the log is closed: nothing is committed any more but what is being ended. */
  fence(): void {
    this.#isDead = true;
    this.#lane.end();
    if (this.#pending === 0) this.#lane.closeConnections();
  }

  /** Resolves when everything that was handed in has its answer. */
  async idle(): Promise<void> {
    await this.#before.ended;
  }

  #assertAlive(): void {
    if (!this.#isDead) return;
    throw new MsecError('FENCED', `'${this.ownership.owner}' has a newer owner, or an earlier commit of it failed`);
  }
}
