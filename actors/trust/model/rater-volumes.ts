/**
 * Faded weight of all that a rater has rated: by it, one who rates a thousand times has no more to say than one who rates once.
 * It is the sum of what is known of the rater's pairs, so that their scores tell it.
 */
import type { Opinion, ScoreGraph } from './score-graph.ts';

interface Volume {
  readonly weight: number;
  readonly atMs: number;
}

export class RaterVolumes {
  readonly #halfLifeMs: number;
  readonly #graph: ScoreGraph;
  /** Summed up when asked for, until the rater rates again. */
  readonly #volumes = new Map<string, Volume>();

  constructor(graph: ScoreGraph, halfLifeMs: number) {
    this.#graph = graph;
    this.#halfLifeMs = halfLifeMs;
  }

  changed(rater: string): void {
    this.#volumes.delete(rater);
  }

  /** Not less than one interaction's. */
  at(rater: string, nowMs: number): number {
    let volume = this.#volumes.get(rater);
    if (volume === undefined) {
      volume = this.#sum(this.#graph.row(rater));
      this.#volumes.set(rater, volume);
    }
    return Math.max(1, volume.weight * this.#fading(nowMs - volume.atMs));
  }

  #sum(row: ReadonlyMap<string, Opinion>): Volume {
    let atMs = Number.NEGATIVE_INFINITY;
    for (const opinion of row.values()) atMs = Math.max(atMs, opinion.atMs);
    let weight = 0;
    for (const { evidence, atMs: ofPair } of row.values()) weight += evidence * this.#fading(atMs - ofPair);
    return { weight, atMs };
  }

  #fading(ageMs: number): number {
    return 2 ** (-Math.max(0, ageMs) / this.#halfLifeMs);
  }
}
