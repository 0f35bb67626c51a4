/**
 * ByteVariables of a rule: numbers of 64 bits that byte_extract and byte_math leave for later terms, also those of other
 * buffers. Suricata counts the places of both kinds apart and from zero in each buffer, so that two names can share one
 * place and the later write is what both read. Rules are written against that, so it is kept.
 */
import type { BufferTerms, Term } from '../rules/rule.ts';

export type ByteVariables = BigUint64Array;

/** The place of each name. */
export type VariableSlots = ReadonlyMap<string, number>;

export const NO_VARIABLES: VariableSlots = new Map();

export function variableSlots(buffers: readonly BufferTerms[]): VariableSlots {
  const slots = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { buffer, transforms, terms } of buffers) {
    const list = `${buffer}|${transforms.map(({ name, value }) => `${name}:${value ?? ''}`).join('|')}`;
    count(terms, list);
  }
  return slots;

  function count(terms: readonly Term[], list: string): void {
    for (const term of terms) {
      if (term.kind === 'base64_decode') count(term.data, 'base64_data');
      if (term.kind !== 'byte_extract' && term.kind !== 'byte_math') continue;
      const key = `${term.kind}|${list}`;
      const slot = counts.get(key) ?? 0;
      counts.set(key, slot + 1);
      slots.set(term.name, slot);
    }
  }
}

/** One for each rule and worker: it may be used again without being cleared, since a rule sets before it reads. */
export function newVariables(slots: VariableSlots): ByteVariables {
  return new BigUint64Array(Math.max(0, ...[...slots.values()].map((slot) => slot + 1)));
}
