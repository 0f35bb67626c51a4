/** Records that no frame description makes: aggregates, late readings, sightings. */
export {
  type Aggregate,
  type DistinctCount,
  decodeAggregate,
  encodeAggregate,
  type MeasureAggregate,
} from './aggregate.ts';
export { decodeLate, encodeLate, type Late } from './late.ts';
export { decodeSightings, encodeSightings, SightingsView } from './sighting.ts';
