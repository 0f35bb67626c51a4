/** The fleet's own thread: signing must not slow down the thread that takes the frames in. Started by fleet.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert, systemClock } from '../../engine/index.ts';
import type { FromFleet, ToFleet } from './fleet-messages.ts';
import { type FleetPlan, FleetRun } from './fleet-run.ts';

const REPORT_MS = 1000;

assert(parentPort !== null, 'the fleet runs in a thread');
const parent = parentPort;
const fleet = new FleetRun(workerData as FleetPlan, systemClock);
const report = (counts = fleet.counts(), isLast = false) => parent.postMessage({ counts, isLast } satisfies FromFleet);

let timer = systemClock.after(REPORT_MS, tell);
function tell(): void {
  report();
  timer = systemClock.after(REPORT_MS, tell);
}

parent.once('message', ({ stopWithinMs }: ToFleet) => {
  timer.cancel();
  void fleet.stop(stopWithinMs).then((counts) => report(counts, true));
});
