/** Work that is done in steps, for whoever has something else to do meanwhile. */

/** Each step says how much it was: 1 is about what one rule takes, `LONG_STEP` more than what should be done at once. */
export type Steps<T> = Generator<number, T>;

export const LONG_STEP = 1_000_000;

/** What it comes to, without a stop. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
