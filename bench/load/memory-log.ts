/** A topic whose batches lie in memory, as a worker reads it: what is measured then is the engine, without any log. */
import { BatchCursor, type LogReader } from '../../engine/index.ts';

/** Whole batches, one fetch's worth; `end` is the offset behind them. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly end: number;
}

export interface MemoryTopic {
  readonly topic: string;
  /** Of each partition, in the order of their offsets. */
  readonly partitions: readonly (readonly Chunk[])[];
  /** Before each fetch of the topic. */
  onFetch(partition: number, offset: number): void;
}

const NOTHING = { bytes: new Uint8Array(0), start: 0, end: 0 };
const EMPTY = { start: 0, end: 0 };

/** Every other topic is empty. */
export function memoryReader({ topic, partitions, onFetch }: MemoryTopic): LogReader {
  const cursor = new BatchCursor({ checkCrc: false });
  const at = partitions.map(() => 0);
  const boundsOf = (partition: number) => ({ start: 0, end: partitions[partition]!.at(-1)?.end ?? 0 });
  return {
    async fetch(name, partition, offset) {
      if (name !== topic) return { ...NOTHING, bounds: EMPTY };
      onFetch(partition, offset);
      // As with a log, others have their turn between two fetches.
      await new Promise((resolve) => setImmediate(resolve));
      const chunks = partitions[partition]!;
      while (at[partition]! < chunks.length && chunks[at[partition]!]!.end <= offset) at[partition]! += 1;
      const bounds = boundsOf(partition);
      const chunk = chunks[at[partition]!];
      if (chunk === undefined) return { ...NOTHING, bounds };
      const { bytes } = chunk;
      cursor.reset(bytes);
      // As a log does: from the batch that holds the offset.
      while (cursor.nextBatch() && cursor.lastOffset < offset) {}
      return { bytes, start: cursor.batchStart, end: bytes.length, bounds };
    },
    bounds: async (name, partition) => (name === topic ? boundsOf(partition) : EMPTY),
    committed: async () => [null],
    wait: () => new Promise((resolve) => setTimeout(() => resolve(false), 50)),
    close: async () => {},
  };
}
