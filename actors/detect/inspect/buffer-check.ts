/** What a rule asks of one buffer, transforms included. */
import { bufferMatcher, newVariables, transformer, variableSlots } from '../match/index.ts';
import type { BufferTerms, Term } from '../rules/rule.ts';

/** `offset`: where the bytes lie in their stream or body. */
export type BufferCheck = (bytes: Uint8Array, offset: number) => boolean;

export function bufferCheck(one: BufferTerms): BufferCheck {
  const { terms, transforms } = one;
  const slots = variableSlots([one]);
  const variables = newVariables(slots);
  const matcher = bufferMatcher(terms, slots);
  if (transforms.length === 0) return (bytes, offset) => matcher.matches(bytes, variables, offset);
  const transform = transformer(transforms);
  return (bytes, offset) => matcher.matches(transform(bytes), variables, offset);
}

/** So far a variable is known in its own buffer alone. */
export function isEvaluable(one: BufferTerms): boolean {
  const slots = variableSlots([one]);
  return one.terms.every((term) => amounts(term).every((name) => slots.has(name)));
}

function amounts(term: Term): string[] {
  const fields: readonly string[] = ['offset', 'depth', 'distance', 'within', 'at', 'bytes', 'value'];
  return fields.flatMap((field) => {
    const value = (term as unknown as Readonly<Record<string, unknown>>)[field];
    return typeof value === 'string' ? [value] : [];
  });
}
