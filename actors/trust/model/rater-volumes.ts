/** Faded weight of all that a rater has rated: by it, one who rates a thousand times has no more to say than one who rates once. */
interface Volume {
  weight: number;
  atMs: number;
}

export class RaterVolumes {
  readonly #halfLifeMs: number;
  readonly #volumes = new Map<string, Volume>();

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  add(rater: string, weight: number, timeMs: number): void {
    const volume = this.#volumes.get(rater);
    if (volume === undefined) this.#volumes.set(rater, { weight, atMs: timeMs });
    else if (timeMs >= volume.atMs) {
      volume.weight = volume.weight * this.#fading(timeMs - volume.atMs) + weight;
      volume.atMs = timeMs;
    } else volume.weight += weight * this.#fading(volume.atMs - timeMs);
  }

  /** Not less than one interaction's. */
  at(rater: string, nowMs: number): number {
    const volume = this.#volumes.get(rater);
    return volume === undefined ? 1 : Math.max(1, volume.weight * this.#fading(nowMs - volume.atMs));
  }

  #fading(ageMs: number): number {
    return 2 ** (-Math.max(0, ageMs) / this.#halfLifeMs);
  }
}
