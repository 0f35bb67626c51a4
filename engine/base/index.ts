export { copyShort } from './byte-copy.ts';
export { ByteWriter, type WriterMemory } from './byte-writer.ts';
export { type Clock, pause, systemClock, type Timer } from './clock.ts';
export type { Codec } from './codec.ts';
export {
  assert,
  ERROR_TABLE,
  type ErrorCode,
  type ErrorData,
  type ErrorKind,
  type ErrorPlace,
  type ErrorRow,
  errorData,
  MsecError,
} from './errors.ts';
export { type Random, randomBelow, seededRandom, systemRandom } from './random.ts';
export * as wasm from './wasm-code.ts';
