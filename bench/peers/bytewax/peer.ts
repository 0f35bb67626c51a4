/** Bytewax as a peer: a Python environment of its own, made once for each state of the pinned packages. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from '../../../test/support/needs.ts';
import { settings } from '../java.ts';

export interface BytewaxTask extends Readonly<Record<string, string | number>> {
  readonly bootstrap: string;
  readonly application: string;
  readonly input: string;
  readonly output: string;
  readonly stateFolder: string;
  readonly threads: number;
  readonly epochMs: number;
  /** Messages of one poll. */
  readonly batch: number;
  readonly windowMs: number;
  readonly graceMs: number;
}

/** Wheels are there for Python 3.8 to 3.12. */
const PACKAGES = ['bytewax==0.21.1', 'confluent-kafka==2.11.1', 'prometheus_client==0.22.1'];
const run = promisify(execFile);
const folder = import.meta.dirname;

/** The Python to run it with. */
export async function buildBytewax(): Promise<string> {
  const hash = createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 12);
  const built = join(folder, 'target', `python-${hash}`);
  const python = join(built, 'bin', 'python3');
  const done = join(built, 'complete');
  if (existsSync(done)) return python;
  rmSync(built, { recursive: true, force: true });
  await run(programPath('python3'), ['-m', 'venv', built]);
  const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
  await run(python, ['-m', 'pip', 'install', ...options, ...PACKAGES]);
  writeFileSync(done, PACKAGES.join('\n'));
  return python;
}

export function bytewaxArguments(task: BytewaxTask): string[] {
  return [join(folder, 'windows.py'), ...settings(task)];
}
