/** Bundles and captures at the command line: what is refused says why, and what is in force is said. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type BundleMakeFlags, makeBundle, verifyBundleFile } from '../../cli/commands/ids-bundle.ts';
import { captureIds } from '../../cli/commands/ids-publish.ts';
import { NoInputError, OutputError, UsageError } from '../../cli/terminal.ts';
import { openEmbeddedLog } from '../../engine/index.ts';
import { msec, startUp } from './run-cli.ts';

t.setTimeout(590_000);

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const cwd = t.testdir({
  'good.rules': 'alert udp any any -> any any (msg:"a"; content:"abc"; sid:1;)\n',
  'bad.rules': 'alert udp any any -> any any (msg:"a"; lua:x.lua; sid:1;)\n',
  'rules.pub': publicKey.export({ format: 'pem', type: 'spki' }),
  'rules.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }),
  'nothing.pub': 'no key\n',
  'msec.yaml':
    'ids:\n  enabled: true\n  rules: [good.rules]\n  ruleKeys: [rules.pub]\nfleet:\n  enabled: false\nworkers: 1\n',
  'wrong.yaml': 'ids:\n  enabled: true\n  ruleKeys: [nothing.pub]\nfleet:\n  enabled: false\n',
});

const at = (name: string): string => join(cwd, name);
const bundle = (...args: readonly string[]) => msec(['ids', 'bundle', ...args], { cwd });
const make = (more: Partial<BundleMakeFlags>, rules = 'good.rules') =>
  makeBundle({ name: 'city', version: 1, out: at('city.bundle'), key: at('rules.pem'), ...more }, [at(rules)]);

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (thrown: unknown) => thrown,
  );

t.test('what cannot be made is not, and the hint is about it', async (t) => {
  for (const name of ['a b/c', '', '.x', 'x'.repeat(65)])
    await t.rejects(
      make({ name }),
      new UsageError(
        '--name is made of letters, digits and . _ -, begins with a letter or digit, and has 64 characters at most',
      ),
    );
  for (const version of [0, 2 ** 32]) await t.rejects(make({ version }), /--version is a whole number from 1/);
  t.ok((await thrownBy(make({ out: at('nodir/x.bundle') }))) instanceof OutputError);
  t.equal(await make({ out: at('x.bundle'), leaveOut: true }, 'bad.rules'), 65);
  t.notOk(existsSync(at('x.bundle')), 'a bundle without rules');
  t.equal(await make({}), 0);
  await t.rejects(verifyBundleFile({ key: [at('rules.pem')] }, at('city.bundle')), /rules\.pem is a private key/);
  t.equal(await verifyBundleFile({ key: [at('rules.pub')] }, at('city.bundle')), 0);
});

t.test('--version is that of the bundle, and not of the program', async (t) => {
  const ran = await bundle('make', 'good.rules', '--name', 'city', '--version', '7', '--out', 'seven.bundle');
  t.match(ran, { code: 0, out: '', err: /^city 7: 1 rule,/ });
  t.ok(existsSync(at('seven.bundle')));
});

t.test('a capture goes nowhere where the address cannot be one, or the token is not there', async (t) => {
  const capture = (publish: string, tokenFile: string) =>
    captureIds({ publish, tokenFile: at(tokenFile), pcap: at('none.pcap'), device: 'gw-1', lanes: 1 });
  const cases: readonly (readonly [string, RegExp])[] = [
    ['127.0.0.1:8081', /no address of an HTTP bridge/],
    ['http://127.0.0.1:99999', /no address of an HTTP bridge/],
    ['http://127.0.0.1:0', /no bridge has port 0/],
    ['http://127.0.0.1:8081/city', /name the bridge alone, as http:\/\/127\.0\.0\.1:8081$/],
    ['http://127.0.0.1:8081/?lane=2', /name the bridge alone/],
  ];
  for (const [publish, message] of cases) {
    const thrown = await thrownBy(capture(publish, 'rules.pub'));
    t.ok(thrown instanceof UsageError, publish);
    t.match(thrown, { message });
  }
  t.ok((await thrownBy(capture('http://127.0.0.1:8081', 'nofile'))) instanceof NoInputError);
  // The address of the requests themselves is taken: then it is the capture that is missing.
  await t.rejects(capture('http://127.0.0.1:8081/v1/packets', 'rules.pub'), /none\.pcap cannot be read/);
});

t.test('which rules are in force is said, with a bundle and without', async (t) => {
  t.equal(await make({}), 0);
  t.equal(await make({ name: 'town', version: 2, out: at('town.bundle') }), 0);
  let running = await startUp([], { cwd });
  t.teardown(() => running.kill('SIGKILL'));
  t.match(await bundle('list'), {
    code: 0,
    out: /No bundle is in force: the rules of ids\.rules are \(good\.rules\)\./,
  });
  const pushed = await bundle('push', 'city.bundle');
  t.match(pushed, { code: 0, err: /^city 1 is put in force\.$/m });
  t.match(pushed.err, /No packets come here, so the rules examine nothing: name an interface/);
  t.match(await bundle('push', 'town.bundle'), { code: 0, err: /^town 2 is put in force; it replaces city 1\.$/m });
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
  // Whoever only looks takes no lock.
  const log = await openEmbeddedLog(join(cwd, 'data', 'log'));
  t.match(await bundle('list'), { code: 0, out: /^town 2 is in force, pushed/ });
  await log.close();
  running = await startUp([], { cwd });
  t.equal((running.said as { rulesNote?: string }).rulesNote, 'ids.rules are not used: bundle town 2 is in force');
  running.kill('SIGINT');
  t.same(await running.ended, [0, null]);
});

t.test('a key that is none is told before the engine runs', async (t) => {
  const ran = await msec(['up', '--config', 'wrong.yaml', '--data', 'other', '--port', '0'], { cwd });
  t.match(ran, { code: 78, err: /nothing\.pub of ids\.ruleKeys is no public key in PEM/ });
  t.notMatch(ran.err, /engineRunning/);
});
