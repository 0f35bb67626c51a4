import { readFileSync } from 'node:fs';
import t from 'tap';
import { compileRegex } from '../../../../actors/detect/match/regex/index.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

function find(pattern: string, flags: string, text: string, from = 0): readonly [number, number] | 'given up' | null {
  const regex = compileRegex(pattern, flags);
  const isFound = regex.find(latin1(text), 0, from);
  return regex.hasGivenUp ? 'given up' : isFound ? [regex.start, regex.end] : null;
}

type Row = readonly [string, string, readonly (readonly [string, readonly [number, number] | number])[] | null];

t.test('generated expressions match where PCRE2 10.42 says, and those that it refuses are refused', async (t) => {
  const rows = ['pcre2-answers.json', 'pcre2-properties.json'].flatMap(
    (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as readonly Row[],
  );
  let matched = 0;
  for (const [pattern, flags, answers] of rows) {
    if (answers === null) {
      t.throws(() => compileRegex(pattern, flags), `/${pattern}/${flags}`);
      continue;
    }
    for (const [text, answer] of answers) {
      const found = find(pattern, flags, text);
      if (Array.isArray(answer)) matched += 1;
      const expected = typeof answer === 'number' ? null : answer;
      if (JSON.stringify(found) !== JSON.stringify(expected))
        t.same(found, expected, `/${pattern}/${flags} in ${JSON.stringify(text)}`);
    }
  }
  t.ok(matched > 500, `${matched} matches`);
});

t.test('properties are those that Unicode gives the characters of Latin-1, whatever the case', async (t) => {
  const held = (pattern: string, flags = ''): string =>
    Array.from({ length: 256 }, (_, byte) => byte)
      .filter((byte) => Array.isArray(find(pattern, flags, String.fromCharCode(byte))))
      .map((byte) => byte.toString(16))
      .join(' ');
  t.equal(held('\\p{Sc}'), '24 a2 a3 a4 a5');
  t.equal(held('\\p{ n_o }'), 'b2 b3 b9 bc bd be');
  t.equal(held('\\pZ'), '20 a0');
  t.equal(held('[\\p{Xsp}]', 'i'), '9 a b c d 20 85 a0');
  t.equal(held('\\p{Pi}|\\P{^Pf}'), 'ab bb');
  t.equal(held('[^\\PP]'), held('\\p{P}'));
  t.equal(held('\\p{Lu}', 'i'), held('[A-Z\xc0-\xd6\xd8-\xde]'));
  t.equal(held('[a\\p{Lu}]', 'i'), held('[aA-Z\xc0-\xd6\xd8-\xde]'));
  for (const refused of [
    '\\p',
    '\\pQ',
    '\\p{',
    '\\p{Greek}',
    '\\X',
    '\\P{L}+',
    '[\\pL-z]',
    '(?<a>a)(?<a>b)',
    '(?|(?<a>a)|(?<b>b))',
  ])
    t.throws(() => compileRegex(refused, ''), refused);
  t.same(find('(?|(?<a>a)|(?<a>b))\\k<a>', '', 'abb'), [1, 3]);
});

t.test('an attempt ends at the match limit, counted as PCRE2 counts', async (t) => {
  t.equal(find('(a+)+$', '', `${'a'.repeat(30)}b`), 'given up');
  t.same(find('foo.*bar', 's', `foobar${'y'.repeat(3400)}`), [0, 6]);
  t.equal(find('foo.*bar', 's', `foobar${'y'.repeat(8000)}`), 'given up');
  t.same(find('foo[^z]*bar', '', `foobar${'y'.repeat(8000)}`), [0, 6]);
  t.equal(find('foo[^z]*bar', '', `foobar${'b'.repeat(8000)}`), 'given up');
  t.same(find('\\d+x', '', `${'1 '.repeat(5000)}1x`), [10_000, 10_002]);
  t.same(find('(?:x|y)*bar', '', `${'xy'.repeat(600)}bar`), [0, 1203]);
  t.equal(find('(?:x|y)*bar', '', `${'xy'.repeat(900)}bar`), 'given up');
  // What it needs is not there at all.
  t.equal(find('(?:x|y)*bar', '', 'xy'.repeat(900)), null);
});

t.test('no text keeps an expression busy: beyond its steps there is no match', async (t) => {
  const text = 'ab'.repeat(300_000);
  for (const pattern of ['(?:a|b)*c', '.*.*.*c', '(a?){30}b{3}', '(?=(a|b)*)c', '(\\w+)\\1z'])
    t.notOk(Array.isArray(find(pattern, 's', text)), pattern);
  const regex = compileRegex('(?:a|b)*?c', '');
  t.notOk(regex.find(latin1(`${text}c`), 0, 0, 1000));
  t.ok(regex.hasGivenUp && regex.stepsLeft <= 0);
});

t.test('a later search goes on where it is told to, with what lies before it in sight', async (t) => {
  t.same(find('a', '', 'aa', 1), [1, 2]);
  t.same(find('^a', '', 'aa', 1), null);
  t.same(find('\\Ga', '', 'aa', 1), [1, 2]);
  t.same(find('(?<=a)a', '', 'aa', 1), [1, 2]);
});
