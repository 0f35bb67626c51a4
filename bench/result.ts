/** What a run of a workload leaves: results/NAME.json. */
import type { Environment } from './environment.ts';
import type { Curve, Figure } from './workload.ts';

export interface Result {
  readonly workload: string;
  readonly says: string;
  readonly isQuick: boolean;
  readonly tookSeconds: number;
  readonly environment: Environment;
  readonly figures: readonly Figure[];
  /** Absent in results from before there were any. */
  readonly curves?: readonly Curve[];
  /** Parts of which there are no figures, each with its reason; absent where all were measured. */
  readonly failures?: readonly string[];
}
