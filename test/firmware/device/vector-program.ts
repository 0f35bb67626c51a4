/** The firmware's core as a program that answers line by line: firmware/device/test/vectors.c. Built under sanitizers. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { built, make } from './build.ts';

export const hex = (bytes: Uint8Array): string => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex'));

export class VectorProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  #errors = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
  }

  static async start(): Promise<VectorProgram> {
    await make('checked');
    return new VectorProgram(spawn(built('checked', 'vectors')));
  }

  /** Throws with what a sanitizer said where the program has ended. */
  async ask(...words: readonly (string | number)[]): Promise<string> {
    this.#child.stdin.write(`${words.join(' ')}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the program has ended: ${this.#errors}`);
    return value;
  }

  /** Its exit code; not 0 where memory leaked. */
  async end(): Promise<number | null> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    const [code] = (await closed) as [number | null];
    this.#lines.close();
    return code;
  }
}
