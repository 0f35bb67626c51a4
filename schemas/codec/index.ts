/** Records that no frame description makes: aggregates, late readings, sightings, states of trust. */
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
export { decodeLate, encodeLate, type Late } from './late.ts';
export { decodeSightings, encodeSightings, SightingsView } from './sighting.ts';
