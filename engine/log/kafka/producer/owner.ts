/**
 * One ownership: two transactional ids in rotation, because a broker holds the next transaction of one id back until
 * the markers of the last are written. A transaction is written while the end of the one before is under way, but its
 * own end is asked for only after that end was answered: so what is committed is always a beginning of what was handed
 * in, whenever this process dies. After the first failure nothing is committed any more. Who commits often and little
 * rides the carrier of its process (carrier.ts), once a transaction of its own ids has said so beside its offsets.
 */
import { MsecError } from '../../../base/index.ts';
import type { Committed, GroupOffset, OffsetPlace, Ownership, Transaction } from '../../port.ts';
import { announcementOf } from './announcement.ts';
import type { Carrier } from './carrier.ts';
import type { Carrying } from './carrying.ts';
import type { Lane } from './lane.ts';
import { baseOffsetsOf, checkPlaces, outBatches } from './out-batches.ts';
import { type AnnouncedOffset, Transactor } from './transactor.ts';

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
  /** Where it keeps its offsets; none: it never rides. */
  readonly places: readonly OffsetPlace[];
  readonly carrying: Carrying;
  /** What the last owner in this process rode. */
  readonly rode: Carrier | null;
}

interface Stages {
  /** By what it is committed; null: by the owner's own ids. */
  readonly carrier: Carrier | null;
  /** Everything but its end is written, or is the carrier's to write; or it has failed. */
  readonly written: Promise<void>;
  /** It is committed, or has failed. */
  readonly ended: Promise<void>;
}

const NOTHING: Stages = { carrier: null, written: Promise.resolve(), ended: Promise.resolve() };

export class Owner {
  readonly ownership: Ownership;
  readonly isV2: boolean;
  readonly #lane: Lane;
  readonly #transactors: readonly Transactor[];
  readonly #places: readonly OffsetPlace[];
  readonly #carrying: Carrying;
  /** Rises from owner to owner, in whatever process. */
  readonly #epoch: number;
  #next = 0;
  #before = NOTHING;
  #beforeThat = NOTHING;
  #pending = 0;
  #isDead = false;
  /**
   * What it rides as soon as one of its own transactions, begun under this carrier, has been committed: which proves that
   * it is the owner still, and that the next one will look there.
   */
  #announced: Carrier | null = null;
  #ride: Carrier | null = null;
  /** What it rode last, and what it has said of it. */
  #rode: Carrier | null = null;
  #told: string | null = null;
  /** Commits in a row that would have done well to share one. */
  #quick = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  readonly #offsets = new Map<string, GroupOffset>();

  private constructor(
    ownership: Ownership,
    transactors: readonly Transactor[],
    { lane, places, carrying }: OwnerOptions,
  ) {
    this.ownership = ownership;
    this.isV2 = transactors.every(({ isV2 }) => isV2);
    this.#lane = lane;
    this.#transactors = transactors;
    this.#places = places;
    this.#carrying = carrying;
    this.#epoch = ownership.epoch;
  }

  /** Fences every earlier owner of the name, in whatever process; resolves when the last transaction of it is over. */
  static async acquire(options: OwnerOptions): Promise<Owner> {
    const { owner, applicationId, lane, transactionTimeoutMs, epochAbove, places, carrying, rode } = options;
    const transactors = IDS.map(
      (id) => new Transactor({ lane, transactionalId: `${applicationId}-${owner}-${id}`, transactionTimeoutMs }),
    );
    await Promise.all(transactors.map((transactor) => transactor.init()));
    // In this order: an earlier owner cannot announce a carrier any more once its ids are taken.
    const announced = await carrying.fence(places, rode, lane);
    // Producer ids need not rise: brokers hand them out from blocks of their own.
    const epoch = Math.max(epochOf(transactors), epochAbove + 1, announced + 1);
    return new Owner({ owner, epoch }, transactors, options);
  }

  get rode(): Carrier | null {
    return this.#rode;
  }

  /** In the order of the calls; see Log.commit. */
  async commit(transaction: Transaction): Promise<Committed> {
    this.#assertAlive();
    if (this.#pending >= QUEUED_MAX) {
      this.#isDead = true;
      throw new MsecError('DEPENDENCY_DOWN', `${QUEUED_MAX} commits wait for Kafka`);
    }
    const { appends = [], offsets = [] } = transaction;
    const bytes = appends.reduce((sum, append) => sum + append.bytes.length, 0);
    this.#lookForRide(bytes);
    const carrier = bytes <= this.#carrying.policy.bytesMax ? this.#ride : null;
    const announced = this.#announced;
    const [before, beforeThat] = [this.#before, this.#beforeThat];
    const written = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.#beforeThat = before;
    this.#before = { carrier, written: written.promise, ended: ended.promise };
    this.#pending++;
    let transactor: Transactor | null = null;
    try {
      // The id is free again once its own last transaction has ended, and partitions keep the order of transactions.
      if (before.carrier !== carrier) await before.ended;
      else if (carrier === null) await beforeThat.ended;
      await before.written;
      this.#assertAlive();
      await checkPlaces(this.#lane.cluster, transaction);
      const batches = outBatches(appends);
      const told = this.#tell(offsets, this.#told);
      if (carrier !== null) {
        this.#assertAlive();
        this.#rode = carrier;
        const carried = carrier.commit(this, { batches, offsets: told, bytes });
        written.resolve();
        await carried;
      } else {
        transactor = this.#transactors[this.#next]!;
        this.#next = 1 - this.#next;
        await transactor.write(batches, told);
        written.resolve();
        await before.ended;
        this.#assertAlive();
        await transactor.end(true);
      }
      this.#committed(offsets, announced);
      // Every batch was answered, so that nothing of it waits to be sent any more, or to be sent again.
      return { baseOffsets: baseOffsetsOf(appends, batches), spent: appends.map(({ bytes }) => bytes.buffer) };
    } catch (error) {
      this.#isDead = true;
      this.#carrying.withdraw(this);
      written.resolve();
      await before.ended;
      await transactor?.abort();
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
    this.#carrying.withdraw(this);
    this.#lane.end();
    this.#ride?.drop(this);
    if (this.#pending === 0) this.#lane.closeConnections();
  }

  /** Says that no carrier commits for it any more, so that its next owner need not fence one that others ride. */
  async release(): Promise<void> {
    if (this.#isDead) return;
    await this.idle();
    if (!this.#isDead && this.#told !== null) {
      this.#isDead = true;
      const transactor = this.#transactors[this.#next]!;
      try {
        if (this.#rode !== null) await this.#carrying.renew(this.#rode);
        await transactor.write([], this.#tell([...this.#offsets.values()], null));
        await transactor.end(true);
      } catch (error) {
        if (!(error instanceof MsecError)) throw error;
        await transactor.abort();
      }
    }
    this.fence();
  }

  /** Resolves when everything that was handed in has its answer. */
  async idle(): Promise<void> {
    await this.#before.ended;
  }

  #lookForRide(bytes: number): void {
    if (this.#places.length === 0) return;
    // Where something of its own was on board of a failure, this owner is dead, or about to be.
    if (this.#announced?.isOver === true) {
      this.#announced = null;
      this.#ride = null;
    }
    const { policy, clock } = this.#carrying;
    const now = clock.monotonic();
    const isQuick = bytes <= policy.bytesMax && now - this.#lastAt <= policy.withinMs;
    this.#lastAt = now;
    this.#quick = isQuick ? this.#quick + 1 : 0;
    if (this.#announced !== null) return;
    if (this.#quick >= policy.commits) this.#announced = this.#carrying.offer(this);
    else this.#carrying.withdraw(this);
    this.#told ??= this.#announced?.name ?? null;
  }

  #tell(offsets: readonly GroupOffset[], carrier: string | null): readonly AnnouncedOffset[] {
    if (this.#places.length === 0) return offsets;
    const metadata = announcementOf(this.#epoch, carrier);
    return offsets.map((offset) => ({ ...offset, metadata }));
  }

  #committed(offsets: readonly GroupOffset[], announced: Carrier | null): void {
    if (this.#places.length === 0) return;
    for (const offset of offsets) this.#offsets.set(`${offset.group} ${offset.topic} ${offset.partition}`, offset);
    if (announced === null || announced !== this.#announced) return;
    const isSeen = offsets.some(({ group, topic, partition }) =>
      this.#places.some((place) => place.group === group && place.topic === topic && place.partition === partition),
    );
    if (isSeen) this.#ride = announced;
  }

  #assertAlive(): void {
    if (!this.#isDead) return;
    throw new MsecError('FENCED', `'${this.ownership.owner}' has a newer owner, or an earlier commit of it failed`);
  }
}

function epochOf([first]: readonly Transactor[]): number {
  const { producerId, producerEpoch } = first!.identity;
  return producerId * 2 ** 15 + producerEpoch;
}
