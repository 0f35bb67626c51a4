/** Every workload that `npm run bench` knows. */

import type { Workload } from './workload.ts';
import { kills } from './workloads/kills/kills.ts';
import { malformed } from './workloads/malformed/malformed.ts';
import { signed } from './workloads/signed/signed.ts';
import { windows } from './workloads/windows/windows.ts';

export const WORKLOADS: readonly Workload[] = [windows, signed, kills, malformed];
