import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { contentBytes, printBytes } from '../../../../actors/detect/rules/keywords/content-bytes.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import { RuleMistake } from '../../../../actors/detect/rules/rule-mistake.ts';
import { readRules } from '../../../../actors/detect/rules/rule-set.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';
import { needs, sharedData } from '../../../support/needs.ts';

const groups = variables();
const table = (name: string): string[] =>
  readFileSync(new URL(`./${name}`, import.meta.url), 'latin1')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

function verdict(text: string): RuleMistake | null {
  try {
    parseRule(text, groups);
    return null;
  } catch (thrown) {
    if (thrown instanceof RuleMistake) return thrown;
    throw thrown;
  }
}

t.test('what Suricata refuses is refused', async (t) => {
  const rules = table('refused-by-suricata.rules');
  t.ok(rules.length > 150);
  t.same(
    rules.filter((rule) => verdict(rule) === null),
    [],
  );
});

t.test('what Suricata accepts is accepted, or refused as not supported', async (t) => {
  const rules = table('accepted-by-suricata.rules');
  t.ok(rules.length > 200);
  const refused = rules.flatMap((rule) => verdict(rule) ?? []);
  t.same(
    refused.filter(({ kind }) => kind === 'wrong').map(({ keyword, message }) => `${keyword}: ${message}`),
    [],
  );
  t.ok(refused.length < rules.length / 4, `${refused.length} of ${rules.length} are not supported`);
});

t.test('what Suricata 8 accepts beyond that is accepted', async (t) => {
  const refused = table('accepted-by-suricata8.rules').flatMap((rule) => verdict(rule)?.message ?? []);
  t.same(refused, []);
});

t.test('what Suricata 8 refuses is refused', async (t) => {
  const taken = table('refused-by-suricata8.rules').filter((rule) => verdict(rule)?.kind !== 'wrong');
  t.same(taken, []);
});

t.test('every rule of the verification suite is accepted', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const root = sharedData('ids-suricata-verify');
  const cases = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.ok(cases.length > 20);
  for (const { name } of cases) {
    const { accepted, refused } = readRules(
      [{ name, text: readFileSync(`${root}/${name}/test.rules`, 'latin1') }],
      groups,
    );
    t.ok(accepted.length > 0);
    t.same(refused, [], name);
  }
});

t.test('terms stand in their buffers, however those were named', async (t) => {
  const legacy = parseRule(
    'alert http any any -> any any (content:"a|42|\\;"; http_uri; nocase; content:"d"; within:9; http_uri; content:"e"; pcre:"/f/Pi"; sid:1;)',
    groups,
  );
  const sticky = parseRule(
    'alert http any any -> any any (content:"e"; http.uri; content:"a|42|\\;"; nocase; content:"d"; within:9; http.request_body; pcre:"/f/i"; sid:1;)',
    groups,
  );
  const named = ({ buffers }: typeof legacy) => buffers.map(({ buffer, terms }) => ({ buffer, terms }));
  t.same(named(legacy), named(sticky));
  t.same(
    [legacy, sticky].map(({ buffers }) => buffers.map(({ isSticky }) => isSticky)),
    [
      [false, false, false],
      [false, true, true],
    ],
  );
  t.same(
    legacy.buffers.map(({ buffer, terms }) => [buffer, terms.length]),
    [
      ['payload', 1],
      ['http.uri', 2],
      ['http.request_body', 1],
    ],
  );
  const relative = parseRule(
    'alert http any any -> any any (content:"a"; http_uri; byte_test:1,=,1,0,relative; isdataat:1; sid:1;)',
    groups,
  );
  t.same(
    relative.buffers.map(({ buffer, terms }) => [buffer, ...terms.map(({ kind }) => kind)]),
    [
      ['payload', 'isdataat'],
      ['http.uri', 'content', 'byte_test'],
    ],
  );
});

t.test('a mistake has its file, line and column, in a rule of several lines, too', async (t) => {
  const text =
    '# one\n\nalert tcp any any -> any any ( \\\n  content:"a"; \\\n   depth:0; sid:1;)\nalert tcp any any -> any any (sid:2;)\n  alert tcp any any -> any any (dsize:x; sid:3;)\n';
  const { accepted, refused } = readRules([{ name: 'x.rules', text }], groups);
  t.same(
    accepted.map(({ rule, line }) => [rule.sid, line]),
    [[2, 6]],
  );
  t.match(refused, [
    { file: 'x.rules', line: 5, column: 4, keyword: 'depth', kind: 'wrong' },
    { line: 7, column: 33, keyword: 'dsize' },
  ]);
});

t.test('of two revisions the newer one counts, and an equal one is refused', async (t) => {
  const rule = (rev: number, msg: string) => `alert ip any any -> any any (msg:"${msg}"; sid:7; rev:${rev};)\n`;
  const { accepted, refused } = readRules([{ name: 'x', text: rule(1, 'a') + rule(2, 'b') + rule(2, 'c') }], groups);
  t.same(
    accepted.map(({ rule: { msg } }) => msg),
    ['b'],
  );
  t.match(refused, [{ line: 3, keyword: 'sid' }]);
});

t.test('any bytes can be written as a content and read again', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) =>
      Buffer.from(bytes).equals(contentBytes('content', printBytes(bytes))),
    ),
  );
});

t.test('whatever stands in a file, it is read or refused with a place in it', async (t) => {
  const seeds = [...table('accepted-by-suricata.rules'), ...table('refused-by-suricata.rules')];
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.constantFrom(...seeds),
      fc.nat(),
      fc.nat(),
      fc.string({ maxLength: 4, unit: 'binary-ascii' }),
    )
    .map(([a, b, i, j, middle]) => a.slice(0, i % (a.length + 1)) + middle + b.slice(j % (b.length + 1)));
  let refusals = 0;
  fc.assert(
    fc.property(mutated, (text) => {
      const { refused } = readRules([{ name: 'x', text }], groups);
      const lines = text.split('\n');
      refusals += refused.length;
      return refused.every(({ line, column }) => column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 2);
    }),
    { numRuns: 3000 },
  );
  t.ok(refusals > 1000);
});

t.test('hashes and serial numbers are looked for in the case that they have', async (t) => {
  const contentOf = (buffer: string, text: string): string => {
    const rule = parseRule(`alert tls any any -> any any (${buffer}; content:"${text}"; sid:1;)`, groups);
    const [term] = rule.buffers[0]!.terms;
    return term?.kind === 'content' ? Buffer.from(term.bytes).toString('latin1') : '';
  };
  t.equal(contentOf('tls.cert_serial', '0a:fF'), '0A:FF');
  t.equal(contentOf('ja3.hash', 'AB'.repeat(16)), 'ab'.repeat(16));
  t.equal(contentOf('tls.cert_issuer', 'Ab'), 'Ab');
});
