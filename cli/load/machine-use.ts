/** How much of the processors is used, by which thread of this process, and by everything else on the machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Milliseconds of processor time since some beginning. */
export interface MachineTimes {
  readonly atMs: number;
  readonly processMs: number;
  /** By the thread's name; empty where the system does not tell (it is Linux's /proc). */
  readonly threads: ReadonlyMap<string, number>;
  readonly machineMs: number;
  readonly cores: number;
}

/** Shares of one core, 1 is all of it; the machine's of all cores. */
export interface MachineUse {
  /** By the number of the worker; empty where the system does not tell. */
  readonly workers: readonly number[];
  readonly main: number | null;
  readonly process: number;
  readonly machine: number;
  readonly cores: number;
}

const TASKS = '/proc/self/task';
const TICK_MS = 10;
const WORKER_THREAD = /^msec-worker-\d+$/;
const MAIN_THREAD = 'main';

export function machineTimes(nowMs: number): MachineTimes {
  const { user, system } = process.cpuUsage();
  const all = cpus();
  const machineMs = all.reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return { atMs: nowMs, processMs: (user + system) / 1000, threads: threadTimes(), machineMs, cores: all.length };
}

function threadTimes(): Map<string, number> {
  const times = new Map<string, number>();
  let ids: string[];
  try {
    ids = readdirSync(TASKS);
  } catch {
    return times;
  }
  for (const id of ids) {
    try {
      const stat = readFileSync(`${TASKS}/${id}/stat`, 'latin1');
      const name = Number(id) === process.pid ? MAIN_THREAD : stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      times.set(name, (times.get(name) ?? 0) + (Number(fields[11]) + Number(fields[12])) * TICK_MS);
    } catch {
      // A thread that has just ended.
    }
  }
  return times;
}

/** `makerMs`: what the main thread spent on making the load, which is no part of the engine. */
export function machineUse(from: MachineTimes, to: MachineTimes, makerMs: number): MachineUse {
  const wallMs = Math.max(1, to.atMs - from.atMs);
  const share = (name: string) => ((to.threads.get(name) ?? 0) - (from.threads.get(name) ?? 0)) / wallMs;
  const workers = [...to.threads.keys()].filter((name) => WORKER_THREAD.test(name)).toSorted();
  return {
    workers: workers.map(share),
    main: to.threads.has(MAIN_THREAD) ? Math.max(0, share(MAIN_THREAD) - makerMs / wallMs) : null,
    process: Math.max(0, (to.processMs - from.processMs - makerMs) / wallMs),
    // Ticks of the kernel come in late: in a short while they can be more than there was time for.
    machine: Math.min(1, (to.machineMs - from.machineMs) / (wallMs * to.cores)),
    cores: to.cores,
  };
}

export type Limit = 'cores' | 'workers' | 'one worker' | 'main thread' | 'broker' | 'disk';

const BUSY = 0.85;
const ALL_BUSY = 0.92;

/** What kept a rate from being held: whatever was busy all the time, or else what is waited for. */
export function limitOf(use: MachineUse, isOnKafka: boolean): { readonly limit: Limit; readonly says: string } {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const mean = use.workers.reduce((sum, share) => sum + share, 0) / Math.max(1, use.workers.length);
  const busiest = Math.max(0, ...use.workers);
  if (use.workers.length > 0 && mean >= BUSY)
    return {
      limit: 'workers',
      says: `worker CPU: ${use.workers.length} ${use.workers.length === 1 ? 'worker is' : 'workers are'} ${percent(mean)} busy`,
    };
  if (use.main !== null && use.main >= BUSY)
    return { limit: 'main thread', says: `the main thread, which commits for all workers: ${percent(use.main)} busy` };
  if (use.machine >= ALL_BUSY) {
    const others = Math.max(0, use.machine * use.cores - use.process);
    return {
      limit: 'cores',
      says: `the machine: its ${use.cores} cores are ${percent(use.machine)} busy (workers ${percent(mean)} of a core each, everything outside of this process ${others.toFixed(1)} cores)`,
    };
  }
  if (busiest >= BUSY)
    return {
      limit: 'one worker',
      says: `one worker: ${percent(busiest)} busy, all of them ${percent(mean)}; more partitions share the keys out more evenly`,
    };
  if (isOnKafka) return { limit: 'broker', says: `the brokers: workers are ${percent(mean)} busy and wait for them` };
  return { limit: 'disk', says: `the disk: workers are ${percent(mean)} busy and wait for commits to it` };
}
