/** The only door from schemas/ to the engine: what descriptions and codecs use of it. */
export { assert, ByteWriter, copyShort, MsecError } from '../engine/base/index.ts';
