/** How long a payload or buffer must be for its contents to be there, and whether dsize or bsize leaves them the room. */
import type { NumberTest } from './numbers.ts';
import type { Amount, BufferTerms, Condition, ContentTerm, SizeTerm, Term } from './rule.ts';
import { wrong } from './rule-mistake.ts';

/** As Suricata counts it: the first content, and those of the others that are relative and not negated. */
function requiredLength(terms: readonly Term[], most: number): number {
  let length = 0;
  let offset = 0;
  const contents = terms.filter((term): term is ContentTerm => term.kind === 'content');
  for (const [i, content] of contents.entries()) {
    const isRelative = content.distance !== null || content.within !== null;
    if (i > 0 && !isRelative) continue;
    if (i > 0 && content.isNegated) {
      // Its place must lie in what there is.
      const needed = length + number(content.distance) + number(content.within);
      if (needed > most) return needed;
      continue;
    }
    offset = Math.max(offset, number(content.offset));
    length += content.bytes.length + number(content.distance);
  }
  return length + offset;
}

const number = (amount: Amount | null): number => (typeof amount === 'number' ? amount : 0);

/** What Suricata takes for the most that a size leaves room for; also the number that it must not be. */
function mostOf({ is, value, high }: NumberTest): number | null {
  if (is === 'equal' || is === 'less') return value;
  return is === 'between' ? high : null;
}

/** Of dsize; null: it sets no bound. */
export function sizeNamed(conditions: readonly Condition[]): number | null {
  const size = conditions.find(isPayloadSize)?.value;
  if (size?.type !== 'number') return null;
  return size.test.is === 'unequal' ? size.test.value : mostOf(size.test);
}

const isPayloadSize = ({ keyword }: Condition): boolean => keyword === 'dsize';
const isSize = (term: Term): term is SizeTerm => term.kind === 'bsize';

export function checkRoom(buffers: readonly BufferTerms[], conditions: readonly Condition[]): void {
  for (const { buffer, terms } of buffers) {
    if (buffer === 'payload') fits('dsize', sizeNamed(conditions), terms);
    const size = terms.find(isSize);
    if (size !== undefined) fits('bsize', mostOf(size.size), terms);
  }
}

function fits(keyword: string, most: number | null, terms: readonly Term[]): void {
  if (most === null) return;
  const needed = requiredLength(terms, most);
  if (needed > most) wrong(keyword, `${most} bytes have no room for contents that need ${needed}`);
}
