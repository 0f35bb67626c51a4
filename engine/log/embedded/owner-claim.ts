/**
 * One process at a time writes a data directory. The claim is a value in the store itself, replaced under LMDB's writer
 * lock, so that two that start at once cannot both have it; who died holds nothing, because a claim names its process
 * by id, start time and boot. A process of another container on the same machine cannot be looked for: that one is taken
 * for alive as long as the beat file beside the store was touched of late.
 */
import { closeSync, futimesSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MsecError } from '../../base/index.ts';
import { decodeJson, encodeJson, factKey } from './keys.ts';
import type { LmdbStore } from './lmdb-store.ts';

interface Claim {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process; absent where there is no /proc. */
  readonly startTicks?: string;
  readonly bootId?: string;
  /** Within which the id counts; absent where there is no /proc. */
  readonly pidNamespace?: string;
}

const KEY = factKey('process');
const BEAT_FILE = 'owner';
/** How often the owner has to `beat`, and after how long without it is dead to those who cannot see its process. */
export const BEAT_MS = 10_000;
const SILENCE_MS_MAX = 3 * BEAT_MS;

/** The owner lives. On a disk that takes no file the claim alone has to do. */
export function beat(path: string, nowMs: number): void {
  let file: number;
  try {
    file = openSync(join(path, BEAT_FILE), 'a', 0o600);
  } catch {
    return;
  }
  try {
    futimesSync(file, nowMs / 1000, nowMs / 1000);
  } finally {
    closeSync(file);
  }
}

function isBeating(path: string, nowMs: number): boolean {
  const beat = statSync(join(path, BEAT_FILE), { throwIfNoEntry: false });
  return beat !== undefined && Math.abs(nowMs - beat.mtimeMs) <= SILENCE_MS_MAX;
}

/** LOG_LOCKED while another process, or another log of this one, has the claim. */
export function claimStore(store: LmdbStore, path: string, nowMs: number): void {
  const mine = claimOf(process.pid);
  store.exchange(KEY, (present) => {
    if (present !== undefined) {
      const theirs = decodeJson(present) as Claim;
      if (isAlive(theirs, () => isBeating(path, nowMs)))
        throw new MsecError('LOG_LOCKED', `${path} is open in process ${theirs.pid}`);
    }
    return encodeJson(mine ?? { pid: process.pid });
  });
  beat(path, nowMs);
}

export function releaseStore(store: LmdbStore): void {
  store.exchange(KEY, () => encodeJson({ pid: 0 }));
}

function isAlive(claim: Claim, isBeating: () => boolean): boolean {
  if (claim.pid === 0) return false;
  const mine = claimOf(process.pid);
  if (claim.bootId === mine?.bootId && claim.pidNamespace !== mine?.pidNamespace) return isBeating();
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
    return {
      pid,
      startTicks: fields[19]!,
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      pidNamespace: readlinkSync('/proc/self/ns/pid'),
    };
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
