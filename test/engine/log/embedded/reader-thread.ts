/** A thread that reads the log as open.test.ts tells it to. */
import { parentPort, workerData } from 'node:worker_threads';
import { type EmbeddedReaderDescriptor, openEmbeddedReader } from '../../../../engine/log/index.ts';
import { allValues } from '../batches.ts';

type Order =
  | { readonly kind: 'read' }
  | { readonly kind: 'fetch' }
  | { readonly kind: 'wait'; readonly offset: number }
  | { readonly kind: 'block' };

const { descriptor, gate } = workerData as { descriptor: EmbeddedReaderDescriptor; gate?: SharedArrayBuffer };
const reader = openEmbeddedReader(descriptor);

async function fetchLast(): Promise<boolean> {
  const { end: offset } = await reader.bounds('a', 0);
  const { start, end } = await reader.fetch('a', 0, offset - 1, 1_000);
  return end > start;
}

async function answer(order: Order): Promise<unknown> {
  switch (order.kind) {
    case 'read':
      return allValues(reader, 'a', 0).catch((error: { code: string }) => error.code);
    case 'fetch':
      return fetchLast();
    case 'wait':
      return reader.wait([{ topic: 'a', partition: 0, offset: order.offset }], 60_000);
    case 'block': {
      // Fetches, and works on it without ever giving its thread back.
      await fetchLast();
      const bell = new Int32Array(gate!);
      Atomics.store(bell, 0, 1);
      Atomics.notify(bell, 0);
      return Atomics.wait(bell, 0, 1, 60_000);
    }
  }
}

parentPort!.on('message', (order: Order) => {
  void answer(order).then((result) => parentPort!.postMessage(result));
});
