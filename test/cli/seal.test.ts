/** `msec device seal`, `unseal` and `reseal` with a software TPM, as a boot and an update would call them. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeSealedKey } from '../../firmware/provision/index.ts';
import { extendPcr } from '../../firmware/tpm/index.ts';
import { makePublisher } from '../support/attested-device.ts';
import { needs } from '../support/needs.ts';
import { startSwtpm } from '../support/swtpm.ts';
import { msec } from './run-cli.ts';

t.setTimeout(590_000);

const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const ZEROS = Buffer.alloc(32);
const [FIRST, SECOND] = [sha(Buffer.from('kernel 2.1')), sha(Buffer.from('kernel 2.2'))];
const KEY = Buffer.from(randomBytes(24).toString('hex'));

t.test('a disk from its first start over an update to its recovery', async (t) => {
  if (!needs(t, 'swtpm')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const cwd = t.testdir({ key: KEY.toString() });
  const said: string[] = [];
  const run = async (...args: string[]) => {
    const ran = await msec(['device', ...args, '--debug', '--tpm', swtpm.address], { cwd });
    said.push(ran.err);
    return ran;
  };
  const boot = async (kernel: Buffer) => {
    await swtpm.restart();
    const tpm = await swtpm.open();
    await extendPcr(tpm, 4, kernel);
    await tpm.close();
  };
  const publisher = makePublisher();
  const references = `references\nfirmware 2.2\npcr 4 extends ${SECOND.toString('hex')}\npcr 7 is ${ZEROS.toString('hex')}\n`;
  writeFileSync(join(cwd, 'references'), references);
  writeFileSync(join(cwd, 'references.sig'), publisher.sign(references));
  writeFileSync(join(cwd, 'builder.pem'), publisher.key.export({ format: 'pem', type: 'spki' }));
  const update = ['--references', 'references', '--references-key', 'builder.pem'];

  await boot(FIRST);
  const sealed = await run('seal', 'disk.sealed', '--pcrs', '4,7', '--key', 'key');
  t.equal(sealed.code, 0, sealed.err);
  const recoveryText = sealed.out.trim();
  t.match(recoveryText, /^(?:[a-z]{8}-){7}[a-z]{8}$/, 'the recovery key is all that is printed');
  writeFileSync(join(cwd, 'recovery'), recoveryText);
  t.equal((await run('seal', 'disk.sealed', '--pcrs', '4,7')).code, 78, 'a sealed key is not written over');

  t.equal((await run('unseal', 'disk.sealed')).out, KEY.toString(), 'the trusted state');
  const toFile = await run('unseal', 'disk.sealed', '--out', 'out', '--json');
  t.same([toFile.code, JSON.parse(toFile.out)], [0, { file: 'disk.sealed', out: 'out' }]);
  t.equal(readFileSync(join(cwd, 'out'), 'utf8'), KEY.toString());
  t.equal(statSync(join(cwd, 'out')).mode & 0o777, 0o600);
  t.equal((await run('unseal', 'disk.sealed', '--out', 'out')).code, 78, 'a file that is there is left alone');
  t.equal((await run('unseal', 'disk.sealed', '--json')).code, 64, 'a key is no JSON');

  const coming = await run('reseal', 'disk.sealed', '--firmware', '2.2', ...update);
  t.equal(coming.code, 0, coming.err);
  t.match(coming.err, /Sealed to PCR 4, 7 as of .*Z, or firmware 2\.2\./);
  await boot(SECOND);
  t.equal(
    (await run('unseal', 'disk.sealed')).out,
    KEY.toString(),
    'the new version opens it before anybody was asked',
  );
  t.equal((await run('reseal', 'disk.sealed')).code, 0);
  await boot(FIRST);
  const old = await run('unseal', 'disk.sealed');
  t.same([old.code, old.out], [65, ''], 'the old version does not any more');
  t.match(old.err, /PCR 4 is not as in the state that the key is sealed to/);

  const recovered = await run('unseal', 'disk.sealed', '--recovery-key', 'recovery');
  t.equal(recovered.out, KEY.toString(), 'the recovery key opens it in any state');
  const typed = await msec(['device', 'unseal', 'disk.sealed', '--recovery-key', '-', '--tpm', 'swtpm:path=none'], {
    cwd,
    input: `${recoveryText.toUpperCase().replaceAll('-', ' ')}\n`,
  });
  t.equal(typed.out, KEY.toString(), 'and without a TPM');
  const other = recoveryText.startsWith('c') ? `b${recoveryText.slice(1)}` : `c${recoveryText.slice(1)}`;
  writeFileSync(join(cwd, 'other'), other);
  t.equal((await run('unseal', 'disk.sealed', '--recovery-key', 'other')).code, 65);
  t.equal((await run('reseal', 'disk.sealed', '--recovery-key', 'recovery')).code, 0, 'sealed anew after a repair');
  t.equal((await run('unseal', 'disk.sealed')).out, KEY.toString());

  for (const [args, code] of [
    [['reseal', 'disk.sealed', '--firmware', '2.3', ...update], 78],
    [['reseal', 'disk.sealed', '--firmware', '2.2'], 64],
    [['reseal', 'disk.sealed', '--firmware', '2.2', ...update, '--references-signature', 'key'], 65],
    [['seal', 'next.sealed', '--pcrs', '16'], 78],
    [['unseal', 'key'], 65],
    [['unseal', 'disk.sealed', '--recovery-key', 'key'], 64],
  ] as const)
    t.equal((await run(...args)).code, code, args.join(' '));
  t.equal((await run('unseal', 'disk.sealed')).out, KEY.toString(), 'a mistake leaves the file as it was');

  const files = readdirSync(cwd, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const holding = files.filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(KEY));
  t.same(holding.map(({ name }) => name).sort(), ['key', 'out'], 'the key is in no file that was not asked for');
  t.notMatch(said.join(''), KEY.toString(), 'nor in anything that was said with --debug');
  t.notMatch(said.join(''), recoveryText.slice(0, 17));
  t.equal(decodeSealedKey(readFileSync(join(cwd, 'disk.sealed'))).states.length, 1);
});
