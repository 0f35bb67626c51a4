import fc from 'fast-check';
import t from 'tap';
import { contentMatcher, type PlainTerm } from '../../../../actors/detect/match/match-contents.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';

const groups = variables();

function termsOf(options: string): PlainTerm[] {
  const { buffers } = parseRule(`alert tcp any any -> any any (${options} sid:1;)`, groups);
  return buffers[0]!.terms.filter((term): term is PlainTerm => ['content', 'isdataat', 'bsize'].includes(term.kind));
}

const matches = (options: string, text: string): boolean =>
  contentMatcher(termsOf(options))(Buffer.from(text, 'latin1'));

t.test('each place of a content holds at its ends and not beyond', async (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['content:"ab"; offset:1;', 'xab', true],
    ['content:"ab"; offset:2;', 'xab', false],
    ['content:"ab"; depth:3;', 'xab', true],
    ['content:"ab"; depth:2;', 'xab', false],
    ['content:"ab"; offset:1; depth:2;', 'xab', true],
    ['content:"ab"; startswith;', 'abx', true],
    ['content:"ab"; startswith;', 'xab', false],
    ['content:"ab"; endswith;', 'abxab', true],
    ['content:"ab"; endswith;', 'abx', false],
    ['content:"AB"; nocase;', 'xaB', true],
    ['content:"AB";', 'xab', false],
    ['content:!"ab";', 'xab', false],
    ['content:!"ab"; depth:2;', 'xab', true],
    ['content:!"ab"; endswith;', 'abx', true],
    ['content:!"ab"; endswith;', 'xab', false],
    ['content:"a"; content:"b"; distance:1;', 'a.b', true],
    ['content:"a"; content:"b"; distance:1;', 'ab', false],
    ['content:"a"; content:"b"; within:1;', 'aab', true],
    ['content:"a"; content:"b"; within:1;', 'a.b', false],
    ['content:"a"; content:"b"; distance:-2;', 'ba', true],
    ['content:"a"; content:"b"; distance:1; within:1; content:"c"; distance:0; within:1;', 'a.bxa.bc', true],
    ['content:"a"; content:!"b"; within:1;', 'abac', true],
    ['content:"a"; content:!"b"; within:1;', 'abab', false],
    ['content:"a"; distance:-2; within:1;', 'xxa', true],
    ['content:"a"; distance:-1; within:1;', 'a', false],
    ['content:"a"; isdataat:1,relative;', 'xab', true],
    ['content:"a"; isdataat:1,relative;', 'xa', false],
    ['content:"a"; isdataat:!1,relative;', 'axa', true],
    ['content:"a"; isdataat:3;', 'axa', false],
    ['content:"a"; isdataat:2;', 'axa', true],
    ['content:"yYYYYYYYYYYYYYYYY"; distance:9; within:29; endswith;', `${'x'.repeat(9)}yYYYYYYYYYYYYYYYY`, true],
  ];
  for (const [options, text, expected] of cases) t.equal(matches(options, text), expected, `${options} in ${text}`);
});

t.test(
  'the first place decides where nothing counts from it: a negation with an absolute place cuts the chain',
  async (t) => {
    t.equal(matches('content:"a"; content:!"z"; content:"b"; within:1;', 'a.ab'), false);
    t.equal(matches('content:"a"; content:"b"; within:1; content:!"z";', 'a.ab'), true);
  },
);

/** Every choice of places, tried out: nothing is known here of anchors and of giving up. */
function exists(terms: readonly PlainTerm[], text: string, end = 0): boolean {
  const [term, ...rest] = terms;
  if (term === undefined) return true;
  if (term.kind === 'bsize') return false;
  if (term.kind === 'isdataat') {
    const at = Number(term.at);
    const isThere = term.isRelative ? end + at <= text.length : at < text.length;
    return isThere !== term.isNegated && exists(rest, text, end);
  }
  const word = String.fromCharCode(...term.bytes);
  const isRelative = term.distance !== null || term.within !== null;
  const places = Array.from({ length: text.length + 1 }, (_, at) => at).filter((at) => {
    const found = text.slice(at, at + word.length);
    if (term.nocase ? found.toLowerCase() !== word.toLowerCase() : found !== word) return false;
    const stop = at + word.length;
    if (term.endsWith && stop !== text.length) return false;
    const base = isRelative ? end + Number(term.distance ?? 0) : Number(term.offset ?? 0);
    const room = isRelative ? term.within : term.depth;
    return at >= Math.max(0, base) && (room === null || base + Number(room) < 0 || stop <= base + Number(room));
  });
  if (term.isNegated) return places.length === 0 && exists(rest, text, end);
  return places.some((at) => exists(rest, text, at + word.length));
}

const content = fc
  .record({
    word: fc.string({ unit: fc.constantFrom('a', 'b', 'A'), minLength: 1, maxLength: 2 }),
    isNegated: fc.boolean(),
    nocase: fc.boolean(),
    place: fc.constantFrom('none', 'absolute', 'relative', 'relative'),
    low: fc.nat(3),
    room: fc.option(fc.nat(3)),
    back: fc.nat(2),
    endsWith: fc.constantFrom(true, false, false, false),
  })
  .map(({ word, isNegated, nocase, place, low, room, back, endsWith }) => {
    // A negation stays in the chain, and its end is not asked for: the other cases have tests of their own.
    const isRelative = place === 'relative' || isNegated;
    const where = isRelative
      ? `distance:${low - back};${room === null ? '' : ` within:${word.length + room};`}`
      : place === 'none'
        ? ''
        : `offset:${low};${room === null ? '' : ` depth:${word.length + room};`}`;
    return `content:${isNegated ? '!' : ''}"${word}"; ${where}${nocase ? ' nocase;' : ''}${endsWith && !isNegated ? ' endswith;' : ''}`;
  });
const tail = fc
  .tuple(fc.boolean(), fc.nat(4), fc.boolean())
  .map(([no, at, relative]) => `isdataat:${no ? '!' : ''}${at}${relative ? ',relative' : ''};`);
const rule = fc
  .array(fc.oneof({ weight: 4, arbitrary: content }, { weight: 1, arbitrary: tail }), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(' '));

t.test('a buffer matches exactly if some choice of places does', async (t) => {
  const seen = { true: 0, false: 0 };
  fc.assert(
    fc.property(rule, fc.string({ unit: fc.constantFrom('a', 'b', 'A', '.'), maxLength: 12 }), (options, text) => {
      const expected = exists(termsOf(options), text);
      seen[`${expected}`] += 1;
      return matches(options, text) === expected;
    }),
    { numRuns: 4000 },
  );
  t.ok(seen.true > 300 && seen.false > 300, JSON.stringify(seen));
});

t.test('a buffer made to be tried without end is given up', async (t) => {
  const options = `${'content:"a"; distance:0; '.repeat(12)}content:"b"; distance:0;`;
  t.equal(matches(options, 'a'.repeat(60_000)), false);
  t.equal(matches(options, `${'a'.repeat(12)}b`), true);
});
