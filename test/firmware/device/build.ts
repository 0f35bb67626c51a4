/** Builds the firmware with its own Makefile, as a user does. */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath, repositoryRoot } from '../../support/needs.ts';

const run = promisify(execFile);
export const DEVICE: string = join(repositoryRoot, 'firmware', 'device');

/** What make says. Several test files may build at once: a lock keeps them apart. */
export async function make(...goals: readonly string[]): Promise<string> {
  const args = ['.build.lock', programPath('make'), '-s', `-j${cpus().length}`, ...goals];
  const { stdout } = await run('flock', args, { cwd: DEVICE, maxBuffer: 16 << 20 });
  return stdout;
}

/** The path of a file that was built. */
export function built(...path: readonly string[]): string {
  return join(DEVICE, 'build', ...path);
}
