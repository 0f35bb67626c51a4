/** What a rule asks of one buffer, transforms included. */
import { type ByteVariables, bufferMatcher, transformer, type VariableSlots } from '../match/index.ts';
import type { BufferTerms } from '../rules/rule.ts';

/** `offset`: where the bytes lie in their stream or body. */
export type BufferCheck = (bytes: Uint8Array, offset: number) => boolean;

/** What byte_extract and byte_math leave for later buffers of the same rule. */
export interface Scope {
  readonly slots: VariableSlots;
  readonly variables: ByteVariables;
}

export function bufferCheck(buffer: BufferTerms, { slots, variables }: Scope): BufferCheck {
  const { transforms } = buffer;
  const matcher = bufferMatcher(buffer, slots);
  if (transforms.length === 0) return (bytes, offset) => matcher.matches(bytes, variables, offset);
  const transform = transformer(transforms);
  return (bytes, offset) => matcher.matches(transform(bytes), variables, offset);
}
