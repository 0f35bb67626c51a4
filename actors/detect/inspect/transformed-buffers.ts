/**
 * How transformed buffers of the transaction at hand are read. Suricata transforms one when the prefilter, or the first rule,
 * looks at it, and all that follow get the same. The question with the rule's fast pattern leaves that to the prefilter: where that
 * has not looked with this packet, it gets the buffer as it is.
 */
import type { BufferTerms } from '../rules/rule.ts';

export class TransformedBuffers {
  readonly #known = new Map<string, boolean>();

  /** With each packet and transaction. */
  forget(): void {
    if (this.#known.size > 0) this.#known.clear();
  }

  /** `list`: of `transformedList`; `isLeft`: whoever asks leaves it to the prefilter. */
  isTransformed(list: string, isLeft: boolean): boolean {
    const known = this.#known.get(list);
    if (known !== undefined) return known;
    this.#known.set(list, !isLeft);
    return !isLeft;
  }
}

/** What Suricata keeps one buffer for. null: it is not transformed. */
export const transformedList = ({ buffer, transforms }: BufferTerms): string | null =>
  transforms.length === 0 ? null : JSON.stringify([namedAlike(buffer), transforms]);

/** The list of a buffer, transformed or not. */
export const listOf = (terms: BufferTerms): string => transformedList(terms) ?? namedAlike(terms.buffer);

const namedAlike = (buffer: string): string => (buffer === 'http.response_body' ? 'file.data' : buffer);
