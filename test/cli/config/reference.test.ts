import { readFileSync } from 'node:fs';
import t from 'tap';
import { configReference, configSchema, parseConfig } from '../../../cli/config/index.ts';

t.test('the reference of the configuration is what its table generates', async (t) => {
  const file = new URL('../../../docs/reference/config.md', import.meta.url);
  t.equal(readFileSync(file, 'utf8'), configReference(), 'run bin/node24 cli/write-reference.ts');
});

t.test('the example in the reference is a valid configuration', async (t) => {
  const example = /```yaml\n([\s\S]*?)```/.exec(configReference())![1]!;
  t.equal(parseConfig(example, '/msec.yaml').config['windows.grace'], 30_000);
});

t.test('every setting is in the schema with its description', async (t) => {
  const schema = configSchema();
  t.equal(schema.properties!.console!.properties!.port!.default, 8080);
  t.match(JSON.stringify(schema), '"additionalProperties":false');
});
