/**
 * Who has which opinion of whom, for one service: A's row (whom A judges) and B's column (who judges B), from which
 * reputation is answered. Each opinion is what `trust.scores` tells of a pair; the newest counts. Invariant: the sums of a
 * provider are those of its column.
 */

export interface Opinion {
  /** T of the pair, in [-1, 1]. */
  readonly trust: number;
  /** μ of the small window. */
  readonly recent: number;
  /** W of the small window at `atMs`. */
  readonly evidence: number;
  /** μ of the big window. */
  readonly lasting: number;
  /** W of the big window at `atMs`. */
  readonly lastingEvidence: number;
  readonly atMs: number;
}

export interface JudgementOptions {
  /** How often one expects to agree with a rater with whom one has no experience in common, in [0, 1]. */
  readonly unknownRater: number;
  /** As many trustees in common weigh as much as that prejudice. */
  readonly prejudice: number;
}

export interface Circle {
  /** By rater, in [0, 1]. */
  readonly judged: ReadonlyMap<string, number>;
  /** For everybody else. */
  readonly stranger: number;
}

/** A's circle is built from at most so many of A's trustees, and so many raters of each: no popular provider makes it long. */
const CIRCLE_TRUSTEES_MAX = 64;
const CIRCLE_RATERS_MAX = 256;

const NOBODY: ReadonlyMap<string, Opinion> = new Map();

export class ScoreGraph {
  readonly #rows = new Map<string, Map<string, Opinion>>();
  readonly #columns = new Map<string, Map<string, Opinion>>();
  readonly #options: JudgementOptions;

  constructor(options: JudgementOptions) {
    this.#options = options;
  }

  set(trustor: string, trustee: string, opinion: Opinion): void {
    entry(this.#rows, trustor).set(trustee, opinion);
    entry(this.#columns, trustee).set(trustor, opinion);
  }

  /** Those who judge B. */
  raters(trustee: string): ReadonlyMap<string, Opinion> {
    return this.#columns.get(trustee) ?? NOBODY;
  }

  /** Whom A judges. */
  row(trustor: string): ReadonlyMap<string, Opinion> {
    return this.#rows.get(trustor) ?? NOBODY;
  }

  opinion(trustor: string, trustee: string): Opinion | undefined {
    return this.#rows.get(trustor)?.get(trustee);
  }

  /**
   * How far `trustor` trusts the judgement of each rater of an acquaintance: 1 less the mean difference of their opinions on
   * the trustees whom both judge, drawn to the prejudice where these are few. Opinions are those of the big window, in
   * which a trustee's bad day is no rater's mistake. Strangers are believed as far as those were whom one has come to know;
   * where rivals are others (raters who are rated here themselves), what these were does not fall back on strangers.
   */
  circle(trustor: string, areRivalsOthers = false): Circle {
    const { unknownRater, prejudice } = this.#options;
    const differences = new Map<string, { sum: number; common: number }>();
    for (const [trustee, own] of newest(this.row(trustor), CIRCLE_TRUSTEES_MAX)) {
      for (const [rater, theirs] of newest(this.raters(trustee), CIRCLE_RATERS_MAX)) {
        if (rater === trustor || Number.isNaN(own.lasting - theirs.lasting)) continue;
        const one = differences.get(rater) ?? { sum: 0, common: 0 };
        one.sum += Math.abs(own.lasting - theirs.lasting);
        one.common++;
        differences.set(rater, one);
      }
    }
    const judged = new Map<string, number>();
    let similarities = 0;
    let alike = 0;
    for (const [rater, { sum, common }] of differences) {
      const similarity = 1 - sum / common;
      if (!areRivalsOthers || this.raters(rater).size === 0) {
        similarities += similarity;
        alike++;
      }
      judged.set(rater, (unknownRater * prejudice + similarity * common) / (prejudice + common));
    }
    return { judged, stranger: (unknownRater * prejudice + similarities) / (prejudice + alike) };
  }

  judgement({ judged, stranger }: Circle, rater: string): number {
    return judged.get(rater) ?? stranger;
  }
}

function entry(of: Map<string, Map<string, Opinion>>, name: string): Map<string, Opinion> {
  let found = of.get(name);
  if (found === undefined) {
    found = new Map();
    of.set(name, found);
  }
  return found;
}

/** By the time of their last interaction, so that it does not matter in which order they came to be known. */
function newest(opinions: ReadonlyMap<string, Opinion>, max: number): Iterable<[string, Opinion]> {
  if (opinions.size <= max) return opinions;
  return [...opinions].sort(([a, { atMs: ofA }], [b, { atMs: ofB }]) => ofB - ofA || (a < b ? -1 : 1)).slice(0, max);
}
