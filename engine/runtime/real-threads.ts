/** The threads port over node:worker_threads. */
import { MessageChannel, type MessagePort, Worker as NodeThread } from 'node:worker_threads';
import { type CopyAnswer, type CopyRequest, serveCopies } from './remote-copies.ts';
import type { ChangelogNames, LocalState } from './task-snapshots.ts';
import type { Thread, ThreadEnd, ThreadPort, Threads } from './threads.ts';

export interface RealThreadsOptions {
  /** Module that every thread runs. */
  readonly entry: URL;
  /** What all threads are given, beside their own initial data; must be clonable. */
  readonly shared: unknown;
  readonly heapMegabytesMax: number;
  /** Where tasks keep copies of their state; absent where the log itself is on the local disk. */
  readonly localState?: LocalState;
}

/** What a thread finds as its data. */
export interface ThreadData<Shared, Init> {
  readonly shared: Shared;
  readonly init: Init;
  readonly local: LocalCopies | null;
}

/** A thread's way to the copies of state. */
export interface LocalCopies {
  readonly port: MessagePort;
  readonly changelogs: ChangelogNames;
}

/**
 * A semi-space of 2 MB instead of V8's 16: next to nothing that a record allocates outlives it, so that more room only
 * fills memory and the processor's cache. And what fills a heap then ends its thread, where a single collection of a
 * large young generation can overrun the limit and end the process.
 */
const YOUNG_MEGABYTES_MAX = 6;

export function realThreads<Init, Out, In>({
  entry,
  shared,
  heapMegabytesMax,
  localState,
}: RealThreadsOptions): Threads<Init, Out, In> {
  return {
    start(name, init): Thread<Out, In> {
      const local = localState === undefined ? null : openCopies(localState);
      const workerData: ThreadData<unknown, Init> = { shared, init, local };
      const thread = new NodeThread(entry, {
        name,
        workerData,
        transferList: local === null ? [] : [local.port],
        resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax, maxYoungGenerationSizeMb: YOUNG_MEGABYTES_MAX },
      });
      let end: ThreadEnd = { kind: 'ended' };
      thread.on('error', (error: Error & { code?: string }) => {
        end = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { kind: 'heap' } : { kind: 'failed', message: error.message };
      });
      return {
        ...threadPort<Out, In>(thread),
        onEnd: (handle) => void thread.once('exit', () => handle(end)),
        async terminate() {
          await thread.terminate();
        },
      };
    },
  };
}

/** The channel ends with its thread. */
function openCopies({ copies, changelogs }: LocalState): LocalCopies {
  const { port1, port2 } = new MessageChannel();
  serveCopies(threadPort<CopyAnswer, CopyRequest>(port1), copies);
  return { port: port2, changelogs };
}

export function threadPort<Out, In>(port: MessagePort | NodeThread): ThreadPort<Out, In> {
  return {
    post: (message, transfer) => port.postMessage(message, transfer ?? []),
    onMessage: (handle) => void port.on('message', handle),
  };
}
