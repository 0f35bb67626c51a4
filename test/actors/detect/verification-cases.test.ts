/**
 * Cases of Suricata's own verification suite, through the command as it is called: exactly so many alerts have all the
 * fields that a case names. An argument of Suricata's command line that has no counterpart here fails the case.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { needs, repositoryRoot, sharedData } from '../../support/needs.ts';

interface Expected {
  readonly args: readonly string[];
  readonly alerts: readonly { readonly count: number; readonly match: Readonly<Record<string, unknown>> }[];
}

const run = promisify(execFile);

function flagsOf(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const [name, value] = arg.split(/\s+/, 2);
    if (name === '-k' && value === 'none') return ['--checksum', 'none'];
    if (name === '--set') return ['--set', value!];
    throw new Error(`the argument "${arg}" has no counterpart`);
  });
}

function at(record: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], record);
}

const folder = sharedData('ids-suricata-verify');

t.setTimeout(590_000);

t.test('the verification cases', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  t.equal(names.length, 22, 'all of them are there');
  for (const name of names) {
    await t.test(name, async (t) => {
      const file = (part: string): string => join(folder, name, part);
      const expected = JSON.parse(readFileSync(file('expected.json'), 'utf8')) as Expected;
      const capture = ['input.pcap', 'input.pcapng'].map(file).find(existsSync);
      const optional = (flag: string, part: string): string[] => (existsSync(file(part)) ? [flag, file(part)] : []);
      const { stdout } = await run(
        join(repositoryRoot, 'bin/node24'),
        [
          join(repositoryRoot, 'cli/main.ts'),
          'ids',
          ...['--pcap', capture!, '--rules', file('test.rules'), ...flagsOf(expected.args)],
          ...optional('--config', 'suricata.yaml'),
          ...optional('--threshold-config', 'threshold.config'),
        ],
        { maxBuffer: 64 * 1024 * 1024 },
      );
      const records = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const alerts = records.filter(({ event_type: type }) => type === 'alert');
      for (const { count, match } of expected.alerts) {
        const fields = Object.entries(match);
        const found = alerts.filter((alert) => fields.every(([path, value]) => at(alert, path) === value));
        t.equal(found.length, count, `${count} alerts with ${JSON.stringify(match)}`);
      }
    });
  }
});
