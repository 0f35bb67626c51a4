import { readFileSync } from 'node:fs';
import t from 'tap';
import { cliReference } from '../../cli/cli-reference.ts';

t.test('the reference of the command line is what the help says', async (t) => {
  const file = new URL('../../docs/reference/cli.md', import.meta.url);
  t.equal(readFileSync(file, 'utf8'), cliReference(), 'run bin/node24 cli/write-reference.ts');
});

t.test('every command has examples', async (t) => {
  for (const section of cliReference().split('\n## ').slice(1))
    t.match(section, /Examples:\n {2}\$ msec/, section.split('\n')[0]);
});
