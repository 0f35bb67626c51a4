/** W4: what one signature for 64 frames costs, against the same packing without one. */
import type { PendingWorkload } from '../../workload.ts';

export const w4: PendingWorkload = {
  name: 'W4',
  says: 'W2 with batch-signed frames, 64 a record, against W2 packed the same way unsigned',
  pending: 'devices sign single frames so far; signing in batches comes with the devices themselves (issue 6)',
};
