/** What people mistype: each error names the place and what helps, each with its exit code. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { msec } from './run-cli.ts';

t.setTimeout(590_000);

const cwd = t.testdir({
  empty: '',
  'dotted.yaml': 'log.quota: 1GiB\n',
  'no-frames.yaml': 'frames: [nowhere.yaml]\n',
  'no-actor.yaml': 'actors: [nowhere.ts]\n',
  'torn.yaml': 'actors: [torn.ts]\n',
  'torn.ts': 'export default ({ readings }) => {\n\n  foo bar;\n};\n',
  'failing.yaml': 'actors: [failing.mjs]\n',
  'failing.mjs': "export default () => { throw new Error('no such thing'); };\n",
  'open.yaml': 'mqtt: { port: 0 }\nconsole: { host: 0.0.0.0 }\n',
});
const FREE = ['--no-fleet', '--workers', '1', '--port', '0', '--mqtt-port', '0', '--http-port', '0'];

t.test('a file that does not exist is another mistake than one that is wrong', async (t) => {
  t.match(await msec(['up', '--config', 'nowhere.yaml'], { cwd }), { code: 66, err: /nowhere\.yaml: no such file/ });
  t.match(await msec(['decode', '01', '--config', 'no-frames.yaml'], { cwd }), {
    code: 78,
    err: /description .*nowhere\.yaml cannot be read \(ENOENT\)/,
  });
  const { code, err } = await msec(['up', ...FREE, '--config', 'no-actor.yaml'], { cwd });
  t.equal(code, 78);
  t.match(err, /The actor \/.*nowhere\.ts cannot be loaded/);
});

t.test('an actor that cannot be made is named, with the line of a mistake in it', async (t) => {
  t.match(await msec(['topology', '--config', 'torn.yaml'], { cwd }), {
    code: 78,
    err: /torn\.ts cannot be loaded: line 3: /,
  });
  t.match(await msec(['topology', '--config', 'failing.yaml'], { cwd }), {
    code: 70,
    err: /failing\.mjs failed while it was made: no such thing/,
  });
});

t.test('the page listens on loopback alone, and the line that says otherwise is named', async (t) => {
  t.match(await msec(['topology', '--config', 'open.yaml'], { cwd }), {
    code: 78,
    err: /open\.yaml:2:18: console\.host: "0\.0\.0\.0" is not one of 127\.0\.0\.1, ::1, localhost/,
  });
});

t.test('a setting written with a dot is shown as the section it is', async (t) => {
  t.match(await msec(['topology', '--config', 'dotted.yaml'], { cwd }), {
    code: 78,
    err: /dotted\.yaml:1:1: log\.quota: .*log: \{ quota: … \}/,
  });
});

t.test('a number that is none is told with its flag', async (t) => {
  t.match(await msec(['up', '--port', 'abc'], { cwd }), { code: 64, err: /--port.*'abc'.*whole number/ });
  t.match(await msec(['up', '--rate', 'fast'], { cwd }), { code: 64, err: /--rate.*'fast'.*number/ });
});

t.test('decode says what it was given, and does not send its user to itself', async (t) => {
  t.match(await msec(['decode', 'empty'], { cwd }), { code: 66, err: /empty is empty/ });
  t.match(await msec(['decode'], { cwd }), { code: 66, err: /standard input is empty/ });
  t.match(await msec(['decode', '.'], { cwd }), { code: 66, err: /\. is a folder/ });
  const { code, err } = await msec(['decode', '99'], { cwd });
  t.equal(code, 65);
  t.match(err, /docs\/reference\/frames/);
  t.notMatch(err, /msec decode/);
});

t.test('a device of an unknown type is not enrolled', async (t) => {
  const { code, out, err } = await msec(['device', 'add', 'roof-7', '-t', 'enmoon', '-i', '867723030040330'], { cwd });
  t.same([code, out], [65, '']);
  t.match(err, /no frame type enmoon, did you mean enmon\? \(known: enmon, crowd, nucleo\)/);
  t.match((await msec(['device', 'list'], { cwd })).err, /No device is enrolled/);
});

t.test('only an enrolment makes a data folder', async (t) => {
  for (const args of [['list'], ['revoke', 'roof-7'], ['reset', 'roof-7']]) {
    const ran = await msec(['device', ...args, '--data', 'mistyped'], { cwd });
    t.match(ran, { code: 66, err: /There is no log in .*mistyped yet/ });
  }
  t.notOk(existsSync(join(cwd, 'mistyped')));
});

t.test('a reason that no letter can have is a mistake, not an empty list', async (t) => {
  t.match(await msec(['dlq', 'list', '--reason', 'frame_invald'], { cwd }), {
    code: 64,
    err: /did you mean FRAME_INVALID/,
  });
});

t.test('with --json a mistake in the command line is JSON, too', async (t) => {
  for (const [args, says] of [
    [['decode', '--json', '--bogus'], /unknown option '--bogus'/],
    [['topics', 'tail', '--json'], /missing required argument 'topic'/],
    [['frobnicate', '--json'], /unknown command 'frobnicate'/],
    [['topics', 'tail', 'x', '--json', '--limit', 'many'], /whole number/],
  ] as const) {
    const { code, out, err } = await msec(args, { cwd });
    t.equal(code, 64);
    t.equal(out, '');
    t.match((JSON.parse(err) as { error: { message: string } }).error.message, says);
  }
  t.match(await msec(['topics', '--help', '--json'], { cwd }), { code: 0, out: /Usage: msec topics/, err: '' });
});
