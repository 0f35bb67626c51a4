/** A process of a paced run: lines of JSON go in, lines of JSON with a `kind` come out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Said {
  readonly kind: string;
}

export class Side {
  readonly child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<string, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Map<string, (said: unknown) => void>();

  constructor(name: string, script: string, task: object) {
    this.#name = name;
    const args = ['--max-semi-space-size=2', join(import.meta.dirname, script), JSON.stringify(task)];
    this.child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as Said;
      this.#listeners.get(said.kind)?.(said);
      this.#waiting.get(said.kind)?.resolve(said);
      this.#waiting.delete(said.kind);
    });
    this.child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(this.#ended());
    });
  }

  /** The next of that kind. */
  async next<T extends Said>(kind: T['kind']): Promise<T> {
    if (this.#isOver) throw this.#ended();
    const next = Promise.withResolvers<unknown>();
    this.#waiting.set(kind, next);
    return (await next.promise) as T;
  }

  /** Each of that kind, from now on. */
  onEach<T extends Said>(kind: T['kind'], listen: (said: T) => void): void {
    this.#listeners.set(kind, (said) => listen(said as T));
  }

  tell<T extends Said>(order: T): void {
    this.child.stdin!.write(`${JSON.stringify(order)}\n`);
  }

  async end(): Promise<void> {
    if (this.#isOver) return;
    const exited = once(this.child, 'exit');
    this.child.stdin!.end();
    await exited;
  }

  get #isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  #ended(): Error {
    return new Error(`the ${this.#name} ended with ${this.child.exitCode ?? this.child.signalCode}`);
  }
}
