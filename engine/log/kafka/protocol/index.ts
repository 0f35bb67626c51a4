export * from './generated/messages.js';
export {
  type RequestHeader,
  readRequestHeader,
  skipResponseTags,
  writeRequestHeader,
  writeResponseHeader,
} from './header.ts';
export { type Complete, type Data, type Loose, type Message, type Versions, ZERO_UUID } from './message.ts';
export { WireReader } from './wire-reader.ts';
export { WireWriter } from './wire-writer.ts';
