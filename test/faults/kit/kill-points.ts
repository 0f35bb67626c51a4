/**
 * Named points of the log and threads ports at which the child process ends itself, as by kill -9. The product knows
 * nothing of them: they stand around its ports, in the tests' own child.
 */
import type {
  Append,
  Committed,
  FromWorker,
  GroupOffset,
  Log,
  LogReader,
  Ownership,
  Thread,
  ToWorker,
  Transaction,
  WorkerThreads,
} from '../../../engine/index.ts';

export const KILL_POINTS = [
  'topics.made',
  'acquire.before',
  'acquire.after',
  'append.before',
  'append.sent',
  'append.durable',
  'task.before',
  'task.sent',
  'task.durable',
  'worker.ready',
  'worker.assigned',
  'worker.answered',
  'drain.begun',
  'drain.done',
] as const;
/** On the wire to Kafka; see pointed-network.ts. */
export const WIRE_POINTS = ['init', 'produce', 'offsets', 'end'].flatMap((kind) =>
  (['before', 'sent', 'answered'] as const).map((moment) => `${kind}.${moment}` as WirePoint),
);
export type WirePoint = `${'init' | 'produce' | 'offsets' | 'end'}.${'before' | 'sent' | 'answered'}`;
export type KillPoint = (typeof KILL_POINTS)[number] | WirePoint;

/** `name:count` in MSEC_TEST_KILL: the process ends when it passes the point for the count-th time. */
export class KillPoints {
  readonly #name: string;
  #left: number;

  constructor(spec = process.env.MSEC_TEST_KILL ?? '') {
    const [name = '', count = '1'] = spec.split(':');
    this.#name = name;
    this.#left = Number(count);
  }

  pass(point: KillPoint): void {
    if (point === this.#name && --this.#left === 0) process.kill(process.pid, 'SIGKILL');
  }
}

export class PointedLog implements Log {
  readonly #log: Log;
  readonly #points: KillPoints;
  readonly #onOffsets: (offsets: readonly GroupOffset[]) => void;

  constructor(log: Log, points: KillPoints, onOffsets: (offsets: readonly GroupOffset[]) => void) {
    this.#log = log;
    this.#points = points;
    this.#onOffsets = onOffsets;
  }

  async createTopics(topics: Parameters<Log['createTopics']>[0]): Promise<void> {
    await this.#log.createTopics(topics);
    this.#points.pass('topics.made');
  }

  async acquire(owner: string): Promise<Ownership> {
    this.#points.pass('acquire.before');
    const ownership = await this.#log.acquire(owner);
    this.#points.pass('acquire.after');
    return ownership;
  }

  async commit(transaction: Transaction): Promise<Committed> {
    const who = transaction.ownership === undefined ? 'append' : 'task';
    this.#points.pass(`${who}.before`);
    const committing = this.#log.commit(transaction);
    this.#points.pass(`${who}.sent`);
    const committed = await committing;
    this.#points.pass(`${who}.durable`);
    this.#onOffsets(transaction.offsets ?? []);
    return committed;
  }

  describe(topics?: readonly string[]): ReturnType<Log['describe']> {
    return this.#log.describe(topics);
  }

  openReader(): LogReader {
    return this.#log.openReader();
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

/** Ends worker threads from outside, one now and then; the loader keeps pace with it, so that all of them hit work. */
export class Terminations {
  readonly #wanted: number;
  readonly #everyMs: number;
  readonly #threads = new Set<Thread<ToWorker, FromWorker>>();
  #next = 0;
  #done = 0;
  #timer: NodeJS.Timeout | null = null;
  #waiting: { readonly share: number; readonly resolve: () => void } | null = null;

  constructor(wanted: number, everyMs: number) {
    this.#wanted = wanted;
    this.#everyMs = everyMs;
  }

  /** `share`: how much of the stream has been sent, 0 to 1. Resolves when as large a share of the threads has ended. */
  keepPace(share: number): Promise<void> {
    if (this.#done >= Math.floor(share * this.#wanted)) return Promise.resolve();
    this.#timer ??= setInterval(() => this.#endOne(), this.#everyMs);
    return new Promise((resolve) => {
      this.#waiting = { share, resolve };
    });
  }

  watch(thread: Thread<ToWorker, FromWorker>): void {
    this.#threads.add(thread);
  }

  forget(thread: Thread<ToWorker, FromWorker>): void {
    this.#threads.delete(thread);
  }

  #endOne(): void {
    const threads = [...this.#threads];
    const thread = threads[this.#next++ % Math.max(threads.length, 1)];
    if (thread === undefined) return;
    this.#threads.delete(thread);
    void thread.terminate();
    this.#done++;
    if (this.#done >= this.#wanted && this.#timer !== null) clearInterval(this.#timer);
    const waiting = this.#waiting;
    if (waiting === null || this.#done < Math.floor(waiting.share * this.#wanted)) return;
    this.#waiting = null;
    waiting.resolve();
  }
}

/** Passes the points of threads, and hands those that work to whoever ends them. */
export function pointedThreads(inner: WorkerThreads, points: KillPoints, terminations: Terminations): WorkerThreads {
  return {
    start(name, init) {
      const thread = inner.start(name, init);
      return {
        post(message, transfer) {
          thread.post(message, transfer);
          if (message.kind === 'assign') points.pass('worker.assigned');
          if (message.kind === 'committed') points.pass('worker.answered');
        },
        onMessage: (handle) =>
          thread.onMessage((message) => {
            if (message.kind === 'ready') {
              points.pass('worker.ready');
              // Not before: Node does not survive the end of a thread that loads a native module.
              terminations.watch(thread);
            }
            handle(message);
          }),
        onEnd: (handle) =>
          thread.onEnd((end) => {
            terminations.forget(thread);
            handle(end);
          }),
        terminate: () => thread.terminate(),
      };
    },
  };
}

/** Resolves when the group has committed up to the ends, whatever the order. */
export class Progress {
  readonly #committed = new Map<number, number>();
  #wanted: { readonly ends: readonly number[]; readonly resolve: () => void } | null = null;
  readonly #topic: string;

  constructor(topic: string) {
    this.#topic = topic;
  }

  readonly take = (offsets: readonly GroupOffset[]): void => {
    for (const { topic, partition, offset } of offsets)
      if (topic === this.#topic) this.#committed.set(partition, offset);
    this.#look();
  };

  /** `before`: what was committed before this process began. */
  reached(ends: readonly number[], before: readonly (number | null)[]): Promise<void> {
    for (const [partition, offset] of before.entries())
      this.#committed.set(partition, Math.max(offset ?? 0, this.#committed.get(partition) ?? 0));
    return new Promise((resolve) => {
      this.#wanted = { ends, resolve };
      this.#look();
    });
  }

  #look(): void {
    if (this.#wanted?.ends.every((end, partition) => (this.#committed.get(partition) ?? 0) >= end))
      this.#wanted.resolve();
  }
}

export type Appends = readonly Append[];
