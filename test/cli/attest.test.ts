import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FILES, makeDevice, makePublisher, NONCE, POLICY, referencesText } from '../support/attested-device.ts';
import { digest, sized } from '../support/attester.ts';
import { msec } from './run-cli.ts';

const device = makeDevice();
const publisher = makePublisher();
const { quote, signature, pcrs } = device.quote();
const cwd = t.testdir({ policy: POLICY, references: referencesText() });
const files: Readonly<Record<string, Uint8Array | string>> = {
  quote,
  'quote.sig': signature,
  pcrs,
  'boot.log': device.bootLog,
  'ima.bin': device.ima.binary,
  'ima.txt': device.ima.ascii,
  'ak.pub': sized(device.attester.publicArea),
  'references.sig': publisher.sign(referencesText()),
  'publisher.pem': publisher.key.export({ format: 'pem', type: 'spki' }),
};
for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);

const ARGS: Readonly<Record<string, string>> = {
  '--policy': 'policy',
  '--key': 'ak.pub',
  '--nonce': NONCE.toString('hex'),
  '--age': '2',
  '--ima': 'ima.bin',
  '--references': 'references',
  '--references-key': 'publisher.pem',
};
const check = async (change: Readonly<Record<string, string>> = {}, log = 'boot.log') =>
  await msec(['attest', 'check', 'quote', log, ...Object.entries({ ...ARGS, ...change }).flat()], { cwd });

t.test('a gateway in good order is trusted, and JSON says what was looked at', async (t) => {
  const plain = await check();
  t.same([plain.code, plain.err], [0, 'Trusted by the policy gateways 3.\n']);
  t.match(plain.out, /^firmware: 2\.1$/m);
  const asJson = await msec(
    [
      'attest',
      'check',
      'quote',
      'boot.log',
      ...Object.entries({ ...ARGS, '--ima': 'ima.txt', '--pcrs': 'pcrs' }).flat(),
      '--json',
    ],
    { cwd },
  );
  t.equal(asJson.code, 0, asJson.err);
  t.match(JSON.parse(asJson.out), {
    trusted: true,
    firmware: '2.1',
    pcrs: 11,
    imaEntries: 4,
    clock: { resetCount: 3 },
  });
});

t.test('what broke the policy is said in words, with 65', async (t) => {
  const changed = makeDevice({ files: [...FILES, { path: '/usr/bin/msec-gateway', digest: digest('a trojan') }] });
  const made = changed.quote();
  writeFileSync(join(cwd, 'other.quote'), made.quote);
  writeFileSync(join(cwd, 'other.quote.sig'), made.signature);
  writeFileSync(join(cwd, 'other.ima'), changed.ima.binary);
  writeFileSync(join(cwd, 'other.pub'), changed.attester.publicArea);
  const args = Object.entries({ ...ARGS, '--ima': 'other.ima', '--key': 'other.pub' }).flat();
  const told = await msec(['attest', 'check', 'other.quote', 'boot.log', ...args], { cwd });
  t.equal(told.code, 65);
  t.match(
    told.out,
    `file-changed: IMA entry 5, /usr/bin/msec-gateway: it is sha256:${digest('a trojan').toString('hex')}`,
  );
  const old = await msec(
    ['attest', 'check', 'quote', 'boot.log', ...Object.entries({ ...ARGS, '--age': '61' }).flat(), '--json'],
    { cwd },
  );
  t.equal(old.code, 65);
  t.match(JSON.parse(old.out), { trusted: false, findings: [{ reason: 'quote-old' }] });
});

t.test('mistakes have exit codes of their own', async (t) => {
  writeFileSync(join(cwd, 'wrong.policy'), 'policy a 1\nquote at most 1 s old\npcr 99 any');
  const policy = await check({ '--policy': 'wrong.policy' });
  t.equal(policy.code, 78);
  t.match(policy.err, /wrong\.policy:3:5: PCRs are numbered from 0 to 23/);
  t.equal((await check({ '--nonce': 'xyz' })).code, 64);
  t.equal((await check({}, 'no-such-log')).code, 66);
  t.equal((await check({ '--references-signature': 'quote.sig' })).code, 65);
  t.equal((await check({ '--references-key': 'policy' })).code, 64);
});
