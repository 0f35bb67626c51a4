/** Where and with what a result was measured. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Environment {
  readonly machine: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Node's own, which verifies signatures. */
  readonly nodeOpenssl: string;
  /** The command line's, which is measured against. */
  readonly openssl: string;
  readonly commit: string;
  readonly hasLocalChanges: boolean;
  /** Of the minute before the run: what else the machine was doing. */
  readonly loadAverage: number;
  readonly startedAt: string;
}

export function environment(): Environment {
  return {
    machine: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    nodeOpenssl: process.versions.openssl,
    openssl: output('openssl', 'version') || 'none',
    commit: output('git', 'rev-parse', 'HEAD') || 'unknown',
    hasLocalChanges: output('git', 'status', '--porcelain', '--untracked-files=no') !== '',
    loadAverage: Math.round(loadavg()[0]! * 100) / 100,
    startedAt: new Date().toISOString(),
  };
}

function output(program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}
