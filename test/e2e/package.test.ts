/** What would be published: built JavaScript, as type stripping does not reach into node_modules. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { msec, recordsIn, startUp } from '../cli/run-cli.ts';
import { repositoryRoot } from '../support/needs.ts';

t.setTimeout(590_000);

const run = promisify(execFile);
const FRAME = '01001c00000000383637373233303330303430333330000dd00040007c0235';

const ACTOR = `
import { defineActor, jsonCodec, topic } from 'msec';
import { EnMonReading } from 'msec/schemas';

export default ({ readings }) =>
  defineActor({
    name: 'warm',
    inputs: { readings },
    outputs: { warm: topic('warm', jsonCodec(), { access: 'public' }) },
    process(record, { out }) {
      if (record.value.reading instanceof EnMonReading) out.warm.emit({ tenths: record.value.reading.temperature });
    },
  });
`;

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

t.test('the packed package runs by itself, with an actor that imports it', async (t) => {
  // With a package.json of its own, or "msec" would be the clone around it.
  const folder = t.testdir({ 'package.json': '{}', 'warm.mjs': ACTOR, 'msec.yaml': 'actors: [warm.mjs]\n' });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: repositoryRoot, env });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{ filename: string }];
  await run('tar', ['xzf', join(folder, filename), '-C', folder]);
  symlinkSync(join(folder, 'package'), join(modules, 'msec'));
  const manifest = JSON.parse(readFileSync(join(folder, 'package', 'package.json'), 'utf8')) as Manifest;
  mkdirSync(join(folder, 'package', 'node_modules'));
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(folder, 'package', 'node_modules', name)), { recursive: true });
    symlinkSync(join(repositoryRoot, 'node_modules', name), join(folder, 'package', 'node_modules', name));
  }
  for (const { types, default: code } of Object.values(manifest.exports)) {
    for (const file of [types, code]) t.ok(existsSync(join(folder, 'package', file)), file);
  }

  const options = { cwd: folder, env: { PATH: env.PATH }, program: join(modules, 'msec', 'bin', 'msec') };
  t.match(JSON.parse((await msec(['decode', FRAME], options)).out), { temperature: { value: 12.4 } });
  t.match((await msec(['topology'], options)).out, /warm +device\.readings → .*warm/);
  const running = await startUp(['--workers', '1', '--devices', '2', '--rate', '20', '--faults', '0'], options);
  await recordsIn(running, 'warm', 5);
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
});
