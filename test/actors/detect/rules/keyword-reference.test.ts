/** The reference of keywords is what the tables say, and the tables have every keyword of Suricata 7.0.10. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { REFUSED_LATER, REFUSED_SEVEN } from '../../../../actors/detect/rules/keywords/refused.ts';
import { KEYWORD_GROUPS, KEYWORDS } from '../../../../actors/detect/rules/keywords/table.ts';
import { keywordsDocument } from '../../../../cli/keywords-reference.ts';
import { repositoryRoot } from '../../../support/needs.ts';

/** `suricata --list-keywords` of 7.0.10. */
const SEVEN = readFileSync(new URL('./keywords-of-suricata7.txt', import.meta.url), 'utf8')
  .trim()
  .split(/\s+/);
const rows = [...KEYWORD_GROUPS.values()].flat();

t.test('the document is current', async (t) => {
  const there = readFileSync(join(repositoryRoot, 'docs', 'reference', 'keywords.md'), 'utf8');
  t.equal(there, keywordsDocument(), 'npm run generate');
});

t.test('each keyword of Suricata 7 is read, or refused with a reason', async (t) => {
  t.equal(SEVEN.length, 279);
  t.same(
    SEVEN.filter((name) => !KEYWORDS.has(name) && !REFUSED_SEVEN.has(name)),
    [],
  );
});

t.test('what is called newer is not in Suricata 7, and the rest is', async (t) => {
  const seven = new Set(SEVEN);
  const isThere = ({ name, aliases = [] }: (typeof rows)[number]): boolean =>
    [name, ...aliases].some((one) => seven.has(one));
  t.same(
    rows.filter((row) => (row.since !== undefined) === isThere(row)).map(({ name }) => name),
    [],
  );
  t.same(
    [...REFUSED_LATER.keys()].filter((name) => seven.has(name)),
    [],
  );
});

t.test('no keyword is in two places', async (t) => {
  const names = rows.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  t.same(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
  t.same(
    names.filter((name) => REFUSED_SEVEN.has(name) || REFUSED_LATER.has(name)),
    [],
  );
});
