/** What a rule asks of one buffer, transforms included. */
import {
  type ByteVariables,
  bufferMatcher,
  type Surroundings,
  transformer,
  type VariableSlots,
} from '../match/index.ts';
import type { BufferTerms, ContentTerm } from '../rules/rule.ts';

/** `offset`: where the bytes lie in their stream or body. */
export type BufferCheck = (bytes: Uint8Array, offset: number) => boolean;

/** What the buffers of one rule share. */
export interface Scope extends Surroundings {
  readonly slots: VariableSlots;
  /** What byte_extract and byte_math leave for later buffers. */
  readonly variables: ByteVariables;
  /** What Suricata's prefilter looks for. */
  readonly fast: ContentTerm | null;
}

export function bufferCheck(buffer: BufferTerms, scope: Scope): BufferCheck {
  const check = untransformedCheck(buffer, scope);
  if (buffer.transforms.length === 0) return check;
  const transform = transformer(buffer.transforms);
  return (bytes, offset) => check(transform(bytes), offset);
}

export function untransformedCheck(buffer: BufferTerms, scope: Scope): BufferCheck {
  const { slots, variables, fast } = scope;
  const matcher = bufferMatcher(buffer, slots, fast, scope);
  return (bytes, offset) => matcher.matches(bytes, variables, offset);
}
