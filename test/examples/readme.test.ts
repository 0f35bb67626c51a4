/** What the README shows of the program is what the program has. */
import { readFileSync } from 'node:fs';
import t from 'tap';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

t.test('the README prints the example actor as it is', async (t) => {
  const block = /```ts\n([\s\S]*?)```/.exec(text('README.md'))?.[1];
  t.equal(block, text('examples/heat-alert.ts'));
});
