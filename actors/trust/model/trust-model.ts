/** What a model of trust and reputation is asked, whichever it is: ours and those it is measured against. */
import type { Random } from '../../../engine/index.ts';
import type { Interaction } from './interaction.ts';
import type { Opinion } from './score-graph.ts';

export interface TrustModel {
  readonly name: string;
  observe(interaction: Interaction): void;
  /** What `trustor` may expect of `trustee`: greater is better, comparable among the trustees of one trustor and service. */
  score(trustor: string, trustee: string, service: string, nowMs: number): number;
  /** Whom of the candidates to ask; chance comes from `random` alone. */
  choose(trustor: string, service: string, candidates: readonly string[], nowMs: number, random: Random): string;
}

/** One of ours: it knows of interactions what `trust.scores` tells of their pairs, and nothing else. */
export interface ScoreModel extends TrustModel {
  /** The newest word of a pair. `observe` is the same, with the pair's score worked out at once. */
  hear(trustor: string, trustee: string, service: string, opinion: Opinion, interactions: number): void;
}
