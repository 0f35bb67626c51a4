/** A Python environment of a test's own, with packages that pip fetches. Needs `python3-venv`. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from './needs.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface Python {
  /** Runs a program text; gives what it prints. Rejects with what it wrote to standard error. */
  run(program: string, args: readonly string[]): Promise<string>;
  /** The same of a program in a file. */
  runFile(path: string, args: readonly string[]): Promise<string>;
  remove(): void;
}

export async function makePython(packages: readonly string[]): Promise<Python> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-python-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const python = join(folder, 'bin', 'python3');
  try {
    await run(programPath('python3'), ['-m', 'venv', folder]);
    await run(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--only-binary',
      ':all:',
      ...packages,
    ]);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    run: async (program, args) => (await run(python, ['-c', program, ...args], { maxBuffer: OUTPUT_BYTES_MAX })).stdout,
    runFile: async (path, args) => (await run(python, [path, ...args], { maxBuffer: OUTPUT_BYTES_MAX })).stdout,
    remove() {
      process.removeListener('exit', remove);
      remove();
    },
  };
}
