/**
 * W8: how the engine grows with threads, partitions and keys. Judged are what a second thread brings, beside what it
 * brings openssl, and what memory a windowed key takes; the curves are what `msec plan` reckons with.
 */
import type { Workload } from '../../workload.ts';
import { keyCosts, keyMemory } from './keys.ts';
import { partitionRates } from './partitions.ts';
import { threadScaling } from './threads.ts';

export const scaling: Workload = {
  name: 'W8',
  says: '1 to 2 threads beside openssl, 1 to 64 partitions, a thousand to ten million keys: time and memory a key',
  async run(options) {
    const [threads, threadCurve] = await threadScaling(options);
    const [memory, memoryCurve] = await keyMemory(options);
    const curves = [threadCurve, ...(await keyCosts(options)), memoryCurve, await partitionRates(options)];
    return { figures: [threads, memory], curves };
  },
};
