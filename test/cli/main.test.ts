import t from 'tap';
import { msec } from './run-cli.ts';

t.setTimeout(590_000);

const cwd = t.testdir({ 'broken.yaml': 'console:\n  prot: 1\nfleet: {rate: fast}\n' });

t.test('help and version go to standard output with exit code 0', async (t) => {
  const help = await msec(['--help'], { cwd });
  t.equal(help.code, 0);
  for (const word of ['up', 'decode', 'device', 'topics', 'topology', 'dlq', 'Exit codes', 'Examples'])
    t.match(help.out, word);
  const version = await msec(['--version'], { cwd });
  t.match(version, { code: 0, out: /^\d+\.\d+\.\d+\n$/ });
  const inner = await msec(['topics', 'tail', '--help'], { cwd });
  t.match(inner, { code: 0, out: /--from/ });
});

t.test('a mistake in the command line is exit code 64 with what was most likely meant', async (t) => {
  t.match(await msec(['topic', 'list'], { cwd }), { code: 64, err: /topics/ });
  t.match(await msec(['up', '--prot', '1'], { cwd }), { code: 64, err: /--port/ });
  t.match(await msec(['up', '--devices', 'many'], { cwd }), { code: 64, err: /--devices.*must be a whole number/s });
  t.match(await msec(['up', '--port', '99999'], { cwd }), { code: 64, err: /--port: must be between 0 and 65535/ });
  t.match(await msec(['topics', 'tail', 'x', '--from', 'yesterday'], { cwd }), { code: 64, err: /earliest, latest/ });
});

t.test('a wrong configuration is exit code 78, each mistake with its line', async (t) => {
  const { code, err } = await msec(['topology', '--config', 'broken.yaml'], { cwd });
  t.equal(code, 78);
  t.match(err, 'broken.yaml:2:3: console.prot: no such setting, did you mean port?');
  t.match(err, 'broken.yaml:3:15: fleet.rate: must be a number');
  t.notMatch(err, /\n\s+at /, 'without a stack trace');
  t.match(await msec(['topology', '--config', 'none.yaml'], { cwd }), { code: 66, err: /no such file/ });
});

t.test('errors are JSON where the command speaks JSON', async (t) => {
  const { code, err } = await msec(['topics', 'list', '--json'], { cwd });
  t.equal(code, 66);
  t.match(JSON.parse(err), { error: { code: 'TOPIC_UNKNOWN', message: /no log/ } });
});

t.test('colour is for terminals, unless it is forced', async (t) => {
  const plain = await msec(['topics', 'list'], { cwd });
  t.notMatch(plain.err, '\u001b');
  const forced = await msec(['topics', 'list'], { cwd, env: { FORCE_COLOR: '1' } });
  t.match(forced.err, '\u001b[31m');
  const refused = await msec(['topics', 'list'], { cwd, env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
  t.notMatch(refused.err, '\u001b');
});

t.test('the topology is printed as text, as a Mermaid chart and as data', async (t) => {
  const text = await msec(['topology'], { cwd });
  t.match(text.out, /Fused actors verify → decode → aggregate/);
  const chart = await msec(['topology', '--mermaid'], { cwd });
  t.match(chart.out, /^flowchart LR\n/);
  t.match(chart.out, 'topic_device_frames --> actor_verify');
  const data = JSON.parse((await msec(['topology', '--json'], { cwd })).out);
  t.ok(data.nodes.some((node: { id: string }) => node.id === 'actor:verify'));
  t.notOk(data.nodes.some((node: { isInternal: boolean }) => node.isInternal));
  const all = JSON.parse((await msec(['topology', '--json', '--internal'], { cwd })).out);
  t.ok(all.nodes.some((node: { isInternal: boolean }) => node.isInternal));
});
