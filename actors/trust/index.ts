/**
 * trust: trust.interactions, trust.commands → trust.scores, trust.decisions. Trust and reputation as keyed state (cookbook,
 * chapter 1.8). What it does: trust-task.ts; what a score is: model/; what operators order: commands.ts.
 */
import { type AnyActor, defineActor, type Topic } from '../../engine/index.ts';
import type { ReputationTopics } from '../../schemas/topics/index.ts';
import { type AcceptedInteraction, type TrustContext, type TrustOptions, TrustTask, trustState } from './trust-task.ts';

export { COOKBOOK_DEFAULTS, CookbookModel, type CookbookOptions } from './model/cookbook-model.ts';
export { DEFAULT_WEIGHTS, type DependabilityWeights, dependability, type Measures } from './model/dependability.ts';
export { type EnrolmentOf, fairOf } from './model/fair-choice.ts';
export { type Interaction, type InteractionMistake, type InteractionRules, mistakeOf } from './model/interaction.ts';
export { MSEC_DEFAULTS, MsecModel, type MsecOptions } from './model/msec-model.ts';
export { PAIR_DOUBLES, PairTrust, type TrustWindows } from './model/pair-trust.ts';
export type { JudgementOptions, Opinion } from './model/score-graph.ts';
export { type StandingRules, whyUnchanged } from './model/standing.ts';
export type { ScoreModel, TrustModel } from './model/trust-model.ts';
export { type InteractionBounds, invalid as invalidInteraction, mistakeIn } from './refusals.ts';
export type { AcceptedInteraction, TrustOptions } from './trust-task.ts';

/** `accepted`: where each interaction that has changed the scores goes, in the order in which they did. */
export function trustActor(
  { interactions, commands, scores, decisions }: ReputationTopics,
  options: TrustOptions,
  accepted: Topic<AcceptedInteraction> | null = null,
): AnyActor {
  return defineActor({
    name: 'trust',
    inputs: { interactions, commands },
    outputs: accepted === null ? { scores, decisions } : { scores, decisions, accepted },
    // A pair has a key of its own, and lies with its trustee.
    rekeyed: ['scores'],
    state: trustState,
    open: (context) => new TrustTask(context as TrustContext, options, { interactions, commands }),
  });
}
