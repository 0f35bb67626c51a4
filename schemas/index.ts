/** Frames, readings and the other public records: descriptions, codecs, Avro schemas. The only door to schemas/. */
import type { FrameCodec } from './frame-codec.ts';
import { FrameTypes } from './frame-types.ts';
import { crowd, enmon, nucleo } from './generated/index.ts';

export * from './codec/index.ts';
export { compileFrameDescription, type FrameValues } from './compile.ts';
export {
  type FieldSpan,
  type FrameCodec,
  FrameContext,
  type JsonView,
  type Measure,
  type Pseudonymise,
  type Reading,
  ReadingHead,
  type SightingsReading,
} from './frame-codec.ts';
export { parseFrameDescription } from './frame-description.ts';
export { type BinaryField, type FrameDescription, integerRange, type TextField, wireLimits } from './frame-model.ts';
export { FrameTypes } from './frame-types.ts';
export * from './generated/index.ts';
export { frameBytesFromHex } from './hex.ts';
export { isSignedBy } from './signed-bytes.ts';
export { UTC, type Zone, zoneOf } from './zone.ts';

/** The committed frame types and those compiled from the configuration. Throws CONFIG_INVALID where two clash. */
export function frameTypes(extra: readonly FrameCodec[] = []): FrameTypes {
  return new FrameTypes([enmon, crowd, nucleo, ...extra]);
}
