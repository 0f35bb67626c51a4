/**
 * Weight, mean and squared deviation of satisfactions that fade with their age, one added after the other (West 1979). Exact but
 * for rounding, in whichever order they come; means and deviations do not depend on the time they are told as of.
 */

/** Weights stay far from the ends of the doubles. */
const HALF_LIVES_MAX = 256;

export class FadedSums {
  readonly #halfLifeMs: number;
  /** As of this time. */
  #refMs = 0;
  #weight = 0;
  #mean = 0;
  #squares = 0;

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  add(satisfaction: number, weight: number, timeMs: number): void {
    this.#put(satisfaction, weight, 0, timeMs);
  }

  /** All that another one of the same half-life holds. */
  merge(other: FadedSums): void {
    const { mean, deviation } = other;
    if (!other.isEmpty) this.#put(mean, other.#weight, deviation ** 2, other.#refMs);
  }

  get mean(): number {
    return this.#weight === 0 ? Number.NaN : this.#mean;
  }

  get deviation(): number {
    return this.#weight === 0 ? Number.NaN : Math.sqrt(Math.max(0, this.#squares / this.#weight));
  }

  get isEmpty(): boolean {
    return this.#weight === 0;
  }

  weightAt(timeMs: number): number {
    return this.#weight * 2 ** ((this.#refMs - timeMs) / this.#halfLifeMs);
  }

  #put(mean: number, weight: number, variance: number, timeMs: number): void {
    if (weight === 0) return;
    if (this.#weight === 0) this.#refMs = timeMs;
    const ahead = (timeMs - this.#refMs) / this.#halfLifeMs;
    if (ahead > HALF_LIVES_MAX) {
      this.#weight *= 2 ** -ahead;
      this.#squares *= 2 ** -ahead;
      this.#refMs = timeMs;
    }
    const faded = weight * 2 ** ((timeMs - this.#refMs) / this.#halfLifeMs);
    if (faded === 0) return;
    const before = this.#weight;
    this.#weight += faded;
    const difference = mean - this.#mean;
    this.#mean += (difference * faded) / this.#weight;
    this.#squares += faded * variance + (faded * difference * difference * before) / this.#weight;
  }
}
