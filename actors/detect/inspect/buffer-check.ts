/** What a rule asks of one buffer, transforms included. */
import { contentMatcher, type PlainTerm } from '../match/match-contents.ts';
import type { BufferTerms } from '../rules/rule.ts';

/** `offset`: where the bytes lie in their stream or body. */
export type BufferCheck = (bytes: Uint8Array, offset: number) => boolean;

export function bufferCheck({ terms, transforms }: BufferTerms): BufferCheck {
  if (transforms.length > 0 || !terms.every(isPlain)) throw new TypeError('the buffer cannot be evaluated');
  return contentMatcher(terms);
}

export const isEvaluable = ({ terms, transforms }: BufferTerms): boolean =>
  transforms.length === 0 && terms.every(isPlain);

const isPlain = (term: { readonly kind: string }): term is PlainTerm =>
  ['content', 'isdataat', 'bsize'].includes(term.kind);
