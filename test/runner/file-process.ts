/**
 * Runs one program as a process group of its own, with a time limit, and leaves nothing of it behind: what the program
 * started and did not end is found, named and killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessRequest {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly timeMsMax: number;
  /** For what it started and told to end, and for the rest of its output. */
  readonly graceMs?: number;
  readonly onOutput: (text: string) => void;
}

export interface ProcessOutcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly isTimedOut: boolean;
  /** Command lines of processes that outlived the program; they were killed. */
  readonly leftBehind: readonly string[];
  /** The last part of the standard error. */
  readonly errorText: string;
  readonly durationMs: number;
}

const ERROR_TEXT_LENGTH_MAX = 65_536;
/** A child that was told to end may need a moment after its parent, on a busy machine some seconds. */
const GRACE_MS = 10_000;
const LOOK_MS = 20;
const running = new Set<ChildProcess>();

export function killAll(): void {
  for (const child of running) killGroup(child);
}

export async function runProcess(request: ProcessRequest): Promise<ProcessOutcome> {
  const startedMs = performance.now();
  const child = spawn(request.command, request.arguments, {
    cwd: request.folder,
    env: request.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  let errorText = '';
  let isTimedOut = false;
  const keepError = (text: string): void => {
    errorText = (errorText + text).slice(-ERROR_TEXT_LENGTH_MAX);
  };
  child.stdout.setEncoding('utf8').on('data', request.onOutput);
  child.stderr.setEncoding('utf8').on('data', keepError);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const timer = setTimeout(() => {
    isTimedOut = true;
    killGroup(child);
  }, request.timeMsMax);
  try {
    const { exitCode, signal } = await ended(child, keepError);
    const graceMs = request.graceMs ?? GRACE_MS;
    const leftBehind = isTimedOut ? [] : await clearGroup(child, graceMs);
    // A grandchild that left the group may hold the pipes open: it must not hold the run.
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    await looking(graceMs, () => isClosed);
    child.stdout.destroy();
    child.stderr.destroy();
    return { exitCode, signal, isTimedOut, leftBehind, errorText, durationMs: performance.now() - startedMs };
  } finally {
    clearTimeout(timer);
    running.delete(child);
  }
}

async function ended(
  child: ChildProcess,
  keepError: (text: string) => void,
): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (error) => {
      keepError(`${error.message}\n`);
      resolve({ exitCode: null, signal: null });
    });
  });
}

async function clearGroup(child: ChildProcess, graceMs: number): Promise<readonly string[]> {
  let members = groupMembers(child.pid);
  await looking(graceMs, () => {
    members = groupMembers(child.pid);
    return members.length === 0;
  });
  if (members.length > 0) killGroup(child);
  return members;
}

/** By looks and not by the clock: where this process stands still itself, the time is not the others' fault. */
async function looking(ms: number, isDone: () => boolean): Promise<void> {
  for (let left = ms / LOOK_MS; left > 0 && !isDone(); left--) await delay(LOOK_MS);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

/** Command lines of the live members of a process group; a zombie that nobody reaps is no member. Linux only. */
function groupMembers(groupId: number | undefined): string[] {
  if (groupId === undefined || !isGroupThere(groupId)) return [];
  const members: string[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // proc(5): "pid (comm) state ppid pgrp …"; comm may hold blanks and brackets.
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(group) !== groupId || state === 'Z' || state === 'X') continue;
      members.push(readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
    } catch {
      // The process ended while it was looked at.
    }
  }
  return members;
}

function isGroupThere(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
    return true;
  } catch {
    return false;
  }
}
