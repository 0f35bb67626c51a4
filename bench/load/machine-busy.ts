/** What all processors of the machine have done, so that a run can tell how much of them others took. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Of /proc/stat, whatever the kernel's own clock is. */
const TICK_MS = 10;
/** user, nice, system, idle, iowait, irq, softirq, steal. */
const IDLE = 3;
const IO_WAIT = 4;
const COUNTED = 8;

/** Milliseconds of processor time since the machine began, of all processors, also what its host took away. */
export function machineBusyMs(stat: string = readFileSync('/proc/stat', 'latin1')): number {
  const [first] = stat.split('\n');
  const ticks = first!
    .split(/\s+/)
    .slice(1, 1 + COUNTED)
    .map(Number);
  return ticks.reduce((sum, value, i) => (i === IDLE || i === IO_WAIT ? sum : sum + value), 0) * TICK_MS;
}

/** What others took of the machine while a process used `ownMs` of the `busyMs`: a share of all processors. */
export function othersShare(
  busyMs: number,
  ownMs: number,
  wallMs: number,
  processors = availableParallelism(),
): number {
  return Math.max(0, busyMs - ownMs) / (wallMs * processors);
}
