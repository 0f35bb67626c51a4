/**
 * ByteVariables of a rule: numbers of 64 bits that byte_extract and byte_math leave for later terms, also those of other
 * buffers. Suricata counts the places of both kinds apart and from zero in each buffer, so that two names can share one
 * place and the later write is what both read. Rules are written against that, so it is kept.
 */
import type { BufferTerms, Term } from '../rules/rule.ts';

export type ByteVariables = BigUint64Array;

export interface VariableSlots {
  /** Where each name is read. */
  readonly named: ReadonlyMap<string, number>;
  /** Where each term writes. */
  readonly written: ReadonlyMap<Term, number>;
  readonly count: number;
}

export const NO_VARIABLES: VariableSlots = { named: new Map(), written: new Map(), count: 0 };

export function variableSlots(buffers: readonly BufferTerms[]): VariableSlots {
  return buffers.some(hasVariables) ? slotsOf(buffers) : NO_VARIABLES;
}

const hasVariables = ({ terms }: BufferTerms): boolean => terms.some(isOfVariables);

function slotsOf(buffers: readonly BufferTerms[]): VariableSlots {
  const written = new Map<Term, number>();
  const counts = new Map<string, number>();
  for (const { buffer, transforms, terms } of buffers) {
    const list = `${buffer}|${transforms.map(({ name, value }) => `${name}:${value ?? ''}`).join('|')}`;
    count(terms, list);
  }
  return {
    named: namesOf(buffers, written),
    written,
    count: Math.max(0, ...[...written.values()].map((at) => at + 1)),
  };

  function count(terms: readonly Term[], list: string): void {
    for (const term of terms) {
      if (term.kind === 'base64_decode') count(term.data, 'base64_data');
      if (term.kind !== 'byte_extract' && term.kind !== 'byte_math') continue;
      const key = `${term.kind}|${list}`;
      const slot = counts.get(key) ?? 0;
      counts.set(key, slot + 1);
      written.set(term, slot);
    }
  }
}

const isOfVariables = ({ kind }: Term): boolean =>
  kind === 'byte_extract' || kind === 'byte_math' || kind === 'base64_decode';

/** A name that is set twice is that of the first byte_extract, else byte_math; the payload's are looked for last. */
function namesOf(buffers: readonly BufferTerms[], written: ReadonlyMap<Term, number>): Map<string, number> {
  const named = new Map<string, number>();
  const terms = flat(buffers.filter(({ buffer }) => buffer !== 'payload')).concat(
    flat(buffers.filter(({ buffer }) => buffer === 'payload')),
  );
  for (const kind of ['byte_extract', 'byte_math'] as const)
    for (const term of terms) if (term.kind === kind && !named.has(term.name)) named.set(term.name, written.get(term)!);
  return named;
}

const flat = (buffers: readonly BufferTerms[]): Term[] =>
  buffers.flatMap(({ terms }) =>
    terms.flatMap((term) => (term.kind === 'base64_decode' ? [term, ...term.data] : [term])),
  );

/** One for each rule and worker: it may be used again without being cleared, since a rule sets before it reads. */
export function newVariables({ count }: VariableSlots): ByteVariables {
  return count === 0 ? NONE : new BigUint64Array(count);
}

/** Of nearly all rules. */
const NONE: ByteVariables = new BigUint64Array(0);
