/** The threads port over node:worker_threads. */
import { Worker as NodeThread } from 'node:worker_threads';
import type { Thread, ThreadEnd, Threads } from './threads.ts';

export interface RealThreadsOptions {
  /** Module that every thread runs. */
  readonly entry: URL;
  /** What all threads are given, beside their own initial data; must be clonable. */
  readonly shared: unknown;
  readonly heapMegabytesMax: number;
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
}: RealThreadsOptions): Threads<Init, Out, In> {
  return {
    start(name, init): Thread<Out, In> {
      const thread = new NodeThread(entry, {
        name,
        workerData: { shared, init },
        resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax, maxYoungGenerationSizeMb: YOUNG_MEGABYTES_MAX },
      });
      let end: ThreadEnd = { kind: 'ended' };
      thread.on('error', (error: Error & { code?: string }) => {
        end = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { kind: 'heap' } : { kind: 'failed', message: error.message };
      });
      return {
        post: (message, transfer) => thread.postMessage(message, transfer ?? []),
        onMessage: (handle) => void thread.on('message', handle),
        onEnd: (handle) => void thread.once('exit', () => handle(end)),
        async terminate() {
          await thread.terminate();
        },
      };
    },
  };
}
