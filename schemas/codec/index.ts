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
  decodeProviderScore,
  encodeProviderScore,
  type ProviderScore,
  type SharedWindow,
  STANDINGS,
  type Standing,
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
