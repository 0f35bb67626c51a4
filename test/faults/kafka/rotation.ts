/** What the copying process and its test agree on, and the process as the test sees it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const APPLICATION = 'rotation';
export const OWNER = 'copy-0';
export const GROUP = 'rotation.copy';
export const INPUT = 'rotation.in';
export const OUTPUT = 'rotation.out';
export const OUTPUT_PARTITIONS = 3;

export class Copier {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;

  constructor(bootstrap: string, count: number, ...mode: readonly string[]) {
    const script = join(import.meta.dirname, 'rotation-child.ts');
    this.#process = spawn(process.execPath, [script, bootstrap, String(count), ...mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#process, 'exit');
    // A test that fails half-way leaves nothing running.
    process.once('exit', () => this.kill());
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line; undefined when there are no more. */
  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  stop(): void {
    this.#process.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process.kill('SIGCONT');
  }

  /** Its exit code; null where it was killed. */
  async end(): Promise<number | null> {
    await this.#exited;
    return this.#process.exitCode;
  }
}
