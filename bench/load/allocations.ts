/**
 * What a thread has allocated so far, told once a period on a channel: bytes of V8's heap, exactly but for the part of a
 * page that is being filled, and bytes of external memory, which are buffers.
 */
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { BroadcastChannel, threadId } from 'node:worker_threads';

export const ALLOCATED_CHANNEL = 'msec-bench-allocated';

export interface Allocated {
  readonly thread: number;
  readonly bytes: number;
}

/** Between two collections the heap only grows: what it grew by was allocated. */
export function tellHeap(periodMs: number): void {
  let profiler = new GCProfiler();
  profiler.start();
  let bytes = 0;
  let before = getHeapStatistics().used_heap_size;
  every(periodMs, () => {
    const { statistics } = profiler.stop();
    profiler = new GCProfiler();
    profiler.start();
    for (const { beforeGC, afterGC } of statistics) {
      bytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - before);
      before = afterGC.heapStatistics.usedHeapSize;
    }
    const now = getHeapStatistics().used_heap_size;
    bytes += Math.max(0, now - before);
    before = now;
    return bytes;
  });
}

/**
 * Nothing says what was allocated, only what is held. Looked at often enough, what it grew by was allocated; where it
 * shrank, as much is taken as on average otherwise. Buffers that another thread has handed over count as allocated.
 */
export class ExternalGrowth {
  #before = getHeapStatistics().external_memory;
  #grown = 0;
  #looks = 0;
  #shrunk = 0;

  look(): void {
    const now = getHeapStatistics().external_memory;
    if (now < this.#before) this.#shrunk++;
    else {
      this.#grown += now - this.#before;
      this.#looks++;
    }
    this.#before = now;
  }

  get bytes(): number {
    return this.#looks === 0 ? 0 : this.#grown * (1 + this.#shrunk / this.#looks);
  }
}

export function tellExternal(growth: ExternalGrowth, periodMs: number): void {
  every(periodMs, () => growth.bytes);
}

function every(periodMs: number, bytesSoFar: () => number): void {
  const channel = new BroadcastChannel(ALLOCATED_CHANNEL);
  channel.unref();
  setInterval(() => {
    const told: Allocated = { thread: threadId, bytes: bytesSoFar() };
    channel.postMessage(told);
  }, periodMs).unref();
}
