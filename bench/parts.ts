/**
 * A workload of parts that need nothing of each other: one that fails takes only its own figures with it, and is told of
 * beside the others'.
 */
import type { Curve, Figure, Measured, PartFailure } from './workload.ts';

export class Parts {
  readonly #progress: (text: string) => void;
  readonly #failures: PartFailure[] = [];

  constructor(progress: (text: string) => void) {
    this.#progress = progress;
  }

  /** Null where it failed. */
  async measure<T>(part: string, run: () => Promise<T>): Promise<T | null> {
    try {
      return await run();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#progress(`${part} failed: ${error.message}`);
      this.#failures.push({ part, error });
      return null;
    }
  }

  /** What the parts gave, in the order it is shown; throws where that is nothing. */
  measured(figures: readonly (Figure | null)[], curves: readonly (Curve | null)[] = []): Measured {
    const measured = { figures: figures.filter((one) => one !== null), curves: curves.filter((one) => one !== null) };
    if (measured.figures.length === 0 && this.#failures.length > 0) {
      const errors = this.#failures.map(({ error }) => error);
      throw new AggregateError(errors, this.#failures.map(failureText).join('; '));
    }
    return { ...measured, failures: this.#failures };
  }
}

export function failureText({ part, error }: PartFailure): string {
  return `${part}: ${error.message}`;
}
