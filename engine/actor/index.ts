export type * from './actor.ts';
export { defineActor } from './actor.ts';
export { type Directive, directiveFor } from './directive.ts';
export { jsonCodec } from './json-codec.ts';
export {
  ByteSlice,
  rawCodec,
  type SchemaDeclaration,
  type Topic,
  type TopicCodec,
  type TopicOptions,
  topic,
} from './topic.ts';
