/** Trust and reputation as keyed state (cookbook, chapter 1.8). */
export { COOKBOOK_DEFAULTS, CookbookModel, type CookbookOptions } from './model/cookbook-model.ts';
export { DEFAULT_WEIGHTS, type DependabilityWeights, dependability, type Measures } from './model/dependability.ts';
export { type Interaction, type InteractionMistake, type InteractionRules, mistakeOf } from './model/interaction.ts';
export { MSEC_DEFAULTS, MsecModel, type MsecOptions } from './model/msec-model.ts';
export { PAIR_DOUBLES, PairTrust, type TrustWindows } from './model/pair-trust.ts';
export type { TrustModel } from './model/trust-model.ts';
