/**
 * What a run has measured so far, so that one that was interrupted can go on. What it holds counts only for the same
 * sources and the same form.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Result } from './result.ts';

interface Content {
  readonly sources: string;
  readonly isQuick: boolean;
  /** All that were to be run. */
  readonly names: readonly string[];
  readonly results: readonly Result[];
}

export class Journal {
  readonly #path: string;
  #content: Content | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** What was run last; null where there was nothing. */
  last(): Pick<Content, 'names' | 'isQuick'> | null {
    return this.#read();
  }

  /**
   * From now on of this run. Gives what is kept of the last one, by name, and null where there is something that cannot
   * be kept, because the sources or the form have changed.
   */
  begin(run: Omit<Content, 'results'>, isResumed: boolean): ReadonlyMap<string, Result> | null {
    const last = isResumed ? this.#read() : null;
    const isSame = last !== null && last.sources === run.sources && last.isQuick === run.isQuick;
    this.#write({ ...run, results: isSame ? last.results : [] });
    if (last !== null && !isSame && last.results.length > 0) return null;
    return new Map((isSame ? last.results : []).map((result) => [result.workload, result]));
  }

  add(result: Result): void {
    const content = this.#content!;
    const others = content.results.filter(({ workload }) => workload !== result.workload);
    this.#write({ ...content, results: [...others, result] });
  }

  #read(): Content | null {
    if (!existsSync(this.#path)) return null;
    return JSON.parse(readFileSync(this.#path, 'utf8')) as Content;
  }

  /** Whole or not at all: the run may be interrupted at any moment. */
  #write(content: Content): void {
    this.#content = content;
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(`${this.#path}.new`, JSON.stringify(content));
    renameSync(`${this.#path}.new`, this.#path);
  }
}
