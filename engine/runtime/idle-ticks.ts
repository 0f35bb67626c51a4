/**
 * Keeps event time moving where no records come: a partition that has been filled from outside and then fell silent gets
 * a record without key and value, whose timestamp says how late it is. The tick lies in the log, so a replay closes the
 * same windows; it stops once every window must have closed, so that a silent night leaves no trace. Each partition is
 * told by the process that works on it, and by no other.
 */
import type { Clock, Timer } from '../base/index.ts';
import { BatchCursor, BatchEncoder } from '../batch/index.ts';
import type { Append, Log, LogReader } from '../log/index.ts';
import type { Plan } from '../topology/index.ts';

export interface IdleTickOptions {
  readonly everyMs: number;
  /** Ticks after the last record: `everyMs` times this must exceed the longest window with its grace and delays. */
  readonly ticksMax: number;
}

export const IDLE_TICK_OPTIONS: IdleTickOptions = { everyMs: 2_000, ticksMax: 60 };

interface Partition {
  readonly topic: string;
  readonly partition: number;
  /** -1: not looked at yet, or another process's meanwhile. */
  endSeen: number;
  ticks: number;
}

const NOTHING = new Uint8Array(0);

export class IdleTicks {
  readonly #log: Log;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  readonly #options: IdleTickOptions;
  readonly #partitions: readonly Partition[];
  readonly #isHere: (partition: number) => boolean;
  readonly #cursor = new BatchCursor();
  #timer: Timer | null = null;
  #round: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(log: Log, plan: Plan, clock: Clock, options: IdleTickOptions, isHere: (partition: number) => boolean) {
    this.#log = log;
    this.#isHere = isHere;
    this.#reader = log.openReader();
    this.#clock = clock;
    this.#options = options;
    const topics = new Set(
      plan.subtopologies.flatMap(({ sources }) =>
        sources
          // A letter that comes again belongs to the past; silence there says nothing about the time.
          .filter(({ topic, isResend }) => topic.external === true && topic.timeless !== true && !isResend)
          .map(({ topic }) => topic.name),
      ),
    );
    this.#partitions = [...topics].flatMap((topic) =>
      Array.from({ length: plan.partitions }, (_, partition) => ({ topic, partition, endSeen: -1, ticks: 0 })),
    );
  }

  start(): void {
    this.#timer = this.#clock.after(this.#options.everyMs, () => {
      // A log that refuses (full, closed) is told about elsewhere; the next round tries again.
      this.#round = this.#tick().catch(() => {});
      void this.#round.then(() => {
        if (!this.#isClosed) this.start();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#round;
    await this.#reader.close();
  }

  async #tick(): Promise<void> {
    const silent: Partition[] = [];
    for (const partition of this.#partitions) {
      if (!this.#isHere(partition.partition)) {
        partition.endSeen = -1;
        partition.ticks = 0;
      } else if (await this.#isSilent(partition)) silent.push(partition);
    }
    if (silent.length === 0) return;
    const now = this.#clock.now();
    const appends = silent.map(({ topic, partition }): Append => {
      const encoder = new BatchEncoder();
      encoder.append(now, NOTHING, -1, -1, NOTHING, -1, -1);
      return { topic, partition, bytes: encoder.finish() };
    });
    // Each by itself: they need not happen together, and Kafka ends a transaction of several with markers, which would
    // look like records that came.
    const committed = await Promise.all(
      appends.map((append) => this.#log.commit({ appends: [append], admission: 'refusable' })),
    );
    const baseOffsets = committed.map((each) => each.baseOffsets[0]);
    silent.forEach((partition, i) => {
      partition.ticks++;
      // A record that came in between has moved the end on, and counts as one at the next look.
      if (baseOffsets[i] === partition.endSeen) partition.endSeen++;
    });
  }

  async #isSilent(partition: Partition): Promise<boolean> {
    const { start, end } = await this.#reader.bounds(partition.topic, partition.partition);
    if (end === start) return false;
    // A tick is not to be read before the end of its transaction is in the partition, too.
    if (partition.ticks > 0 && end === partition.endSeen - 1) return false;
    if (end !== partition.endSeen && !(await this.#isOwnMarker(partition, end))) {
      partition.ticks = 0;
      partition.endSeen = end;
      return false;
    }
    partition.endSeen = end;
    return partition.ticks < this.#options.ticksMax;
  }

  /** Where the log writes the end of a transaction into its partitions (Kafka), a tick takes two offsets. */
  async #isOwnMarker({ topic, partition, endSeen, ticks }: Partition, end: number): Promise<boolean> {
    if (ticks === 0 || end !== endSeen + 1) return false;
    const fetched = await this.#reader.fetch(topic, partition, endSeen, 1);
    this.#cursor.reset(fetched.bytes, fetched.start, fetched.end);
    this.#cursor.seek(endSeen);
    return !this.#cursor.next() && this.#cursor.offsetNext === end;
  }
}
