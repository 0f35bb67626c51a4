/** One process of a run (child.ts), seen from its parent: what it says, how it ends, and that it is never left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ChildTask } from './child.ts';

const script = fileURLToPath(new URL('./child.ts', import.meta.url));
/** Whoever says nothing for so long waits for something that never comes: it is ended, and its last words are told. */
const SILENCE_MS_MAX = 300_000;
const KEPT_CHARS = 20_000;

export type LifeEnding = 'done' | 'killed' | 'stopped';

export class LifeProcess {
  readonly workersEnded: string[] = [];
  /** Its group has gone on without it. */
  isLost = false;
  readonly #child: ChildProcess;
  readonly #closed: Promise<NodeJS.Signals | number | null>;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #said: (acknowledged: number) => void;
  #errors = '';
  #isDone = false;
  #isHung = false;
  #silence: NodeJS.Timeout | undefined;

  /** `said`: told of each acknowledgement. `killPoint`: see kill-points.ts. */
  constructor(task: ChildTask, killPoint: string, said: (acknowledged: number) => void) {
    this.#said = said;
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(task)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, MSEC_TEST_KILL: killPoint },
    });
    const atExit = () => this.kill();
    process.once('exit', atExit);
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        process.removeListener('exit', atExit);
        resolve(signal ?? code);
      });
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#silence?.refresh();
      this.#errors = (this.#errors + chunk.toString()).slice(-KEPT_CHARS);
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#hear(line));
  }

  get errors(): string {
    return this.#errors;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  stop(): void {
    if (!this.#child.kill('SIGSTOP')) return;
    this.#stopped.resolve();
  }

  wake(): void {
    this.#child.kill('SIGCONT');
  }

  /** How it ends, or that it stands still; rejects where that is not as it was to be. */
  async ended(isStopAnEnd = true): Promise<LifeEnding> {
    this.#silence = setTimeout(() => {
      this.#isHung = true;
      this.kill();
    }, SILENCE_MS_MAX);
    const stopped = this.#stopped.promise.then(() => 'stopped' as const);
    const how = await Promise.race(isStopAnEnd ? [this.#closed, stopped] : [this.#closed]);
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (how === 'stopped') return 'stopped';
    if (this.#isHung) throw new Error(`the process hung: ${this.#errors}`);
    if (how === 'SIGKILL') return 'killed';
    if (how === 0 && this.#isDone) return 'done';
    throw new Error(`the process ended with ${how}: ${this.#errors}`);
  }

  async end(): Promise<void> {
    this.kill();
    await this.#closed;
  }

  #hear(line: string): void {
    this.#silence?.refresh();
    const [what, ...rest] = line.split(' ');
    switch (what) {
      case 'ack':
        this.#said(Number(rest[0]));
        break;
      case 'ended':
        this.workersEnded.push(rest.join(' '));
        break;
      case 'stopped':
        this.#stopped.resolve();
        break;
      case 'lost':
        this.isLost = true;
        break;
      case 'done':
        this.#isDone = true;
        break;
    }
  }
}
