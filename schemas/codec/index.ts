/** Records that no frame description makes: aggregates, late readings, sightings, states of trust, interactions and scores. */
export {
  type Aggregate,
  type DistinctCount,
  decodeAggregate,
  encodeAggregate,
  type MeasureAggregate,
} from './aggregate.ts';
export {
  type Attestation,
  decodeAttestation,
  encodeAttestation,
  TRUST_STATES,
  type TrustState,
  type TrustTransition,
} from './attestation.ts';
export {
  AT_AVAILABILITY,
  AT_ID,
  AT_INTERACTION_WEIGHT,
  AT_QUALITY,
  AT_REASON,
  AT_RESPONSE,
  AT_SATISFACTION,
  AT_SERVICE,
  AT_TIME,
  AT_TRUSTOR,
  encodeInteraction,
  INTERACTION_NUMBERS,
  INTERACTION_SPANS,
  InteractionReader,
  InteractionView,
  type TrustInteraction,
} from './interaction.ts';
export { decodeLate, encodeLate, type Late } from './late.ts';
export {
  AT_PAIR_AT,
  AT_PAIR_BIG,
  AT_PAIR_INTERACTIONS,
  AT_PAIR_SMALL,
  AT_PAIR_TRUST,
  decodePairScore,
  encodePairScore,
  encodePairView,
  type PairScore,
  PairScoreView,
  type ScoreWindow,
} from './pair-score.ts';
export {
  AT_PROVIDER_AT,
  AT_PROVIDER_BIG,
  AT_PROVIDER_FIRST,
  AT_PROVIDER_INTERACTIONS,
  AT_PROVIDER_PERFORMANCE,
  AT_PROVIDER_RATERS,
  AT_PROVIDER_SMALL,
  AT_PROVIDER_TRUST,
  decodeProviderScore,
  encodeProviderScore,
  encodeProviderView,
  NORMAL,
  type ProviderScore,
  ProviderScoreView,
  type SharedWindow,
  STANDINGS,
  type Standing,
  type StandingNow,
} from './provider-score.ts';
export {
  decodeRecommendation,
  encodeRecommendation,
  type RecommendationRecord,
  type RecommendedProvider,
} from './recommendation.ts';
export {
  decodeRecommendationRequest,
  encodeRecommendationRequest,
  type MeasureWeights,
  type RecommendationRequest,
} from './recommendation-request.ts';
export { decodeSightings, encodeSightings, SightingsView } from './sighting.ts';
