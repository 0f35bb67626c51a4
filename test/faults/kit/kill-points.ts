/**
 * Named points of the log and threads ports at which the child process ends itself, as by kill -9, or stands still, as by
 * kill -STOP. The product knows nothing of them: they stand around its ports, in the tests' own child.
 */
import { writeSync } from 'node:fs';
import type {
  Committed,
  FromWorker,
  Log,
  LogReader,
  OffsetPlace,
  Ownership,
  Thread,
  ToWorker,
  Transaction,
  WorkerThreads,
} from '../../../engine/index.ts';
import { DEVICE_READINGS } from '../../../schemas/topics/index.ts';

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
  'readings.before',
  'worker.ready',
  'worker.assigned',
  'worker.answered',
  'drain.begun',
  'drain.done',
] as const;
/** On the wire to Kafka; see pointed-network.ts. */
export const WIRE_POINTS = ['init', 'produce', 'offsets', 'end', 'beat'].flatMap((kind) =>
  (['before', 'sent', 'answered'] as const).map((moment) => `${kind}.${moment}` as WirePoint),
);
export type WirePoint = `${'init' | 'produce' | 'offsets' | 'end' | 'beat'}.${'before' | 'sent' | 'answered'}`;
export type KillPoint = (typeof KILL_POINTS)[number] | WirePoint;

/**
 * `name:count` in MSEC_TEST_KILL: the process ends when it passes the point for the count-th time. With `:stop` behind it
 * says `stopped` and stands still there.
 */
export class KillPoints {
  readonly #name: string;
  readonly #stops: boolean;
  #left: number;

  constructor(spec = process.env.MSEC_TEST_KILL ?? '') {
    const [name = '', count = '1', how] = spec.split(':');
    this.#name = name;
    this.#stops = how === 'stop';
    this.#left = Number(count);
  }

  pass(point: KillPoint): void {
    if (point !== this.#name || --this.#left !== 0) return;
    if (this.#stops) writeSync(1, 'stopped\n');
    process.kill(process.pid, this.#stops ? 'SIGSTOP' : 'SIGKILL');
  }
}

export class PointedLog implements Log {
  readonly #log: Log;
  readonly #points: KillPoints;

  constructor(log: Log, points: KillPoints) {
    this.#log = log;
    this.#points = points;
  }

  async createTopics(topics: Parameters<Log['createTopics']>[0]): Promise<void> {
    await this.#log.createTopics(topics);
    this.#points.pass('topics.made');
  }

  async acquire(...asked: Parameters<Log['acquire']>): Promise<Ownership> {
    this.#points.pass('acquire.before');
    const ownership = await this.#log.acquire(...asked);
    this.#points.pass('acquire.after');
    return ownership;
  }

  async release(ownership: Ownership): Promise<void> {
    await this.#log.release?.(ownership);
  }

  async backlog(places: readonly OffsetPlace[]): Promise<readonly number[]> {
    return (await this.#log.backlog?.(places)) ?? [];
  }

  async commit(transaction: Transaction): Promise<Committed> {
    const who = transaction.ownership === undefined ? 'append' : 'task';
    this.#points.pass(`${who}.before`);
    if (transaction.appends?.some(({ topic }) => topic === DEVICE_READINGS)) this.#points.pass('readings.before');
    const committing = this.#log.commit(transaction);
    this.#points.pass(`${who}.sent`);
    const committed = await committing;
    this.#points.pass(`${who}.durable`);
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
