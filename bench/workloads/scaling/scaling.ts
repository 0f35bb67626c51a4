/**
 * W8: how the engine grows with threads, partitions and keys. Judged are what a second thread brings, beside what it
 * brings openssl, and what memory a windowed key takes; the curves are what `msec plan` reckons with.
 */
import { Parts } from '../../parts.ts';
import type { Workload } from '../../workload.ts';
import { keyScaling } from './keys.ts';
import { partitionRates } from './partitions.ts';
import { threadScaling } from './threads.ts';

export const scaling: Workload = {
  name: 'W8',
  says: 'threads beside openssl, 1 to 64 partitions, 10³ to 10⁷ keys: time, and memory a key',
  async run(options) {
    const parts = new Parts(options.progress);
    const [threads, threadCurve] = (await parts.measure('threads', () => threadScaling(options))) ?? [null, null];
    const keys = await parts.measure('keys', () => keyScaling(options));
    const partitions = await partitionRates(options, parts);
    return parts.measured([threads, keys?.figure ?? null], [threadCurve, ...(keys?.curves ?? []), partitions]);
  },
};
