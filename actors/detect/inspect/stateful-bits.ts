/**
 * Bits of flows that rules about transactions set, and rules about packets or the stream alone ask for. Suricata asks such
 * a rule of transactions, too, by its payload: where it cannot be asked before what sets the bit, which comes later in a
 * packet. A flow without transactions it is not asked of at all.
 */
import type { AnyProtocol } from '../protocols/index.ts';
import type { Rule } from '../rules/rule.ts';
import { PACKET_BUFFERS, transactionParts } from './rule-type.ts';

/** By the whole set. */
export class StatefulBits {
  readonly #protocols: readonly AnyProtocol[];
  readonly #set = new Set<string>();
  readonly #asked = new Set<string>();

  constructor(protocols: readonly AnyProtocol[]) {
    this.#protocols = protocols;
  }

  add(rule: Rule): void {
    if (!rule.conditions.some(({ keyword }) => keyword === 'flowbits') || !this.#hasState(rule)) return;
    for (const bit of bitsOf(rule, 'set')) this.#set.add(bit);
    for (const bit of bitsOf(rule, 'isset')) this.#asked.add(bit);
  }

  /** Once all rules are added. */
  makeStateful(rule: Rule): boolean {
    return this.#set.size > 0 && bitsOf(rule, 'isset').some((bit) => this.#set.has(bit) && !this.#asked.has(bit));
  }

  /** Headers of packets count here, too. */
  #hasState(rule: Rule): boolean {
    return (
      rule.buffers.some(({ buffer }) => PACKET_BUFFERS.has(buffer)) ||
      transactionParts(rule, this.#protocols).length > 0
    );
  }
}

const bitsOf = ({ conditions }: Rule, wanted: 'set' | 'isset'): readonly string[] =>
  conditions.flatMap(({ keyword, value }) => {
    if (keyword !== 'flowbits' || value.type !== 'words' || value.words[0] !== wanted) return [];
    return wanted === 'set' ? value.words.slice(1, 2) : value.words.slice(1);
  });
