/** `msec device attest` with a TPM (swtpm), logs in files and both bridges; what it shows, the engine's own check judges. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attestationKey, checkEvidence, type ProvenState, parsePolicy } from '../../actors/attest/index.ts';
import { ChallengeDesk, TrustBoard } from '../../bridges/attestation/index.ts';
import { HttpBridge } from '../../bridges/http/index.ts';
import { MqttBridge } from '../../bridges/mqtt/index.ts';
import { systemClock } from '../../engine/base/index.ts';
import { deviceKeys } from '../../firmware/provision/index.ts';
import { startSwtpm as startProcess } from '../../firmware/swtpm/index.ts';
import { encodePublic, extendPcr } from '../../firmware/tpm/index.ts';
import { type Challenge, decodeEvidence, RESET_COUNT_NONE } from '../../schemas/attestation/index.ts';
import { ATTEST_EVIDENCE } from '../../schemas/topics/index.ts';
import { ALG_SHA256 } from '../../schemas/tpm/index.ts';
import { challenge } from '../bridges/attestation/attestation-fixture.ts';
import { fixture } from '../bridges/bridge-fixture.ts';
import { type BootStep, bootAggregate, digest, makeBootLog, makeImaList } from '../support/attester.ts';
import { needs, programPath, repositoryRoot } from '../support/needs.ts';
import { startSwtpm } from '../support/swtpm.ts';
import { msec, startMsec } from './run-cli.ts';

t.setTimeout(590_000);

const BOOT: readonly BootStep[] = [0, 4, 7].map((pcr) => ({ pcr, type: 8, data: Buffer.from(`part ${pcr}`) }));
const FILES = ['/usr/bin/one', '/usr/bin/two', '/tmp/evil'];
const POLICY = parsePolicy(
  Buffer.from(`policy gateways 1
quote at most 60 s old
clock may be unsafe
pcr 0-9 from boot log
pcr 10 from ima log
file /usr/bin/** any
`),
);

for (const kind of ['mqtt', 'http'] as const) {
  t.test(
    `over ${kind}: the whole of it, then what is new, a late entry at once, and the whole after a restart`,
    async (t) => {
      if (!needs(t, 'swtpm')) return;
      const swtpm = await startSwtpm();
      t.teardown(() => swtpm.stop());
      const boot = makeBootLog(BOOT, [ALG_SHA256]);
      const list = makeImaList([
        bootAggregate(boot.values.get(ALG_SHA256)!),
        ...FILES.map((path) => ({ path, digest: digest(path) })),
      ]);
      const ima = join(swtpm.folder, 'ima.bin');
      /** So many entries of the list: into the PCR and the file, as the kernel does it. */
      const measure = async (from: number, to: number) => {
        const tpm = await swtpm.open();
        const entries = [...list.starts.binary, list.binary.length];
        const all = makeImaData(boot.values.get(ALG_SHA256)!);
        for (let i = from; i < to; i++) await extendPcr(tpm, 10, all[i]!);
        await tpm.close();
        // At once, as the kernel's list is: the agent may read at any moment.
        writeFileSync(`${ima}.new`, list.binary.subarray(0, entries[to]));
        renameSync(`${ima}.new`, ima);
      };
      const start = async () => {
        const tpm = await swtpm.open();
        for (const { pcr, data } of BOOT) await extendPcr(tpm, pcr, digest(data));
        await tpm.close();
        await measure(0, 3);
      };
      const bootLog = swtpm.write('boot.log', boot.bytes);
      const first = await swtpm.open();
      const { attestation } = await deviceKeys(first);
      await first.close();
      await start();
      const key = attestationKey(encodePublic(attestation.area));

      const desk = new ChallengeDesk(systemClock);
      const trust = new TrustBoard();
      const barredOf = (deviceId: string) => trust.stateOf(deviceId);
      const { intake, log } = fixture({ attestation: { topic: ATTEST_EVIDENCE, barredOf } });
      const bridge =
        kind === 'mqtt'
          ? await MqttBridge.open({ intake, port: 0, attestation: { desk, trust } })
          : await HttpBridge.open({ intake, port: 0, challenges: desk });
      t.teardown(() => bridge.close());
      const agent = startMsec(
        [
          ...['device', 'attest', 'meter-1', '--json', '--bridge', `${kind}://127.0.0.1:${bridge.port}`],
          ...['--tpm', swtpm.address, '--boot-log', bootLog, '--ima', ima, '--watch', '0.2'],
        ],
        { cwd: swtpm.folder, env: { MSEC_DEVICE_TOKEN: 'token-of-meter-1' } },
      );
      t.teardown(() => agent.kill('SIGKILL'));

      let before: ProvenState | null = null;
      const ask = async (id: number) => {
        const given: Partial<Challenge> = {
          deadlineMs: systemClock.now() + 600_000,
          selections: [{ bank: ALG_SHA256, pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }],
          wantsIma: true,
          imaEntries: before?.ima?.entries ?? 0,
          resetCount: before?.clock.resetCount ?? RESET_COUNT_NONE,
        };
        const bytes = challenge(id, given);
        desk.take('meter-1', bytes);
        await agent.until((line) => line.event === 'answered' && line.challenge === id);
        const shown = decodeEvidence(log.stored.at(-1)!.value, 1);
        t.equal(shown.challengeId, id);
        const verdict = checkEvidence(
          { ...shown, bootLog: shown.bootLog, ima: shown.ima },
          { key, nonce: Buffer.alloc(20, id), ageMs: 0, policy: POLICY, references: null, before },
        );
        if (verdict.isTrusted) before = verdict.state;
        return { shown, verdict };
      };

      const one = await ask(1);
      t.match(one.verdict, { isTrusted: true, counts: { imaEntries: 3 } });
      const two = await ask(2);
      t.match(two.shown, { ima: { after: 3 }, bootLog: null });
      t.equal(two.shown.ima?.bytes.length, 0);
      t.ok(!two.verdict.isTrusted, 'the policy asks for the boot log, which this challenge does not');

      await measure(3, 4);
      await agent.until((line) => line.event === 'noticed');
      const notice = decodeEvidence(log.stored.at(-1)!.value, 1);
      t.match(notice, { challengeId: 0, ima: { after: 3 } });
      t.match(Buffer.from(notice.ima!.bytes).toString('latin1'), /\/tmp\/evil/);

      await swtpm.restart();
      await start();
      const three = await ask(3);
      t.match(three.verdict, { isTrusted: true, counts: { imaEntries: 3 } }, 'after a restart everything comes');
      t.ok(three.shown.bootLog);
      agent.kill('SIGTERM');
      t.same(await agent.ended, [0, null], agent.errors());
    },
  );
}

/** The measurements of the list: the template digests in the SHA-256 bank. */
function makeImaData(values: readonly Buffer[]): Buffer[] {
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const rows = [bootAggregate(values), ...FILES.map((path) => ({ path, digest: digest(path) }))];
  return rows.map((row) =>
    digest(
      Buffer.concat([
        field(Buffer.concat([Buffer.from('sha256:\0'), row.digest])),
        field(Buffer.from(`${row.path}\0`)),
      ]),
    ),
  );
}

t.test('what is missing is said with what to do about it', async (t) => {
  const cwd = t.testdir({ empty: '', token: 'x' });
  const attest = (...args: readonly string[]) => msec(['device', 'attest', 'roof-7', ...args], { cwd });
  t.match(await attest(), { code: 78, err: /--token-file FILE, or the environment variable MSEC_DEVICE_TOKEN/ });
  t.match(await attest('--token-file', 'nowhere'), {
    code: 66,
    err: /nowhere of --token-file cannot be read \(ENOENT\)/,
  });
  t.match(await attest('--token-file', 'empty'), { code: 78, err: /empty is empty/ });
  t.match(await attest('--token-file', 'token', '--bridge', 'ftp://x'), { code: 78, err: /--bridge takes mqtt:/ });
  t.match(await attest('--token-file', 'token', '--ima', 'none'), {
    code: 78,
    err: /There is no none, the file of --ima/,
  });
  const { intake } = fixture();
  const bridge = await HttpBridge.open({ intake, port: 0 });
  t.teardown(() => bridge.close());
  const stranger = await attest(
    '--token-file',
    'token',
    '--tpm',
    'swtpm:port=1',
    '-b',
    `http://127.0.0.1:${bridge.port}`,
  );
  t.match(stranger, { code: 69, err: /refuses the credential.*NOT_AUTHENTICATED/ });
});

t.test('a software TPM that another process holds is said to be held, and not that it is tried again', async (t) => {
  if (!needs(t, 'swtpm')) return;
  const cwd = t.testdir({ token: 'x', data: { swtpm: { state: {} } } });
  const holder = await startProcess(programPath('swtpm'), join(cwd, 'data', 'swtpm', 'state'));
  t.teardown(() => holder.kill());
  const ran = await msec(['device', 'attest', 'roof-7', '--token-file', 'token', '--data', 'data'], { cwd });
  t.match(ran, { code: 69, err: /another process holds the software TPM in .*state.*TPM_TAKEN/ });
  t.notMatch(ran.err, /tried again|lockfile/);
});

t.test('the way of docs/devices.md makes the file of the token before it uses it', async (t) => {
  const page = readFileSync(join(repositoryRoot, 'docs', 'devices.md'), 'utf8');
  const [enrols, writes, uses] = ['device enrol roof-7', '> roof-7.token', '--token-file roof-7.token'].map((words) =>
    page.indexOf(words),
  ) as [number, number, number];
  t.ok(0 < enrols && enrols < writes && writes < uses, `${enrols}, ${writes}, ${uses}`);
});
