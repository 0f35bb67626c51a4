/** The window topology of kafka-windows, in a thread that tells how many bytes of V8's heap it has allocated so far. */

import { GCProfiler } from 'node:v8';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';
import type { TopologyDefinition } from '../../../engine/index.ts';
import { type WindowTopology, windowTopology } from '../kafka-windows/topology.ts';

export const ALLOCATED_CHANNEL = 'msec-bench-allocated';
export interface Allocated {
  readonly thread: number;
  readonly bytes: number;
}

const PERIOD_MS = 1000;

/** Between two collections the heap only grows: what it grew by was allocated. */
function tellAllocated(): void {
  const channel = new BroadcastChannel(ALLOCATED_CHANNEL);
  channel.unref();
  let profiler = new GCProfiler();
  let bytes = 0;
  let before: number | null = null;
  profiler.start();
  setInterval(() => {
    const { statistics } = profiler.stop();
    profiler = new GCProfiler();
    profiler.start();
    for (const { beforeGC, afterGC } of statistics) {
      const used = beforeGC.heapStatistics.usedHeapSize;
      if (before !== null) bytes += Math.max(0, used - before);
      before = afterGC.heapStatistics.usedHeapSize;
    }
    const told: Allocated = { thread: threadId, bytes };
    channel.postMessage(told);
  }, PERIOD_MS).unref();
}

export default (config: unknown): TopologyDefinition => {
  if (!isMainThread) tellAllocated();
  return windowTopology(config as WindowTopology);
};
