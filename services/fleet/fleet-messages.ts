/** All that the fleet's thread and its parent say to each other; the plan comes with the thread's start. */
import type { FleetCounts } from './fleet-run.ts';

export interface ToFleet {
  readonly stopWithinMs: number;
}

export interface FromFleet {
  readonly counts: FleetCounts;
  readonly isLast: boolean;
}
