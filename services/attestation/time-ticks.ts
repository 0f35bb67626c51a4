/**
 * Keeps event time of attest.evidence moving, so that challenges go out and deadlines are noticed when nobody shows
 * anything: each partition gets a record without key and value, several times a second. It lies in the log like any
 * other record, so that a replay asks and doubts at the same places. Several processes may tell the time: it only grows.
 */
import { BatchEncoder, type Clock, type Log, type Timer } from '../../engine/index.ts';
import { ATTEST_EVIDENCE } from '../../schemas/topics/index.ts';

export const TICK_MS = 250;

const NOTHING = new Uint8Array(0);

export class TimeTicks {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #partitions: number;
  #timer: Timer | null = null;
  #round: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(log: Log, clock: Clock, partitions: number) {
    this.#log = log;
    this.#clock = clock;
    this.#partitions = partitions;
  }

  start(): void {
    this.#timer = this.#clock.after(TICK_MS, () => {
      // A log that refuses (full, closed) is told about elsewhere, and trust ends without a tick; the next round tries again.
      this.#round = this.#tick().catch(() => undefined);
      void this.#round.then(() => {
        if (!this.#isClosed) this.start();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#round;
  }

  async #tick(): Promise<void> {
    const now = this.#clock.now();
    const commits = Array.from({ length: this.#partitions }, (_, partition) => {
      const encoder = new BatchEncoder();
      encoder.append(now, NOTHING, -1, -1, NOTHING, -1, -1);
      const append = { topic: ATTEST_EVIDENCE, partition, bytes: encoder.finish() };
      return this.#log.commit({ appends: [append], admission: 'internal' });
    });
    await Promise.all(commits);
  }
}
