/**
 * Keeps event time moving where no records come: a partition that has been filled from outside and then fell silent gets
 * a record without key and value, whose timestamp says how late it is. The tick lies in the log, so a replay closes the
 * same windows; it stops once every window must have closed, so that a silent night leaves no trace.
 */
import type { Clock, Timer } from '../base/index.ts';
import { BatchEncoder } from '../batch/index.ts';
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
  #timer: Timer | null = null;
  #round: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(log: Log, plan: Plan, clock: Clock, options: IdleTickOptions) {
    this.#log = log;
    this.#reader = log.openReader();
    this.#clock = clock;
    this.#options = options;
    const topics = new Set(
      plan.subtopologies.flatMap(({ sources }) =>
        sources
          // A letter that comes again belongs to the past; silence there says nothing about the time.
          .filter(({ topic, isResend }) => topic.external === true && !isResend)
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
      const { start, end } = await this.#reader.bounds(partition.topic, partition.partition);
      if (end === start) continue;
      if (end !== partition.endSeen) {
        partition.ticks = 0;
        partition.endSeen = end;
      } else if (partition.ticks < this.#options.ticksMax) silent.push(partition);
    }
    if (silent.length === 0) return;
    const now = this.#clock.now();
    const appends = silent.map(({ topic, partition }): Append => {
      const encoder = new BatchEncoder();
      encoder.append(now, NOTHING, -1, -1, NOTHING, -1, -1);
      return { topic, partition, bytes: encoder.finish() };
    });
    const { baseOffsets } = await this.#log.commit({ appends, admission: 'refusable' });
    silent.forEach((partition, i) => {
      partition.ticks++;
      // A record that came in between has moved the end on, and counts as one at the next look.
      if (baseOffsets[i] === partition.endSeen) partition.endSeen++;
    });
  }
}
