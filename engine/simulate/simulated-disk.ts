/**
 * The disk: what was committed is durable only after a while, now and then much later, now and then it is full. When the
 * process dies, the commit on its way has reached the disk or it has not; nobody is told.
 */
import { MsecError, type Random, randomBelow } from '../base/index.ts';
import { MemoryDisk, MemoryStore, type WriteBatch } from '../log/index.ts';
import type { FaultBoard } from './fault-board.ts';
import type { DiskTrouble, FaultPlan } from './faults.ts';
import type { Life, Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

const SLOW_MS = 400;
const FULL_ANSWER_MS = 1;

export class SimulatedDisk {
  readonly #disk = new MemoryDisk();
  readonly #plan: FaultPlan;
  readonly #random: Random;
  readonly #timeline: Timeline;
  readonly #board: FaultBoard;
  readonly #trace: Trace;
  #onItsWay: WriteBatch | null = null;
  #store: MemoryStore | null = null;
  #trouble: DiskTrouble | null = null;

  constructor(plan: FaultPlan, random: Random, timeline: Timeline, board: FaultBoard, trace: Trace) {
    this.#plan = plan;
    this.#random = random;
    this.#timeline = timeline;
    this.#board = board;
    this.#trace = trace;
  }

  trouble(trouble: DiskTrouble | null): void {
    this.#trouble = trouble;
  }

  /** The store of a process that has just started. `crash` ends that process. */
  open(life: Life, crash: () => void): MemoryStore {
    this.#onItsWay = null;
    this.#store = new MemoryStore(this.#disk, (batch) => this.#flush(batch, life, crash));
    return this.#store;
  }

  /** A store that reads what is there now, and at once. */
  peek(): MemoryStore {
    return new MemoryStore(this.#disk);
  }

  /** The power goes. */
  crash(): void {
    if (this.#onItsWay !== null && randomBelow(this.#random, 2) === 0) {
      this.#disk.apply(this.#onItsWay);
      this.#trace.add('flushed', () => 'the commit on its way had reached the disk');
    }
    this.#onItsWay = null;
    this.#store?.crash();
  }

  async #flush(batch: WriteBatch, life: Life, crash: () => void): Promise<void> {
    if (this.#trouble === 'full') {
      await this.#timeline.pause(FULL_ANSWER_MS, life);
      this.#trace.add('disk-full', () => `${batch.byteLength} bytes refused`);
      throw new MsecError('QUOTA_EXCEEDED', 'the disk is full');
    }
    this.#onItsWay = batch;
    if (this.#board.reach('store-before', `${batch.keys.length} keys`) !== null) {
      crash();
      return;
    }
    const ms = (this.#random.u32() / 2 ** 32) * this.#plan.diskMsMax + (this.#trouble === 'slow' ? SLOW_MS : 0);
    await this.#timeline.pause(ms, life);
    if (this.#board.reach('store-durable', `${batch.keys.length} keys`) !== null) {
      this.#disk.apply(batch);
      this.#onItsWay = null;
      crash();
      return;
    }
    this.#onItsWay = null;
  }
}
