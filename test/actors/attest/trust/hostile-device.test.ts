/**
 * What a device tries that has been taken over: it holds its credential and its TPM, sees every challenge, and may send what
 * and when it likes. None of it is trust, none of it stops the actor, and what is kept of it is bounded.
 */
import t, { type Test } from 'tap';
import { type AttestOptions, checkEvidence, parsePolicy } from '../../../../actors/attest/index.ts';
import { type Random, seededRandom } from '../../../../engine/base/index.ts';
import { type ActorDriver, testActor } from '../../../../engine/testkit/actor-driver.ts';
import {
  type Challenge,
  decodeChallenge,
  decodeEvidence,
  encodeEvidence,
} from '../../../../schemas/attestation/index.ts';
import { type Attestation, decodeAttestation } from '../../../../schemas/index.ts';
import {
  ATTEST_CHALLENGES,
  ATTEST_EVIDENCE,
  DEVICE_ATTESTATION,
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
  DEVICE_READINGS,
  encodeEvidenceRecord,
  KIND_EVIDENCE,
} from '../../../../schemas/topics/index.ts';
import { ALG_SHA256 } from '../../../../schemas/tpm/index.ts';
import {
  type AnswerChange,
  attestedCity,
  attestOptions,
  BAD_FILE,
  Gateway,
  TEMPORARY,
  TERMS,
} from '../../../support/attested-city.ts';
import { BOOT, expectationOf, FILES, makeDevice, POLICY } from '../../../support/attested-device.ts';
import {
  bootAggregate,
  type ImaList,
  makeAttester,
  makeBootLog,
  makeImaList,
  type QuoteSpec,
} from '../../../support/attester.ts';

t.setTimeout(590_000);

const EMPTY = new Uint8Array(0);

class Target {
  readonly gateway = new Gateway('gate-1');
  readonly options: { -readonly [K in keyof AttestOptions]: AttestOptions[K] };
  readonly driver: ActorDriver;

  private constructor(driver: ActorDriver, options: Target['options']) {
    this.driver = driver;
    this.options = options;
  }

  /** Trusted, and asked again. */
  static async open(change: Partial<AttestOptions> = {}): Promise<Target> {
    const options = attestOptions(change);
    const it = new Target(await testActor(attestedCity(options)), options);
    await it.register();
    await it.answer();
    if (it.says !== 'trusted: proven') throw new Error(it.says);
    await it.driver.advance(TERMS.intervalMs);
    return it;
  }

  async register(change = {}): Promise<void> {
    const { control, evidence } = this.gateway.registered(change);
    this.driver.sendBytes(DEVICE_FRAMES, 'gate-1', control);
    this.driver.sendBytes(ATTEST_EVIDENCE, 'gate-1', evidence);
    await this.driver.advance(1);
  }

  get challenges(): Challenge[] {
    return this.driver.outputs(ATTEST_CHALLENGES).map(({ bytes }) => decodeChallenge(bytes!));
  }

  get challenge(): Challenge {
    return this.challenges.at(-1)!;
  }

  get state(): Attestation {
    return decodeAttestation(this.driver.outputs(DEVICE_ATTESTATION).at(-1)!.bytes!);
  }

  get says(): string {
    return `${this.state.state}: ${this.state.reason}`;
  }

  get list(): ImaList {
    return makeImaList([bootAggregate(this.gateway.bootLog.values.get(ALG_SHA256)!), ...this.gateway.files]);
  }

  async evidence(bytes: Uint8Array, timestamp = this.driver.now): Promise<void> {
    this.driver.sendBytes(ATTEST_EVIDENCE, 'gate-1', bytes, timestamp);
    await this.driver.settle();
  }

  answer(change: Parameters<Gateway['answer']>[1] = {}, challenge = this.challenge): Promise<void> {
    return this.evidence(this.gateway.answer(challenge, change));
  }

  /** As the gateway in good order answers, but with another content of the quote, signed by its TPM. */
  quoted(change: Partial<QuoteSpec>): Promise<void> {
    const { selections, nonce, imaEntries } = this.challenge;
    const values = this.gateway.bootLog.values.get(ALG_SHA256)!;
    const tenth = this.list.values(ALG_SHA256).at(-1)!;
    const clockMs = this.gateway.clockMs + 10n;
    const spec = { nonce, selections, clockMs, resetCount: this.gateway.resetCount, restartCount: 1, ...change };
    const after = spec.resetCount === this.challenge.resetCount ? imaEntries : 0;
    const bytes = this.list.binary.subarray(this.list.starts.binary[after] ?? this.list.binary.length);
    const quote = this.gateway.attester.quote({
      ...spec,
      values: selections[0]!.pcrs.map((pcr) => (pcr === 10 ? tenth : values[pcr]!)),
    });
    return this.answer({ ...quote, ima: { after, format: 'binary', bytes } });
  }

  async part(after: number, bytes: Uint8Array, challengeId = this.challenge.id): Promise<void> {
    const ima = { after, format: 'binary', bytes } as const;
    const message = { challengeId, quote: EMPTY, signature: EMPTY, pcrs: null, bootLog: null, ima, isPart: true };
    await this.evidence(encodeEvidenceRecord(KIND_EVIDENCE, encodeEvidence(message)));
  }

  /** What becomes of its next frame. */
  async frame(): Promise<'read' | 'held' | 'lost'> {
    const count = (topic: string) => this.driver.outputs(topic).filter(({ bytes }) => bytes?.[0] !== 2).length;
    const [readings, held] = [this.driver.outputs(DEVICE_READINGS).length, count(DEVICE_QUARANTINE)];
    this.driver.sendBytes(DEVICE_FRAMES, 'gate-1', this.gateway.frame());
    await this.driver.settle();
    if (this.driver.outputs(DEVICE_READINGS).length > readings) return 'read';
    return count(DEVICE_QUARANTINE) > held ? 'held' : 'lost';
  }
}

/** Doubted for that reason, and the next frame held. */
async function barred(t: Test, it: Target, reason: string, says: string): Promise<void> {
  t.equal(it.state.reason, reason, says);
  t.equal(await it.frame(), 'held', says);
  await it.driver.close();
}

t.test('evidence of another time, of another device, or by another key', async (t) => {
  const attacks: [string, string, (it: Target) => Promise<void>][] = [
    ['its own good evidence again', 'nonce-wrong', (it) => it.answer({ nonce: it.challenges[0]!.nonce })],
    [
      'the bytes of the last evidence under the new number',
      'nonce-wrong',
      async (it) => {
        const { bytes } = { bytes: it.gateway.answer(it.challenges[0]!).subarray(1) };
        await it.evidence(
          encodeEvidenceRecord(KIND_EVIDENCE, encodeEvidence({ ...decodeEvidence(bytes), challengeId: 2 })),
        );
      },
    ],
    [
      'of another device in good order, which was asked to answer this',
      'signature-invalid',
      (it) => it.evidence(new Gateway('gate-2').answer(it.challenge)),
    ],
    [
      'of a key of its own, made outside of the TPM',
      'signature-invalid',
      (it) => it.evidence(new Gateway('gate-1', makeAttester('ecdsa')).answer(it.challenge)),
    ],
    [
      'of an RSA key',
      'signature-invalid',
      (it) => it.evidence(new Gateway('gate-1', makeAttester('rsassa')).answer(it.challenge)),
    ],
    ['no quote, and everything else', 'evidence-missing', (it) => it.answer({ quote: EMPTY, signature: EMPTY })],
    ['a number from the future', 'nonce-wrong', (it) => it.answer({ challengeId: 3 })],
    ['a nonce that is a prefix', 'nonce-wrong', (it) => it.answer({ nonce: it.challenge.nonce.subarray(0, 16) })],
    ['no nonce', 'nonce-wrong', (it) => it.answer({ nonce: EMPTY })],
  ];
  for (const [says, reason, attack] of attacks) {
    const it = await Target.open();
    await attack(it);
    await barred(t, it, reason, says);
  }
});

t.test('a key that was swapped: what the old one says is nothing from then on', async (t) => {
  const it = await Target.open();
  t.equal(await it.frame(), 'read');
  const other = makeAttester('ecdsa');
  await it.register({ attestationKey: other.publicArea.toString('base64') });
  t.equal(it.state.state, 'unknown');
  t.equal(await it.frame(), 'held');
  await it.answer();
  await barred(t, it, 'signature-invalid', 'the old key');
});

t.test('counters and clocks that were rolled back', async (t) => {
  for (const [says, reason, change] of [
    ['resets', 'clock-back', { resetCount: 0 }],
    ['resets by half of all numbers', 'clock-back', { resetCount: 0x8000_0002 }],
    ['restarts', 'clock-back', { restartCount: 0 }],
    ['the clock', 'clock-back', { clockMs: 1n }],
    ['the clock, to the same', 'clock-back', { clockMs: 1_010n }],
    ['the clock over a reset, without a word', 'clock-back', { clockMs: 1n, resetCount: 2 }],
    ['the clock over a reset, said to be unsafe', 'clock-unsafe', { clockMs: 1n, resetCount: 2, isSafe: false }],
    ["the TPM's own firmware", 'firmware-changed', { firmwareVersion: 1n }],
  ] as const) {
    const it = await Target.open();
    await it.quoted(change);
    await barred(t, it, reason, says);
  }
  const it = await Target.open();
  await it.quoted({});
  t.equal(it.says, 'trusted: proven', 'the same without a change is in order');
  await it.driver.close();
});

t.test('logs in part, out of order, or of other registers', async (t) => {
  const withFiles = async (isListed: boolean) => {
    const it = await Target.open();
    if (isListed) it.gateway.files.push(TEMPORARY, { ...TEMPORARY, path: '/tmp/second' }, BAD_FILE);
    return it;
  };
  const shown = (it: Target, from: number, to: number) =>
    it.list.binary.subarray(it.list.starts.binary[from] ?? it.list.binary.length, it.list.starts.binary[to]);
  const list = (bytes: Uint8Array, after = 4) => ({ ima: { after, format: 'binary', bytes } as const });
  const attacks: [string, string, (it: Target) => AnswerChange][] = [
    ['without the last file, which is the bad one', 'ima-log-wrong', (it) => list(shown(it, 4, 6))],
    ['without one in the middle', 'ima-log-wrong', (it) => list(Buffer.concat([shown(it, 4, 5), shown(it, 6, 7)]))],
    ['with nothing new', 'ima-log-wrong', () => list(Buffer.alloc(0))],
    ['none', 'evidence-missing', () => ({ ima: null })],
    ['from an entry on that was not asked for', 'evidence-missing', (it) => list(shown(it, 5, 7), 5)],
    ['from the beginning', 'evidence-missing', (it) => list(shown(it, 0, 7), 0)],
    ['half of an entry', 'evidence-unreadable', (it) => list(shown(it, 4, 7).subarray(0, -1))],
    [
      'a boot log without its last event',
      'boot-log-wrong',
      () => ({ bootLog: makeBootLog(BOOT.slice(0, -1), [ALG_SHA256]).bytes }),
    ],
    ['a boot log that is cut', 'evidence-unreadable', (it) => ({ bootLog: it.gateway.bootLog.bytes.subarray(0, -1) })],
    ['no boot log', 'evidence-missing', () => ({ bootLog: null })],
    ['an empty boot log', 'evidence-unreadable', () => ({ bootLog: Buffer.alloc(0) })],
  ];
  for (const [says, reason, attack] of attacks) {
    const it = await withFiles(!says.includes('boot log'));
    await it.answer(attack(it));
    const found = it.state.reason === 'file-changed' ? 'ima-log-wrong' : it.state.reason;
    t.equal(found, reason, says);
    await barred(t, it, it.state.reason, says);
  }
});

t.test('entries that are told as something else than they were', async (t) => {
  const entry = (template: string, data: Uint8Array, { pcr = 10, digest = Buffer.alloc(20, 1) as Uint8Array } = {}) => {
    const le = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    };
    return Buffer.concat([le(pcr), digest, le(template.length), Buffer.from(template), le(data.length), data]);
  };
  const real = makeImaList([TEMPORARY]).binary;
  const dataAt = 4 + 20 + 4 + 'ima-ng'.length + 4;
  const data = real.subarray(dataAt);
  for (const [says, bytes] of [
    ['a violation that was none', entry('ima-ng', data, { digest: Buffer.alloc(20) })],
    ['another template with the same data', entry('ima-sig', data)],
    ['a template that nobody knows', entry('evil', data)],
    ['a digest that is not that of the data', entry('ima-ng', data)],
    ['another register', entry('ima-ng', data, { pcr: 11, digest: real.subarray(4, 24) })],
    ['a register that is none', entry('ima-ng', data, { pcr: 24, digest: real.subarray(4, 24) })],
    [
      'a name that is longer than the list',
      Buffer.concat([real.subarray(0, 24), Buffer.alloc(4, 0xff), real.subarray(28)]),
    ],
    ['data that are longer than the list', Buffer.concat([real.subarray(0, dataAt - 4), Buffer.alloc(4, 0xff), data])],
  ] as const) {
    const it = await Target.open();
    it.gateway.files.push(TEMPORARY);
    await it.answer({ ima: { after: 4, format: 'binary', bytes } });
    t.equal(it.state.state, 'suspect', says);
    await barred(t, it, it.state.reason, says);
  }
});

t.test('every length, count and register of both logs that lies, by the most or by one', async (t) => {
  const device = makeDevice();
  const expectation = expectationOf(device);
  const good = device.evidence();
  t.ok(checkEvidence(good, expectation).isTrusted);
  const { bootLog } = device;
  const ima = device.ima.binary;
  const numbers = { boot: bootNumbers(bootLog), ima: imaNumbers(device.ima) };
  let count = 0;
  for (const [name, log] of [
    ['boot', bootLog],
    ['ima', ima],
  ] as const)
    for (const at of numbers[name])
      for (const lie of [0xffff_ffff, 0x7fff_ffff, log.readUInt32LE(at) + 1, log.readUInt32LE(at) - 1]) {
        const changed = Buffer.from(log);
        changed.writeUInt32LE(lie >>> 0, at);
        const shown =
          name === 'boot' ? { bootLog: changed } : { ima: { bytes: changed, format: 'binary', after: 0 } as const };
        const verdict = checkEvidence({ ...good, ...shown }, expectation);
        count++;
        if (verdict.isTrusted || verdict.findings[0]!.reason === 'check-failed')
          t.fail(`the ${name} log with ${lie} at ${at}`);
      }
  t.ok(count > 200, `${count} lies`);
});

/** Where registers, counts and sizes lie in a log with SHA-1 and SHA-256. */
function bootNumbers(log: Buffer): number[] {
  const found = [28];
  for (let at = 32 + log.readUInt32LE(28); at < log.length; ) {
    const size = at + 12 + 2 + 20 + 2 + 32;
    found.push(at, at + 8, size);
    at = size + 4 + log.readUInt32LE(size);
  }
  return found;
}

function imaNumbers({ binary, starts }: ImaList): number[] {
  return starts.binary.flatMap((at) => {
    const data = at + 28 + binary.readUInt32LE(at + 24);
    const path = data + 8 + binary.readUInt32LE(data + 4);
    return [at, at + 24, data, data + 4, path];
  });
}

t.test(
  'evidence beside its deadline: in time to the millisecond, late by one, and late enough to meet the next',
  async (t) => {
    const it = await Target.open();
    const first = it.challenge;
    await it.evidence(it.gateway.answer(first), first.deadlineMs);
    t.equal(it.says, 'trusted: proven', 'at the deadline');
    await it.driver.close();

    const late = await Target.open();
    await late.evidence(late.gateway.answer(late.challenge), late.challenge.deadlineMs + 1);
    t.equal(late.says, 'suspect: evidence-missing');
    t.equal(await late.frame(), 'held');
    await late.evidence(late.gateway.answer(late.challenge), late.challenge.deadlineMs);
    t.equal(late.says, 'suspect: evidence-missing', 'what was decided stays so');
    await late.driver.close();

    const slow = await Target.open();
    const missed = slow.challenge;
    await slow.driver.advance(TERMS.deadlineMs + 1_000);
    t.equal(slow.says, 'suspect: evidence-missing');
    await slow.evidence(slow.gateway.answer(missed));
    t.equal(slow.says, 'suspect: evidence-missing', 'late, and nothing else is open');
    await slow.driver.advance(TERMS.retryMs);
    await slow.evidence(slow.gateway.answer(missed));
    t.equal(slow.says, 'suspect: nonce-wrong', 'late, and another is open');
    await slow.driver.close();
  },
);

t.test('parts that are left without their quote, or that were held against another policy', async (t) => {
  const without = await Target.open();
  const whole = without.list.binary;
  await without.part(4, EMPTY);
  await without.driver.advance(TERMS.deadlineMs + 1_000);
  await barred(t, without, 'evidence-missing', 'no quote came');

  const gap = await Target.open();
  await gap.part(9, whole);
  await barred(t, gap, 'evidence-missing', 'entries left out');

  const bad = await Target.open();
  bad.gateway.files.push(BAD_FILE);
  await bad.part(4, bad.list.binary.subarray(bad.list.starts.binary[4]));
  await barred(t, bad, 'file-changed', 'a bad file counts at once');

  const later = await Target.open();
  later.gateway.files.push(TEMPORARY);
  later.gateway.resetCount++;
  await later.part(0, later.list.binary);
  later.options.policyId = 'p2';
  later.options.policy = parsePolicy(Buffer.from(POLICY.replace('file /tmp/** any\n', '')));
  await later.answer({ ima: { after: 5, format: 'binary', bytes: EMPTY } });
  t.not(later.state.state, 'trusted', 'files that the new policy has not seen');
  t.equal(await later.frame(), 'held');
  await later.driver.close();
});

t.test('a flood of evidence, notices and parts keeps no more than one piece does', async (t) => {
  const it = await Target.open();
  it.gateway.files.push({ ...BAD_FILE, path: `/usr/bin/${'x'.repeat(4_000)}` });
  for (let i = 0; i < 60; i++) {
    await it.evidence(it.gateway.notice(4));
    await it.answer({ signature: it.gateway.attester.sign(Buffer.from(String(i))) });
    await it.part(4, it.list.binary.subarray(it.list.starts.binary[4]));
    if (i % 10 === 0) await it.driver.advance(TERMS.intervalMs);
  }
  t.equal(it.state.state, 'quarantined');
  t.ok(it.state.history.length <= 8 && it.state.says.length <= 400 && it.state.path.length <= 400);
  t.ok(
    it.driver.outputs(DEVICE_ATTESTATION).every(({ bytes }) => bytes!.length < 6_000),
    'what is told is bounded',
  );
  t.equal(it.driver.letters(ATTEST_EVIDENCE).length, 0, 'and nothing of it stops the actor');
  it.gateway.files = [...FILES];
  it.gateway.restart();
  await it.driver.advance(2 * TERMS.intervalMs);
  await it.answer();
  t.equal(it.says, 'trusted: proven', 'and it comes back by proof alone');
  await it.driver.close();
});

t.test('nonces are whole, from the source of chance alone, and never the same', async (t) => {
  const drawn: string[] = [];
  const source = seededRandom(77);
  const random: Random = {
    ...source,
    u32: () => source.u32(),
    bytes: (length) => {
      const bytes = source.bytes(length);
      drawn.push(Buffer.from(bytes).toString('hex'));
      return bytes;
    },
  };
  const it = await Target.open({ random });
  for (let i = 0; i < 12; i++) {
    await (i % 3 === 0 ? it.answer({ pcrs: Buffer.alloc(3) }) : it.answer());
    await it.driver.advance(TERMS.intervalMs);
  }
  await it.register({ resetCount: 1 });
  const nonces = it.challenges.map(({ nonce }) => Buffer.from(nonce).toString('hex'));
  t.ok(nonces.length > 10, `${nonces.length} challenges`);
  t.equal(new Set(nonces).size, nonces.length);
  t.ok(nonces.every((nonce) => nonce.length === 64 && drawn.includes(nonce)));
  await it.driver.close();
});

t.test('a path with controls and marks of direction is shown as what it is', async (t) => {
  const it = await Target.open();
  const evil = '/usr/bin/\u001b[2J\u202egate-1 is trusted\n';
  it.gateway.files.push({ ...BAD_FILE, path: evil });
  await it.evidence(it.gateway.notice(4));
  t.equal(it.state.path, '/usr/bin/\\u{1b}[2J\\u{202e}gate-1 is trusted\\u{a}');
  t.match(it.state.says, /^IMA entry 5, \/usr\/bin\/\\u\{1b\}/);
  await it.driver.close();
});
