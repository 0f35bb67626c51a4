/**
 * The way to the log: commits arrive late, those of different owners in another order than they were sent, so that one
 * may arrive after the take-over of its task. Those of one ownership keep their order, as the port demands.
 */
import { MsecError, type Random } from '../base/index.ts';
import type {
  Committed,
  Log,
  LogReader,
  OffsetPlace,
  Ownership,
  TopicConfig,
  TopicDescription,
  Transaction,
} from '../log/index.ts';
import type { FaultBoard } from './fault-board.ts';
import type { Life, Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

/** Keeps two events of one channel apart. */
export const APART_MS = 1e-6;

export interface SimulatedLogSetup {
  readonly log: Log;
  readonly life: Life;
  /** What was sent arrives as long as this lives: the process's own life, or where the log is elsewhere, the world's. */
  readonly wire: Life;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly board: FaultBoard;
  readonly trace: Trace;
  readonly commitMsMax: number;
  crash(): void;
}

export class SimulatedLog implements Log {
  readonly #setup: SimulatedLogSetup;
  readonly #arrivals = new Map<string, number>();

  constructor(setup: SimulatedLogSetup) {
    this.#setup = setup;
  }

  createTopics(topics: readonly TopicConfig[]): Promise<void> {
    return this.#setup.life.gate(this.#setup.log.createTopics(topics));
  }

  describe(topics?: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#setup.life.gate(this.#setup.log.describe(topics));
  }

  acquire(owner: string, places?: readonly OffsetPlace[]): Promise<Ownership> {
    const { board, crash, life, log } = this.#setup;
    if (board.reach('acquire', owner) !== null) {
      crash();
      return new Promise(() => {});
    }
    return life.gate(log.acquire(owner, places));
  }

  async release(ownership: Ownership): Promise<void> {
    const { life, log } = this.#setup;
    await life.gate(log.release?.(ownership) ?? Promise.resolve());
  }

  backlog(places: readonly OffsetPlace[]): Promise<readonly number[]> {
    const { life, log } = this.#setup;
    return life.gate(log.backlog?.(places) ?? Promise.resolve([]));
  }

  commit(transaction: Transaction): Promise<Committed> {
    const { timeline, life, wire, log, random, trace, commitMsMax } = this.#setup;
    const { ownership } = transaction;
    const sender = ownership === undefined ? 'nobody' : `${ownership.owner} ${ownership.epoch}`;
    const committed = new Promise<Committed>((resolve, reject) => {
      const now = timeline.elapsedMs;
      const drawn = now + (random.u32() / 2 ** 32) * commitMsMax;
      const at = Math.max(drawn, (this.#arrivals.get(sender) ?? 0) + APART_MS);
      this.#arrivals.set(sender, at);
      timeline.after(at - now, wire, () => {
        log.commit(transaction).then(resolve, (thrown: Error) => {
          const code = thrown instanceof MsecError ? thrown.code : 'ACTOR_FAILED';
          trace.add(`refused-${code}`, () => `${sender}: ${thrown.message}`);
          reject(thrown);
        });
      });
    });
    return life.gate(committed);
  }

  openReader(): LogReader {
    return this.#setup.log.openReader();
  }

  close(): Promise<void> {
    return this.#setup.log.close();
  }
}
