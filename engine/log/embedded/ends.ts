/**
 * What is readable, told by the writer to readers: start and end of each partition, and a bell. Beside the store it is
 * all that a reader needs. Three ways: shared memory between threads, plain memory for the simulator, and asking the
 * store again for other processes.
 */
import { type Clock, MsecError } from '../../base/index.ts';
import { decodePartition, type PartitionRecord, partitionKey } from './keys.ts';
import type { Store } from './store.ts';

export interface Ends {
  /** The first readable offset of the partition with this id. */
  start(partitionId: number): number;
  /** Every offset below it is committed and durable, and found by a snapshot that is taken after this call. */
  end(partitionId: number): number;
  /**
   * Calls `wake` after each change of any partition, perhaps for nothing, until the returned function is called.
   * Subscribe before looking at the ends: a change that comes after the look is then never missed.
   */
  subscribe(wake: () => void): () => void;
}

/** The writer's side. */
export interface PublishedEnds extends Ends {
  /**
   * A start is published before the commit that deletes what lies below it, so that a reader that misses a batch and
   * looks again learns why; an end after the commit that wrote it.
   */
  publishStart(partitionId: number, start: number): void;
  publishEnd(partitionId: number, end: number): void;
  /** Wakes those who wait. */
  ring(): void;
}

/** 16 bytes each; memory that is never touched is never backed. */
export const PARTITIONS_MAX = 65_536;
const HEADER_BYTES = 16;

/**
 * Shared memory: u32 bell, padding to 16 bytes, then for each partition id start i64, end i64.
 *
 * Order of reads and writes: the writer stores an end (sequentially consistent), then adds one to the bell, then
 * notifies. A reader loads the bell, then the ends; it sleeps only while the bell still has that value, so a change
 * after its look at the ends is never slept through. Each number is one atomic 64-bit word: no reader sees half of one.
 */
export class SharedEnds implements PublishedEnds {
  readonly memory: SharedArrayBuffer;
  readonly #bell: Int32Array;
  readonly #offsets: BigInt64Array;
  readonly #wakes = new Set<() => void>();
  /** One sleeper for all subscribers: one that is forgotten could not be withdrawn. */
  #isAsleep = false;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + PARTITIONS_MAX * 16)) {
    this.memory = memory;
    this.#bell = new Int32Array(memory, 0, 1);
    this.#offsets = new BigInt64Array(memory, HEADER_BYTES);
  }

  start(partitionId: number): number {
    return Number(Atomics.load(this.#offsets, partitionId * 2));
  }

  end(partitionId: number): number {
    return Number(Atomics.load(this.#offsets, partitionId * 2 + 1));
  }

  subscribe(wake: () => void): () => void {
    this.#wakes.add(wake);
    this.#sleep();
    return () => this.#wakes.delete(wake);
  }

  #sleep(): void {
    if (this.#isAsleep || this.#wakes.size === 0) return;
    this.#isAsleep = true;
    const sleep = Atomics.waitAsync(this.#bell, 0, Atomics.load(this.#bell, 0));
    const woken = () => {
      this.#isAsleep = false;
      // The next sleep begins before anybody looks at the ends.
      this.#sleep();
      for (const wake of [...this.#wakes]) wake();
    };
    if (sleep.async) void sleep.value.then(woken);
    else queueMicrotask(woken);
  }

  publishStart(partitionId: number, start: number): void {
    Atomics.store(this.#offsets, slotOf(partitionId), BigInt(start));
  }

  publishEnd(partitionId: number, end: number): void {
    Atomics.store(this.#offsets, slotOf(partitionId) + 1, BigInt(end));
  }

  ring(): void {
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }
}

function slotOf(partitionId: number): number {
  if (partitionId >= PARTITIONS_MAX) {
    throw new MsecError('CONFIG_INVALID', `more than ${PARTITIONS_MAX} partitions`, { field: 'partitions' });
  }
  return partitionId * 2;
}

/** Another process's: asks the store each time, and again every `pollMs`. */
export class PolledEnds implements Ends {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #pollMs: number;

  constructor(store: Store, clock: Clock, pollMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#pollMs = pollMs;
  }

  start(partitionId: number): number {
    return this.#record(partitionId).start;
  }

  end(partitionId: number): number {
    return this.#record(partitionId).end;
  }

  subscribe(wake: () => void): () => void {
    let timer = this.#clock.after(this.#pollMs, poll);
    const clock = this.#clock;
    const pollMs = this.#pollMs;
    function poll() {
      timer = clock.after(pollMs, poll);
      wake();
    }
    return () => timer.cancel();
  }

  #record(partitionId: number): PartitionRecord {
    this.#store.refresh();
    const bytes = this.#store.get(partitionKey(partitionId));
    if (bytes === undefined) throw new MsecError('TOPIC_UNKNOWN', `no partition has the id ${partitionId}`);
    return decodePartition(bytes);
  }
}

/** Within one thread, and without it: the simulator's. */
export class LocalEnds implements PublishedEnds {
  readonly #starts = new Map<number, number>();
  readonly #ends = new Map<number, number>();
  readonly #wakes = new Set<() => void>();

  start(partitionId: number): number {
    return this.#starts.get(partitionId) ?? 0;
  }

  end(partitionId: number): number {
    return this.#ends.get(partitionId) ?? 0;
  }

  subscribe(wake: () => void): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  publishStart(partitionId: number, start: number): void {
    this.#starts.set(partitionId, start);
  }

  publishEnd(partitionId: number, end: number): void {
    this.#ends.set(partitionId, end);
  }

  ring(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
