/** The processes that this one has started, and those that they have, by what Linux says. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const GONE_MS_MAX = 2_000;
const POLL_MS = 5;

/** Those that a process was started by come before it; without /proc none. */
export function descendants(pid: number = process.pid): number[] {
  const children = threadsOf(pid).flatMap((thread) => childrenOf(`/proc/${pid}/task/${thread}/children`));
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** SIGKILL: what they still had to write down is lost. Resolves when none is left, or after a while. */
export async function endDescendants(): Promise<void> {
  const deadline = performance.now() + GONE_MS_MAX;
  for (let left = descendants(); left.length > 0 && performance.now() < deadline; left = descendants()) {
    for (const pid of left) kill(pid);
    await pause(POLL_MS);
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function childrenOf(path: string): number[] {
  try {
    return readFileSync(path, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
