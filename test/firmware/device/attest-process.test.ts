/**
 * The firmware as a process with a TPM (swtpm), asked over its own session: its evidence is judged by the verifier's code, is sent
 * again as the same bytes after a lost link, and shows what ran in the firmware's place.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Aedes, type AedesPublishPacket, type Client } from 'aedes';
import t, { type Test } from 'tap';
import {
  attestationKey,
  checkEvidence,
  type Expectation,
  type ProvenState,
  parsePolicy,
  type Verdict,
} from '../../../actors/attest/index.ts';
import { deviceKeys } from '../../../firmware/provision/index.ts';
import { extendPcr } from '../../../firmware/tpm/index.ts';
import {
  type Challenge,
  decodeEvidence,
  encodeChallenge,
  RESET_COUNT_NONE,
} from '../../../schemas/attestation/index.ts';
import { encodePublic, pcrs } from '../../../schemas/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';
import { built, make } from './build.ts';
import { startDevice } from './device-process.ts';

t.setTimeout(590_000);

const CHALLENGES = 'devices/roof-7/attest/challenge';
const EVIDENCE = 'devices/roof-7/attest/evidence';
const POLICY = parsePolicy(Buffer.from('policy devices 1\nquote at most 60 s old\npcr 14 from boot log\n'));

/** A bridge as a device sees it: it hands its open challenge out with each subscription. */
class Desk {
  readonly evidence: Buffer[] = [];
  /** So many pieces of evidence end their connection before they are acknowledged. */
  losses = 0;
  subscriptions = 0;
  readonly #broker: Aedes;
  #client: Client | null = null;
  #open: Uint8Array | null = null;
  #wake: () => void = () => undefined;

  private constructor(broker: Aedes) {
    this.#broker = broker;
    broker.authorizePublish = (client, { topic, payload }, done) => {
      if (topic === EVIDENCE) this.evidence.push(Buffer.from(payload));
      this.#wake();
      if (topic !== EVIDENCE || this.losses === 0) return void done(null);
      this.losses--;
      client?.close();
    };
    broker.on('subscribe', (subscriptions, client) => {
      if (!subscriptions.some(({ topic }) => topic === CHALLENGES)) return;
      this.#client = client;
      this.subscriptions++;
      this.#hand();
      this.#wake();
    });
  }

  static async start(t: Test): Promise<{ readonly desk: Desk; readonly address: string }> {
    const broker = await Aedes.createBroker();
    const server = createServer((socket) => broker.handle(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(async () => {
      server.close();
      await new Promise<void>((resolve) => {
        broker.close(() => resolve());
      });
    });
    return { desk: new Desk(broker), address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  /** What came of that challenge; more than once where a link was lost, as a busy machine's may be by itself. */
  evidenceOf(challengeId: number): readonly Buffer[] {
    return this.evidence.filter((bytes) => decodeEvidence(bytes).challengeId === challengeId);
  }

  /** Opens it, and hands it out where the device is there. */
  ask(bytes: Uint8Array | null): void {
    this.#open = bytes;
    this.#hand();
  }

  hand(bytes: Uint8Array): void {
    const packet: AedesPublishPacket = {
      ...{ cmd: 'publish', topic: CHALLENGES, payload: Buffer.from(bytes), qos: 1, dup: false, retain: false },
      ...{ brokerId: this.#broker.id, brokerCounter: 0 },
    };
    this.#client?.publish(packet, () => undefined);
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  #hand(): void {
    if (this.#open !== null) this.hand(this.#open);
  }
}

function challengeOf(id: number, change: Partial<Challenge> = {}): Challenge {
  return {
    ...{
      id,
      issuedAtMs: Date.now(),
      // Nothing here is to be late.
      deadlineMs: Date.now() + 3_600_000,
      nonce: randomBytes(32),
      selections: [pcrs(7, 14)],
    },
    ...{ wantsBootLog: true, wantsIma: true, imaEntries: 0, resetCount: RESET_COUNT_NONE },
    ...change,
  };
}

t.test(
  'evidence is trusted, once for each challenge, over lost links and restarts; another program is not',
  async (t) => {
    if (!needs(t, 'swtpm', 'gcc', 'make', 'device-headers')) return;
    await make('linux');
    const swtpm = await startSwtpm();
    t.teardown(() => swtpm.stop());
    const tpm = await swtpm.open();
    const key = attestationKey(encodePublic((await deviceKeys(tpm)).attestation.area));
    await tpm.close();
    const folder = t.testdir({});
    const { desk, address } = await Desk.start(t);
    const settings = {
      ...{ 'device-id': 'roof-7', token: 'secret', broker: address, tcti: swtpm.address, frame: 'nucleo' },
      ...{
        storage: join(folder, 'storage'),
        identity: '000000000042',
        'interval-ms': 50,
        'storage-sync': 'no',
        trace: 'yes',
      },
    };
    const start = (program?: string) => {
      const device = startDevice(join(folder, 'device.conf'), settings, program);
      t.teardown(() => device.kill('SIGKILL'));
      return device;
    };
    const judge = (bytes: Buffer, { nonce }: Challenge, before: ProvenState | null = null): Verdict => {
      const { quote, signature, pcrs: values, bootLog, ima } = decodeEvidence(bytes);
      const expectation: Expectation = { key, nonce, ageMs: 0, policy: POLICY, references: null, before };
      return checkEvidence({ quote, signature, pcrs: values, bootLog, ima }, expectation);
    };
    const proven = (bytes: Buffer, challenge: Challenge, before: ProvenState | null = null): ProvenState => {
      const verdict = judge(bytes, challenge, before);
      if (!verdict.isTrusted) throw new Error(verdict.findings[0]?.says);
      return verdict.state;
    };

    const first = challengeOf(1);
    desk.losses = 2;
    desk.ask(encodeChallenge(first));
    let device = start();
    await device.until(({ event, answered }) => event === 'attested' && answered === 1);
    const sent = desk.evidenceOf(1);
    t.ok(sent.length >= 3, 'sent until it was acknowledged');
    t.ok(
      sent.every((bytes) => bytes.equals(sent[0]!)),
      'as the same bytes',
    );
    let state = proven(sent[0]!, first);

    const second = challengeOf(2, { resetCount: state.clock.resetCount, wantsBootLog: false });
    desk.ask(encodeChallenge(first));
    desk.hand(Buffer.from('no challenge'));
    desk.ask(encodeChallenge(second));
    await device.until(({ event, answered }) => event === 'attested' && answered === 2);
    t.equal(desk.evidenceOf(1).length, sent.length, 'a challenge that was answered is not answered again');
    const [answer] = desk.evidenceOf(2);
    const shown = decodeEvidence(answer!);
    t.same([shown.bootLog, shown.ima], [null, null], 'the log is known');
    t.match(judge(answer!, first), { isTrusted: false, findings: [{ reason: 'nonce-wrong' }] });

    device.kill('SIGKILL');
    await device.ended;
    const third = challengeOf(3, { resetCount: state.clock.resetCount });
    desk.ask(encodeChallenge(third));
    device = start();
    await device.until(({ event }) => event === 'attested');
    state = proven(desk.evidenceOf(3)[0]!, third, state);
    await device.until(({ event }) => event === 'acknowledged');
    t.pass('readings go on meanwhile');

    device.kill('SIGTERM');
    await device.ended;
    const altered = join(folder, 'altered-device');
    writeFileSync(altered, Buffer.concat([readFileSync(built('linux', 'msec-device')), Buffer.of(0)]));
    chmodSync(altered, 0o755);
    const fourth = challengeOf(4, { resetCount: state.clock.resetCount });
    desk.ask(encodeChallenge(fourth));
    device = start(altered);
    await device.until(({ event }) => event === 'attested');
    const refused = judge(desk.evidenceOf(4)[0]!, fourth, state);
    t.match(refused, { isTrusted: false, findings: [{ reason: 'boot-log-wrong', log: 'boot', pcr: 14 }] });
    device.kill('SIGTERM');
    t.same(await device.ended, [0, null], device.errors());
  },
);

t.test('a key that is bound to PCRs attests in each mode, until one of them is extended', async (t) => {
  if (!needs(t, 'swtpm', 'gcc', 'make', 'device-headers')) return;
  await make('linux');
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const tpm = await swtpm.open();
  const key = attestationKey(encodePublic((await deviceKeys(tpm, pcrs(2))).attestation.area));
  await tpm.close();
  const folder = t.testdir({});
  const { desk, address } = await Desk.start(t);
  const settings = {
    ...{ 'device-id': 'roof-7', token: 'secret', broker: address, tcti: swtpm.address, frame: 'nucleo', pcrs: 2 },
    ...{ storage: join(folder, 'storage'), identity: '000000000042', 'storage-sync': 'no', trace: 'yes' },
  };
  for (const [mode, id] of [
    ['frame', 1],
    ['batch', 2],
  ] as const) {
    const challenge = challengeOf(id);
    desk.ask(encodeChallenge(challenge));
    const device = startDevice(join(folder, 'device.conf'), { ...settings, mode });
    t.teardown(() => device.kill('SIGKILL'));
    await device.until(({ event }) => event === 'attested');
    device.kill('SIGTERM');
    t.same(await device.ended, [0, null], device.errors());
    const { quote, signature, pcrs: values, bootLog } = decodeEvidence(desk.evidence.at(-1)!);
    const expectation = { key, nonce: challenge.nonce, ageMs: 0, policy: POLICY, references: null, before: null };
    const verdict = checkEvidence({ quote, signature, pcrs: values, bootLog, ima: null }, expectation);
    t.ok(verdict.isTrusted, verdict.isTrusted ? mode : verdict.findings[0]?.says);
  }
  const between = await swtpm.open();
  await extendPcr(between, 2, Buffer.alloc(32, 1));
  await between.close();
  desk.ask(encodeChallenge(challengeOf(3)));
  const device = startDevice(join(folder, 'device.conf'), { ...settings, mode: 'batch', 'interval-ms': 100_000 });
  t.teardown(() => device.kill('SIGKILL'));
  await device.until(() => /TPM: quote: .*policy/s.test(device.errors()) || device.errors().includes('TPM: sign'));
  t.same(desk.evidenceOf(3), []);
});

t.test('without an attestation key readings go on, and no challenge is answered', async (t) => {
  if (!needs(t, 'swtpm', 'gcc', 'make', 'device-headers')) return;
  await make('linux');
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const tpm = await swtpm.open();
  await deviceKeys(tpm);
  await tpm.close();
  const folder = t.testdir({});
  const { desk, address } = await Desk.start(t);
  desk.ask(encodeChallenge(challengeOf(1)));
  const device = startDevice(join(folder, 'device.conf'), {
    ...{ 'device-id': 'roof-7', token: 'secret', broker: address, tcti: swtpm.address, frame: 'nucleo', readings: 20 },
    ...{ storage: join(folder, 'storage'), identity: '000000000042', 'interval-ms': 20, 'storage-sync': 'no' },
    'attestation-handle': '0x81000077',
  });
  t.teardown(() => device.kill('SIGKILL'));
  t.same(await device.ended, [0, null], device.errors());
  t.match(device.errors(), /the key at 0x81000077.*without an attestation key no challenge is answered/s);
  t.ok(desk.subscriptions > 0);
  t.equal(desk.evidence.length, 0);
});
