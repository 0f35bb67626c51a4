/** A worker of the engine alone in this thread, its commits answered at once: no store, no broker, no other thread. */
import {
  type FromWorker,
  type LogReader,
  type Plan,
  systemClock,
  systemRandom,
  type TaskOptions,
  type ToWorker,
  type Transaction,
  Worker,
  WorkerPosition,
} from '../../engine/index.ts';

export interface LoneWorkerOptions {
  readonly plan: Plan;
  readonly options: TaskOptions;
  openReader(): LogReader;
  /** Tasks of the plan's first part, from partition 0 on. Default 1. */
  readonly tasks?: number;
  onCommit?(transaction: Transaction): void;
}

/** It goes on waiting for records until the process exits. */
export function startLoneWorker({ plan, options, openReader, tasks = 1, onCommit }: LoneWorkerOptions): void {
  let send: (message: ToWorker) => void = () => {};
  const port = {
    post(message: FromWorker) {
      if (message.kind !== 'commit') return;
      const { id, transaction } = message;
      onCommit?.(transaction);
      const baseOffsets = (transaction.appends ?? []).map(() => 0);
      queueMicrotask(() => send({ kind: 'committed', id, committed: { baseOffsets } }));
    },
    onMessage(handle: (message: ToWorker) => void) {
      send = handle;
    },
  };
  const worker = new Worker(port, {
    ...{ plan, options, openReader, clock: systemClock, random: systemRandom, position: new WorkerPosition() },
    reportIntervalMs: 60_000,
    health: () => ({ heapBytes: 0, heapBytesMax: 0, eventLoopDelayMs: 0 }),
  });
  worker.start();
  for (let partition = 0; partition < tasks; partition++) {
    const ownership = { owner: `bench-${partition}`, epoch: 1 };
    const task = { slot: partition + 1, subtopology: plan.subtopologies[0]!.name, partition, ownership };
    send({ kind: 'assign', ...task, condemned: [], doubtful: [] });
  }
}

/** The plan's first part with this source alone: its other topics are empty here. */
export function withSource(plan: Plan, topic: string): Plan {
  const [first] = plan.subtopologies;
  return { ...plan, subtopologies: [{ ...first!, sources: first!.sources.filter((one) => one.topic.name === topic) }] };
}
