/** Runs child.ts and hands its lines over one by one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const SCRIPT = fileURLToPath(new URL('./child.ts', import.meta.url));

export class Child {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;

  constructor(what: string, path: string, limitFileBlocks?: number) {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', SCRIPT, what, path];
    const shell = ['sh', '-c', `ulimit -f ${limitFileBlocks} && exec "$@"`, 'sh', ...node];
    const [command, ...args] = limitFileBlocks === undefined ? node : shell;
    this.process = spawn(command!, args, {
      stdio: ['pipe', 'pipe', limitFileBlocks === undefined ? 'inherit' : 'ignore'],
    });
    this.#exited = once(this.process, 'exit');
    // A test that fails half-way leaves nothing running.
    process.once('exit', () => this.process.kill('SIGKILL'));
    this.#lines = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line; undefined when there are no more. */
  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  goOn(): void {
    this.process.stdin!.write('\n');
  }

  /** Gives the lines that were still on their way. */
  async kill(): Promise<string[]> {
    this.process.kill('SIGKILL');
    const rest: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) rest.push(line);
    await this.#exited;
    return rest;
  }
}

export function temporaryDirectory(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'msec-log-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}
