/**
 * Whose judgement a trustor knows: raters who have judged the same providers, and how often they have agreed. A
 * circle's work is bounded, however popular a provider is and however busy the trustor.
 */
import type { JudgementOptions } from '../../actors/trust/index.ts';
import { grown, lengthFor } from './columns.ts';
import { NONE } from './pair-store.ts';
import type { ServiceGraph } from './service-graph.ts';

/** Of the trustor's own providers, the newest; of each one's raters; and of both together. */
export const CIRCLE_PROVIDERS_MAX = 64;
export const CIRCLE_RATERS_MAX = 256;
export const COMPARED_MAX = 2_048;

export class Circle {
  /** Judged raters are the first `size` of them. */
  rater = new Int32Array(64);
  judgement = new Float64Array(64);
  size = 0;
  /** For everybody else. */
  stranger = 0;
  readonly #options: JudgementOptions;
  #differences = new Float64Array(64);
  #common = new Uint32Array(64);
  /** By rater: its place in the circle, one more than it is. Zeros between two calls. */
  #placeOf = new Int32Array(64);

  constructor(options: JudgementOptions) {
    this.#options = options;
  }

  /** As `ScoreGraph.circle` of the model; `trustor` NONE is somebody without experience. Names end at `namesEnd`. */
  draw(graph: ServiceGraph, trustor: number, namesEnd: number): void {
    const { pairs } = graph;
    this.size = 0;
    if (namesEnd > this.#placeOf.length)
      this.#placeOf = grown(this.#placeOf, lengthFor(this.#placeOf.length, namesEnd));
    let providers = 0;
    let left = COMPARED_MAX;
    let own = trustor === NONE ? NONE : pairs.rowHead(trustor);
    for (; own !== NONE && providers < CIRCLE_PROVIDERS_MAX && left > 0; own = pairs.rowNext(own), providers++) {
      const lasting = pairs.lasting(own);
      if (Number.isNaN(lasting)) continue;
      let raters = 0;
      let theirs = pairs.columnHead(pairs.provider(own));
      for (
        ;
        theirs !== NONE && raters < Math.min(CIRCLE_RATERS_MAX, left);
        theirs = pairs.columnNext(theirs), raters++
      ) {
        const difference = lasting - pairs.lasting(theirs);
        if (theirs !== own && !Number.isNaN(difference)) this.#compare(pairs.trustor(theirs), difference);
      }
      left -= raters;
    }
    this.#judge(graph);
  }

  #compare(rater: number, difference: number): void {
    let place = this.#placeOf[rater]! - 1;
    if (place < 0) {
      place = this.size++;
      if (place === this.rater.length) this.#grow();
      this.#placeOf[rater] = place + 1;
      this.rater[place] = rater;
      this.#differences[place] = 0;
      this.#common[place] = 0;
    }
    this.#differences[place] = this.#differences[place]! + Math.abs(difference);
    this.#common[place] = this.#common[place]! + 1;
  }

  #judge(graph: ServiceGraph): void {
    const { unknownRater, prejudice } = this.#options;
    let similarities = 0;
    let alike = 0;
    for (let place = 0; place < this.size; place++) {
      const common = this.#common[place]!;
      const similarity = 1 - this.#differences[place]! / common;
      // What rivals were does not fall back on strangers.
      if (graph.heedOf(this.rater[place]!) === 1) {
        similarities += similarity;
        alike++;
      }
      this.judgement[place] = (unknownRater * prejudice + similarity * common) / (prejudice + common);
      this.#placeOf[this.rater[place]!] = 0;
    }
    this.stranger = (unknownRater * prejudice + similarities) / (prejudice + alike);
  }

  #grow(): void {
    const length = 2 * this.rater.length;
    this.rater = grown(this.rater, length);
    this.judgement = grown(this.judgement, length);
    this.#differences = grown(this.#differences, length);
    this.#common = grown(this.#common, length);
  }
}
