/** How long a payload or buffer must be for its contents to be there, and whether dsize, bsize or urilen leaves them the room. */
import { type NumberTest, printedTest } from './numbers.ts';
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
  for (const { buffer, transforms, terms } of buffers) {
    if (buffer === 'payload') fits('dsize', sizeNamed(conditions), terms);
    if (transforms.length === 0) fitEach(uriBound(buffer, conditions), terms);
    const size = terms.find(isSize);
    if (size !== undefined) fits('bsize', mostOf(size.size), terms);
  }
}

function fits(keyword: string, most: number | null, terms: readonly Term[]): void {
  if (most === null) return;
  const needed = requiredLength(terms, most);
  if (needed > most) wrong(keyword, `${most} bytes have no room for contents that need ${needed}`);
}

/** What Suricata makes of urilen: the depth of every content in that URI; 0: none. The last one counts. */
function uriBound(buffer: string, conditions: readonly Condition[]): number {
  const form = URIS[buffer];
  let bound = 0;
  if (form === undefined) return bound;
  for (const { keyword, value } of conditions)
    if (keyword === 'urilen' && value.type === 'fields' && value.fields.of === form)
      bound = boundOf(printedTest(String(value.fields.length)), bound);
  return bound;
}

const URIS: Readonly<Record<string, string>> = { 'http.uri': 'norm', 'http.uri.raw': 'raw' };

function boundOf({ is, value, high }: NumberTest, before: number): number {
  switch (is) {
    case 'equal':
    case 'atMost':
      return value;
    case 'less':
      return value + 1;
    case 'between':
      return (high ?? 0) + 1;
    case 'unequal':
    case 'more':
    case 'atLeast':
      return 0;
    default:
      return before;
  }
}

function fitEach(most: number, terms: readonly Term[]): void {
  if (most === 0) return;
  for (const term of terms)
    if (term.kind === 'content' && term.bytes.length > most)
      wrong('urilen', `a content of ${term.bytes.length} bytes has no room in the ${most} that it leaves`);
}
