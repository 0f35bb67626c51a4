import fc from 'fast-check';
import t from 'tap';
import { bufferMatcher, NO_VARIABLES, newVariables, variableSlots } from '../../../../actors/detect/match/index.ts';
import { fastPattern } from '../../../../actors/detect/prefilter/index.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import type { ContentTerm, IsDataAtTerm, SizeTerm } from '../../../../actors/detect/rules/rule.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';

type PlainTerm = ContentTerm | IsDataAtTerm | SizeTerm;
const groups = variables();
const none = newVariables(NO_VARIABLES);

const buffersOf = (options: string) => parseRule(`alert tcp any any -> any any (${options} sid:1;)`, groups).buffers;

function termsOf(options: string): PlainTerm[] {
  return buffersOf(options)[0]!.terms.filter((term): term is PlainTerm =>
    ['content', 'isdataat', 'bsize'].includes(term.kind),
  );
}

/** The options are about one buffer. */
function matches(options: string, text: string, streamOffset = 0): boolean {
  const buffers = buffersOf(options);
  const slots = variableSlots(buffers);
  return bufferMatcher(buffers[0]!, slots).matches(Buffer.from(text, 'latin1'), newVariables(slots), streamOffset);
}

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
    ['content:!"a"; isdataat:!1,relative;', 'x', true],
    ['content:!"a"; isdataat:!1,relative;', 'xa', false],
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
    // As the first term a negation with a distance of nothing has no place, and those have tests of their own.
    const distance = isNegated && low === back ? 1 : low - back;
    const where = isRelative
      ? `distance:${distance};${room === null ? '' : ` within:${word.length + room};`}`
      : place === 'none'
        ? ''
        : `offset:${low};${room === null ? '' : ` depth:${word.length + room};`}`;
    return `content:${isNegated ? '!' : ''}"${word}"; ${where}${nocase ? ' nocase;' : ''}${endsWith && !isNegated ? ' endswith;' : ''}`;
  });
const tail = fc
  .tuple(fc.boolean(), fc.nat(4), fc.boolean())
  // isdataat:!1,relative is endswith of the content, and has a test of its own.
  .map(([no, at, relative]) => [no, no && relative ? at + 2 : at, relative] as const)
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
      // In a sticky buffer, where no number cuts a relative one off from what it counts from.
      const matcher = bufferMatcher({ ...buffersOf(options)[0]!, isSticky: true }, NO_VARIABLES);
      return matcher.matches(Buffer.from(text, 'latin1'), none) === expected;
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

t.test('a window of a stream is asked with its place in the stream', async (t) => {
  t.equal(matches('content:"a"; depth:4;', 'xa', 2), true);
  t.equal(matches('content:"a"; depth:3;', 'xa', 2), false);
  t.equal(matches('content:"a"; depth:2;', 'xa', 2), false);
  t.equal(matches('http.uri; bsize:4;', 'xa', 2), true);
});

t.test('numbers are read, compared, jumped by, and kept for later terms', async (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['byte_test:2,>,256,0;', '\x01\x01', true],
    ['byte_test:2,>,256,0;', '\x01\x00', false],
    ['byte_test:2,=,1,0,little;', '\x01\x00', true],
    ['byte_test:1,!&,0x80,0;', '\x7f', true],
    ['byte_test:1,&,0x80,0;', '\x7f', false],
    ['byte_test:1,=,3,0,bitmask 0x30;', '\x3f', true],
    ['byte_test:8,=,9007199254740991,0;', '\x00\x1f\xff\xff\xff\xff\xff\xff', true],
    ['byte_test:8,=,9007199254740991,0;', '\x01\x1f\xff\xff\xff\xff\xff\xff', false],
    ['content:"a"; byte_test:3,=,123,0,relative,string,dec;', 'xa123', true],
    ['content:"a"; byte_test:1,=,1,0,relative;', 'xa', false],
    ['byte_jump:1,0; content:"b"; within:1;', '\x02xxb', true],
    ['byte_jump:1,0; content:"b"; within:1;', '\x02xb', false],
    ['byte_jump:1,0,multiplier 2,post_offset -1; content:"b"; within:1;', '\x01xb', true],
    ['byte_jump:1,0,bitmask 0x06; content:"b"; within:1;', '\xf4xxb', true],
    ['byte_jump:1,0,bitmask 0x06; content:"b"; within:1;', '\xf8xxb', false],
    ['byte_jump:1,0,align; content:"b"; within:1;', '\x01xxxxb', true],
    ['byte_jump:1,0,from_beginning; content:"b"; within:1;', '\x01b', true],
    ['byte_jump:1,0,from_end; content:"b";', '\x00b', true],
    ['byte_jump:1,0,from_end; content:"b";', '\x01b', false],
    ['byte_jump:1,1,post_offset -5; content:"b"; within:1;', 'b\x01', true],
    ['byte_extract:1,0,n; content:"b"; offset:n; depth:1;', '\x02xb', true],
    ['byte_extract:1,0,n; content:"b"; offset:n; depth:1;', '\x02xxb', false],
    ['byte_extract:1,0,n; content:"a"; content:"b"; distance:n; within:1;', '\x01a.b', true],
    ['byte_extract:1,0,n; content:"a"; content:"b"; distance:n; within:1;', '\x02a.b', false],
    ['byte_extract:1,0,n; isdataat:n;', '\x02aa', true],
    ['byte_extract:1,0,n; isdataat:n;', '\x03aa', false],
    ['byte_math:bytes 1,offset 0,oper *,rvalue 3,result r; byte_test:1,=,r,1;', '\x02\x06', true],
    ['byte_math:bytes 1,offset 0,oper -,rvalue 3,result r; byte_test:8,=,r,1;', `\x02${'\xff'.repeat(8)}`, true],
    ['byte_math:bytes 1,offset 0,oper >>,rvalue 1,result r; byte_test:1,=,r,1;', '\x06\x03', true],
  ];
  for (const [options, text, expected] of cases) t.equal(matches(options, text), expected, `${options} in ${text}`);
});

t.test('a byte_extract and a byte_math of one buffer share a place, as in Suricata', async (t) => {
  const options = 'byte_extract:1,0,a; byte_math:bytes 1, offset 1, oper +, rvalue 1, result b; byte_test:1,=,a,2;';
  t.equal(matches(options, '\x01\x05\x06'), true);
  t.equal(matches(options, '\x01\x05\x01'), false);
});

t.test('a relative expression begins where the term before ended, and sees nothing before it', async (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['content:"x"; pcre:"/^a/R";', 'bxa', true],
    ['content:"x"; pcre:"/(?<=x)a/R";', 'bxa', false],
    ['content:"x"; pcre:"/^ab/R";', 'xaxab', true],
    ['content:"x"; pcre:"/^a/R"; content:"b"; within:1;', 'xab', true],
    ['content:"x"; pcre:"/^a/R"; content:"b"; within:1;', 'xaab', false],
    ['pcre:"/a/"; content:"b"; within:1;', 'aab', true],
    ['pcre:!"/z/"; content:"b"; distance:0;', 'ab', true],
    ['pcre:!"/z/"; content:"b"; distance:0;', 'abz', false],
  ];
  for (const [options, text, expected] of cases) t.equal(matches(options, text), expected, `${options} in ${text}`);
});

t.test('a trace tells where each term was met, or the term that no try got past', async (t) => {
  const options = 'content:"a"; content:"b"; within:1; byte_test:1,=,1,0,relative;';
  const [buffer] = buffersOf(options);
  const matcher = bufferMatcher(buffer!, NO_VARIABLES);
  t.same(matcher.trace(Buffer.from('axab\x01'), none).places.slice(0, 2), [
    { start: 2, end: 3 },
    { start: 3, end: 4 },
  ]);
  t.same(matcher.trace(Buffer.from('axab\x02'), none).failed, 2);
  t.same(matcher.trace(Buffer.from('axa'), none).failed, 1);
  t.same(matcher.trace(Buffer.from('x'), none), {
    isMatch: false,
    places: [null, null, null],
    failed: 0,
    hasGivenUp: false,
  });
});

t.test('a negated content that is the fast pattern of its rule is not asked for its end', async (t) => {
  const [buffer] = buffersOf('content:!"ab"; endswith;');
  const [content] = buffer!.terms;
  t.ok(content?.kind === 'content');
  const fast = content?.kind === 'content' ? content : null;
  t.equal(bufferMatcher(buffer!, NO_VARIABLES, fast).matches(Buffer.from('abx'), none), false);
  t.equal(bufferMatcher(buffer!, NO_VARIABLES).matches(Buffer.from('abx'), none), true);
  t.equal(bufferMatcher(buffer!, NO_VARIABLES, fast).matches(Buffer.from('x'), none), true);
});

t.test('a rule is asked where its fast pattern lies within the place that the contents before it leave', async (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['content:"|0c|"; depth:6; content:"ot|00||0c|pa"; distance:-4; within:6;', 'root\0\x0cpasswd', false],
    ['content:"|0c|"; depth:6; content:"ot|00||0c|"; distance:-4; within:6;', 'root\0\x0cpasswd', true],
    [
      'content:"|0c|"; depth:6; content:"ot|00||0c|pa"; distance:-4; within:8; fast_pattern:0,2;',
      'root\0\x0cpasswd',
      true,
    ],
    ['content:"b"; depth:2; content:"aa"; distance:-1; within:6; fast_pattern;', 'abxxaa', true],
    ['content:"b"; depth:2; content:"aa"; distance:-1; within:6; fast_pattern;', 'abxxxaa', false],
    ['content:"b"; depth:2; content:"aa"; distance:-1; within:6; content:"abxx"; fast_pattern;', 'abxxxaa', true],
  ];
  for (const [options, text, expected] of cases) {
    const rule = parseRule(`alert tcp any any -> any any (${options} sid:1;)`, groups);
    const matcher = bufferMatcher(rule.buffers[0]!, NO_VARIABLES, fastPattern(rule)?.content);
    t.equal(matcher.matches(Buffer.from(text, 'latin1'), none), expected, `${options} in ${JSON.stringify(text)}`);
  }
});
