import { chmodSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import t from 'tap';
import { findProgram, missing, needs, repositoryRoot, sharedData } from './needs.ts';

/** What a tap test would have been told. */
function recorder(): { readonly calls: string[]; readonly test: Parameters<typeof needs>[0] } {
  const calls: string[] = [];
  const note = (name: string, text = ''): boolean => calls.push(`${name} ${text}`.trim()) > 0;
  return {
    calls,
    test: {
      plan: (count: number, reason?: string) => void note(`plan ${count}`, reason),
      fail: (...rest: unknown[]) => note('fail', String(rest[0])),
      end: () => {
        note('end');
        return undefined as never;
      },
    },
  };
}

function withCi(t: Pick<typeof import('tap').default, 'teardown'>, path: string, ci: string | undefined): void {
  const { PATH, CI } = process.env;
  t.teardown(() => {
    for (const [name, value] of Object.entries({ PATH, CI })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  process.env.PATH = path;
  if (ci === undefined) delete process.env.CI;
  else process.env.CI = ci;
}

t.test('a program is found on PATH where it is executable, under any of its names', async (t) => {
  const folder = t.testdir({ one: { chromium: 'text' }, two: { 'chromium-browser': '', curl: '' } });
  chmodSync(join(folder, 'two', 'chromium-browser'), 0o755);
  t.equal(findProgram('chromium', `${folder}/one:${folder}/two`), join(folder, 'two', 'chromium-browser'));
  t.equal(findProgram('curl', `${folder}/one:${folder}/two`), undefined, 'a file that cannot be executed');
  t.equal(findProgram('java', ''), undefined);
});

t.test('a missing part skips the test, with the command that installs each part', async (t) => {
  withCi(t, '/nowhere', undefined);
  const { calls, test } = recorder();
  t.equal(needs(test, 'java', 'mvn'), false);
  t.same(calls, [
    'plan 0 java is missing: apt-get install --no-install-recommends openjdk-17-jre-headless; ' +
      'mvn is missing: apt-get install --no-install-recommends maven',
  ]);
});

t.test('with CI=true a missing part fails the test and ends it', async (t) => {
  withCi(t, '/nowhere', 'true');
  const { calls, test } = recorder();
  t.equal(needs(test, 'java'), false);
  t.match(calls, [/^fail CI=true and java is missing/, 'end']);
});

t.test('a part that is there changes nothing', async (t) => {
  const folder = t.testdir({ curl: '' });
  chmodSync(join(folder, 'curl'), 0o755);
  withCi(t, folder, 'true');
  const { calls, test } = recorder();
  t.equal(needs(test, 'curl'), true);
  t.same(calls, []);
});

t.test('the reference data lies beside the repository, wherever that is', async (t) => {
  t.equal(sharedData('avro', 'x.avsc'), join(dirname(repositoryRoot), 'shared', 'data', 'avro', 'x.avsc'));
  t.equal(basename(dirname(import.meta.dirname)), 'test');
  t.equal(repositoryRoot, dirname(dirname(import.meta.dirname)));
  t.match(missing('shared-data') ?? '../shared/data', /\.\.\/shared\/data/);
});
