/**
 * What this process holds of the topic, between the group that gives and takes and the engine that works. One change at
 * a time; what is given up is held until the engine says that it has ended.
 */
import type { ShareHolder } from '../../port.ts';

export class Holding {
  readonly #holder: ShareHolder;
  #partitions: readonly number[] = [];
  #isChanging = false;
  readonly #first = Promise.withResolvers<void>();
  /** Counts losses, so that a change which ends after one is not taken for news. */
  #losses = 0;

  constructor(holder: ShareHolder) {
    this.#holder = holder;
  }

  /** What was told last; while it changes, more than that may be held. */
  get partitions(): readonly number[] {
    return this.#partitions;
  }

  /** Resolves when it holds something for the first time. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  get isChanging(): boolean {
    return this.#isChanging;
  }

  /** Tells the engine. `done` once what is missing in the set has ended; not at all when everything is lost meanwhile. */
  change(partitions: readonly number[], done: () => void): void {
    const losses = this.#losses;
    const ended = () => {
      if (this.#losses !== losses) return;
      this.#isChanging = false;
      done();
    };
    this.#partitions = partitions;
    this.#isChanging = true;
    if (partitions.length > 0) this.#first.resolve();
    this.#holder.change(partitions).then(ended, ended);
  }

  lose(because: string): void {
    if (this.#partitions.length === 0 && !this.#isChanging) return;
    this.#losses++;
    this.#partitions = [];
    this.#isChanging = false;
    this.#holder.lost(because);
  }
}

/** Both in ascending order. */
export function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((partition, i) => partition === b[i]);
}
