/**
 * One process at a time writes a data directory. The claim is a value in the store itself, replaced under LMDB's writer
 * lock, so that two that start at once cannot both have it; who died holds nothing, because a claim names its process
 * by id, start time and boot.
 */
import { readFileSync } from 'node:fs';
import { MsecError } from '../../base/index.ts';
import { decodeJson, encodeJson, factKey } from './keys.ts';
import type { LmdbStore } from './lmdb-store.ts';

interface Claim {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process; absent where there is no /proc. */
  readonly startTicks?: string;
  readonly bootId?: string;
}

const KEY = factKey('process');

/** LOG_LOCKED while another process, or another log of this one, has the claim. */
export function claimStore(store: LmdbStore, path: string): void {
  const mine = claimOf(process.pid);
  store.exchange(KEY, (present) => {
    if (present !== undefined) {
      const theirs = decodeJson(present) as Claim;
      if (isAlive(theirs)) throw new MsecError('LOG_LOCKED', `${path} is open in process ${theirs.pid}`);
    }
    return encodeJson(mine ?? { pid: process.pid });
  });
}

export function releaseStore(store: LmdbStore): void {
  store.exchange(KEY, () => encodeJson({ pid: 0 }));
}

function isAlive(claim: Claim): boolean {
  if (claim.pid === 0) return false;
  const present = claimOf(claim.pid);
  if (present === undefined) return false;
  return present.startTicks === claim.startTicks && present.bootId === claim.bootId;
}

/** What a claim of that process would be now; undefined where there is no such process. */
function claimOf(pid: number): Claim | undefined {
  if (process.platform !== 'linux') return isRunning(pid) ? { pid } : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // proc(5): the name may hold spaces and parentheses; field 3 follows its end, field 22 is the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has closed everything and only waits for its parent.
    if (fields[0] === 'Z') return undefined;
    return { pid, startTicks: fields[19]!, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() };
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
