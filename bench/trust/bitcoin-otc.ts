/**
 * The Bitcoin-OTC network of signed ratings (Kumar, Spezzano, Subrahmanian, Faloutsos, ICDM 2016), split strictly in time:
 * a model that has seen the past tells how good each next rating will be, before it sees it.
 */
import { readFileSync } from 'node:fs';
import type { TrustModel } from '../../actors/trust/index.ts';

export interface Rating {
  readonly rater: string;
  readonly rated: string;
  /** -10 to 10, never 0. */
  readonly rating: number;
  readonly timeMs: number;
}

export const TRADE = 'trade';
const RATING_MAX = 10;

/** In the order of time. */
export function readRatings(path: string): Rating[] {
  const [, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const ratings = lines.map((line): Rating => {
    const [rater, rated, rating, seconds] = line.split(',');
    return { rater: rater!, rated: rated!, rating: Number(rating), timeMs: Number(seconds) * 1000 };
  });
  return ratings.sort((a, b) => a.timeMs - b.timeMs);
}

export interface Predictions {
  readonly scores: Float64Array;
  readonly ratings: Float64Array;
}

/** Each rating but the first `skipped` is told from the ratings before its block: global models need a whole pass a block. */
export function predictNext(
  model: TrustModel,
  ratings: readonly Rating[],
  skipped: number,
  block: number,
): Predictions {
  const scores = new Float64Array(ratings.length - skipped);
  const known = new Float64Array(ratings.length - skipped);
  for (let from = 0; from < ratings.length; from += block) {
    const now = ratings.slice(from, from + block);
    for (const [i, { rater, rated, rating, timeMs }] of now.entries()) {
      const at = from + i - skipped;
      if (at < 0) continue;
      scores[at] = model.score(rater, rated, TRADE, timeMs);
      known[at] = rating;
    }
    for (const [i, { rater, rated, rating, timeMs }] of now.entries())
      model.observe({
        id: `${from + i}`,
        trustor: rater,
        trustee: rated,
        service: TRADE,
        satisfaction: satisfactionOf(rating),
        weight: Math.abs(rating) / RATING_MAX,
        timeMs,
      });
  }
  return { scores, ratings: known };
}

/** Between a rating, as a satisfaction, and what was told of it. */
export function meanError({ scores, ratings }: Predictions): number {
  return scores.reduce((sum, score, i) => sum + Math.abs(score - satisfactionOf(ratings[i]!)), 0) / scores.length;
}

const satisfactionOf = (rating: number): number => (rating + RATING_MAX) / (2 * RATING_MAX);

/** How often a good rating was given a greater score than a bad one; equal scores count a half (Mann and Whitney, 1947). */
export function areaUnderCurve({ scores, ratings }: Predictions): number {
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  let bad = 0;
  let good = 0;
  let won = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    let [goodHere, badHere] = [0, 0];
    for (; to < order.length && scores[order[to]!] === scores[order[from]!]; to++)
      if (ratings[order[to]!]! > 0) goodHere++;
      else badHere++;
    won += goodHere * (bad + badHere / 2);
    good += goodHere;
    bad += badHere;
    from = to;
  }
  return won / (good * bad);
}
