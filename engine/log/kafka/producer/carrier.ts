/**
 * One transaction for whatever the tasks of a process have ready: each costs a broker the same, whatever is in it, and at
 * a commit every few milliseconds eight tasks would ask for hundreds a second. A carrier is some transactional ids in
 * rotation, as an owner is; who rides it has announced so before, durably (see announcement.ts), so that a later owner
 * fences the carrier, too. After the first failure it carries nothing any more, and nobody on board is committed by it.
 */
import { type Clock, MsecError } from '../../../base/index.ts';
import type { Lane } from './lane.ts';
import type { OutBatch } from './out-batches.ts';
import { type AnnouncedOffset, Transactor } from './transactor.ts';

/** One is written, one is ended, and the markers of the third are on their way. */
const IDS = [0, 1, 2] as const;
/** How long the first to come waits for those who rode last time. */
const GATHER_MS = 3;
/** Of a transaction: beyond it the next begins. */
const BYTES_MAX = 1024 * 1024;

export interface CarrierOptions {
  readonly name: string;
  readonly lane: Lane;
  readonly clock: Clock;
  readonly transactionTimeoutMs: number;
  /** Told when a transaction has failed. */
  readonly onFailed: () => void;
}

export type CarrierIds = Pick<CarrierOptions, 'name' | 'lane' | 'transactionTimeoutMs'>;

export interface CarrierItem {
  readonly batches: readonly OutBatch[];
  readonly offsets: readonly AnnouncedOffset[];
  readonly bytes: number;
}

interface Waiting extends CarrierItem {
  readonly rider: object;
  readonly done: () => void;
  readonly failed: (error: MsecError) => void;
}

const DONE = Promise.resolve();

export class Carrier {
  readonly name: string;
  readonly #lane: Lane;
  readonly #clock: Clock;
  readonly #transactors: readonly Transactor[];
  readonly #onFailed: () => void;
  /** When the last transaction of each id is over. */
  readonly #free: Promise<void>[] = IDS.map(() => DONE);
  #queue: Waiting[] = [];
  #lastRiders: ReadonlySet<object> = new Set();
  #next = 0;
  #written = DONE;
  #ended = DONE;
  #isWaiting = false;
  #leave: (() => void) | null = null;
  #failure: MsecError | null = null;
  #underWay = 0;
  #isRetired = false;
  #departing = DONE;

  private constructor({ name, lane, clock, onFailed }: CarrierOptions, transactors: readonly Transactor[]) {
    this.name = name;
    this.#lane = lane;
    this.#clock = clock;
    this.#onFailed = onFailed;
    this.#transactors = transactors;
  }

  /** Fences every earlier holder of the name; resolves when its transactions are over. */
  static async take(options: CarrierOptions): Promise<Carrier> {
    const transactors = transactorsOf(options);
    await Promise.all(transactors.map((transactor) => transactor.init()));
    return new Carrier(options, transactors);
  }

  /** The holder of the name, in whatever process, commits nothing by it any more; see `take`. */
  static async fence(options: CarrierIds): Promise<void> {
    await Promise.all(transactorsOf(options).map((transactor) => transactor.init()));
  }

  /** Whoever finds it so goes by itself. */
  get isOver(): boolean {
    return this.#failure !== null || this.#isRetired;
  }

  /** Resolves once committed. Transactions of one rider keep the order of the calls. FENCED, DEPENDENCY_DOWN. */
  commit(rider: object, item: CarrierItem): Promise<void> {
    return new Promise((done, failed) => {
      if (this.#failure !== null) {
        failed(sharedFailure(this.#failure));
        return;
      }
      this.#queue.push({ ...item, rider, done, failed });
      this.#look();
    });
  }

  /** What waits of that rider is not committed any more. */
  drop(rider: object): void {
    const dropped = this.#queue.filter((waiting) => waiting.rider === rider);
    this.#queue = this.#queue.filter((waiting) => waiting.rider !== rider);
    for (const { failed } of dropped) failed(new MsecError('FENCED', 'its task has a newer owner'));
  }

  /** Nothing is committed any more but what is being ended. */
  #fail(because: MsecError): void {
    if (this.#failure !== null) return;
    this.#failure = because;
    for (const { failed } of this.#queue.splice(0)) failed(sharedFailure(because));
    this.#leave?.();
    if (this.#underWay === 0) this.#lane.closeConnections();
  }

  /** Nothing is tried again from now on. */
  close(): void {
    this.#lane.end();
    this.#fail(new MsecError('FENCED', 'the log is being closed'));
  }

  /** What was handed in goes, and nothing after it; resolves when all of it has its answer. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    while (this.#isWaiting || this.#underWay > 0 || this.#queue.length > 0) {
      await this.#departing;
      await this.#ended;
    }
    this.#fail(new MsecError('FENCED', 'its carrier was given up'));
  }

  #look(): void {
    if (this.#queue.length === 0 || this.#failure !== null) return;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#departing = this.#depart();
    } else if (this.#isFull()) this.#leave?.();
  }

  #isFull(): boolean {
    const riders = new Set(this.#queue.map(({ rider }) => rider));
    return [...this.#lastRiders].every((rider) => riders.has(rider));
  }

  /** Waits for its turn and for the others, then takes whoever is there. */
  async #depart(): Promise<void> {
    const id = this.#next;
    const before = { written: this.#written, ended: this.#ended };
    const gathered = this.#gather();
    await Promise.all([this.#free[id], before.written, gathered]);
    this.#isWaiting = false;
    const items = this.#board();
    if (items.length === 0) return;
    this.#next = (id + 1) % IDS.length;
    const written = Promise.withResolvers<void>();
    const over = this.#carry(this.#transactors[id]!, items, written.resolve, before.ended);
    this.#written = written.promise;
    this.#ended = over;
    this.#free[id] = over;
    this.#look();
  }

  #gather(): Promise<void> {
    if (this.#isFull()) return DONE;
    return new Promise((resolve) => {
      const timer = this.#clock.after(GATHER_MS, () => this.#leave?.());
      this.#leave = () => {
        timer.cancel();
        this.#leave = null;
        resolve();
      };
    });
  }

  /** The first of each rider, as many as there is room for, in the order in which they came. */
  #board(): Waiting[] {
    if (this.#failure !== null) return [];
    const items: Waiting[] = [];
    const riders = new Set<object>();
    let bytes = 0;
    for (const waiting of this.#queue) {
      if (riders.has(waiting.rider)) continue;
      if (items.length > 0 && bytes + waiting.bytes > BYTES_MAX) break;
      riders.add(waiting.rider);
      items.push(waiting);
      bytes += waiting.bytes;
    }
    this.#queue = this.#queue.filter((waiting) => !items.includes(waiting));
    this.#lastRiders = riders;
    return items;
  }

  /** Never rejects. */
  async #carry(
    transactor: Transactor,
    items: readonly Waiting[],
    written: () => void,
    beforeEnded: Promise<void>,
  ): Promise<void> {
    this.#underWay++;
    try {
      await transactor.write(
        items.flatMap(({ batches }) => batches),
        items.flatMap(({ offsets }) => offsets),
      );
      written();
      await beforeEnded;
      if (this.#failure !== null) throw this.#failure;
      await transactor.end(true);
      for (const { done } of items) done();
    } catch (thrown) {
      const error =
        thrown instanceof MsecError ? thrown : new MsecError('ASSERTION_FAILED', String(thrown), { cause: thrown });
      this.#onFailed();
      this.#fail(error);
      written();
      await beforeEnded;
      await transactor.abort();
      for (const { failed } of items) failed(sharedFailure(error));
    } finally {
      this.#underWay--;
      if (this.#failure !== null && this.#underWay === 0) this.#lane.closeConnections();
    }
  }
}

function transactorsOf({ name, lane, transactionTimeoutMs }: CarrierIds): Transactor[] {
  return IDS.map((id) => new Transactor({ lane, transactionalId: `${name}-${id}`, transactionTimeoutMs }));
}

function sharedFailure(error: MsecError): MsecError {
  return new MsecError(error.code, `a transaction that it shared with other tasks failed: ${error.message}`, {
    cause: error,
  });
}
