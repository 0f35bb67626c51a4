/** What docs/kafka.md tells its readers to write is a configuration, and the names in it are the program's. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseConfig, SETTINGS } from '../../cli/config/index.ts';
import { buildProgram } from '../../cli/program.ts';
import { ERROR_TABLE } from '../../engine/base/index.ts';

const page = readFileSync(new URL('../../docs/kafka.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);

t.test('each example of settings is valid', async (t) => {
  const examples = blocks('yaml');
  t.ok(examples.length >= 2);
  for (const example of examples) t.ok(parseConfig(example, '/etc/msec.yaml').set.has('kafka.bootstrap'), example);
});

t.test('settings, codes and flags that it names exist', async (t) => {
  const named = [...page.matchAll(/`((?:kafka|keys|log|files)\.\w+)/g)].map(([, name]) => name!);
  for (const name of named) t.ok(Object.hasOwn(SETTINGS, name), name);
  for (const [, code] of page.matchAll(/`([A-Z]+_[A-Z_]+)`/g))
    t.ok(Object.hasOwn(ERROR_TABLE, code!) || code!.startsWith('MSEC_'), code);
  const program = buildProgram({ exitCode: 0 }, false);
  const flags = [...page.matchAll(/`(--[\w-]+)/g)].map(([, flag]) => flag!);
  const known = program.commands.flatMap(({ options }) => options.map(({ long }) => long));
  for (const flag of flags) t.ok(known.includes(flag), flag);
});

t.test('each command line names a command', async (t) => {
  const program = buildProgram({ exitCode: 0 }, false);
  for (const [, name] of blocks('sh')
    .join('')
    .matchAll(/^msec (\w+)/gm))
    t.ok(
      program.commands.some((command) => command.name() === name),
      name,
    );
});
