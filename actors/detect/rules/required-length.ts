/** How long a payload or buffer must be for its contents to be there, and whether dsize or bsize leaves them the room. */
import type { NumberTest } from './numbers.ts';
import type { BufferTerms, Condition, ContentTerm, Term } from './rule.ts';
import { wrong } from './rule-mistake.ts';

/** As Suricata counts it: the first content, and those of the others that are relative and not negated. */
function requiredLength(terms: readonly Term[]): number {
  let length = 0;
  let offset = 0;
  const contents = terms.filter((term): term is ContentTerm => term.kind === 'content');
  for (const [i, content] of contents.entries()) {
    const isRelative = content.distance !== null || content.within !== null;
    if (i > 0 && (!isRelative || content.isNegated)) continue;
    if (typeof content.offset === 'number') offset = Math.max(offset, content.offset);
    length += content.bytes.length + (typeof content.distance === 'number' ? content.distance : 0);
  }
  return length + offset;
}

export function checkRoom(buffers: readonly BufferTerms[], conditions: readonly Condition[]): void {
  for (const { buffer, terms } of buffers) {
    if (buffer === 'payload') {
      const size = conditions.find(({ keyword }) => keyword === 'dsize')?.value;
      // Suricata takes the number that a size must not be for one that it must be.
      if (size?.type === 'number' && size.test.is === 'unequal') fits('dsize', size.test.value, terms);
      else if (size?.type === 'number') fitsEqual('dsize', size.test, terms);
    }
    for (const term of terms) {
      if (term.kind !== 'bsize') continue;
      if (term.size.is === 'between') fits('bsize', term.size.high!, terms);
      else fitsEqual('bsize', term.size, terms);
    }
  }
}

function fitsEqual(keyword: string, test: NumberTest, terms: readonly Term[]): void {
  if (test.is === 'equal') fits(keyword, test.value, terms);
}

function fits(keyword: string, value: number, terms: readonly Term[]): void {
  const needed = requiredLength(terms);
  if (needed > value) wrong(keyword, `${value} bytes have no room for contents that need ${needed}`);
}
