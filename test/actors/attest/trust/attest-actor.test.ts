/**
 * The actor on the real task code: what is asked, what becomes of each answer and of none, and which frames pass
 * meanwhile. Frames go through verify and decode in the same topology.
 */
import t from 'tap';
import type { AttestOptions } from '../../../../actors/attest/index.ts';
import { checkEvidence } from '../../../../actors/attest/index.ts';
import { type ActorDriver, testActor } from '../../../../engine/testkit/actor-driver.ts';
import { type Challenge, decodeChallenge, encodeReleased } from '../../../../schemas/attestation/index.ts';
import { type Attestation, decodeAttestation } from '../../../../schemas/index.ts';
import {
  ATTEST_CHALLENGES,
  ATTEST_EVIDENCE,
  DEVICE_ATTESTATION,
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
  DEVICE_READINGS,
  DEVICE_VERIFIED,
} from '../../../../schemas/topics/index.ts';
import {
  type AnswerChange,
  attestedCity,
  attestOptions,
  BAD_FILE,
  Gateway,
  TEMPORARY,
  TERMS,
} from '../../../support/attested-city.ts';
import { makeAttester } from '../../../support/attester.ts';
import { DAY, enmonFrame, MemoryKeys } from '../../city.ts';

t.setTimeout(590_000);

class Street {
  readonly gateway: Gateway;
  readonly driver: ActorDriver;

  constructor(gateway: Gateway, driver: ActorDriver) {
    this.gateway = gateway;
    this.driver = driver;
  }

  static async open(change: Partial<AttestOptions> = {}, gateway = new Gateway('gate-1')): Promise<Street> {
    const street = new Street(gateway, await testActor(attestedCity(attestOptions(change))));
    await street.register();
    return street;
  }

  async register(change = {}): Promise<void> {
    const { control, evidence } = this.gateway.registered(change);
    this.driver.sendBytes(DEVICE_FRAMES, this.gateway.id, control);
    this.driver.sendBytes(ATTEST_EVIDENCE, this.gateway.id, evidence);
    // The time that the engine tells: what is due at once is due now.
    await this.driver.advance(1);
  }

  get challenges(): Challenge[] {
    return this.driver.outputs(ATTEST_CHALLENGES).map(({ bytes }) => decodeChallenge(bytes!));
  }

  get state(): Attestation {
    return decodeAttestation(this.driver.outputs(DEVICE_ATTESTATION).at(-1)!.bytes!);
  }

  get says(): string {
    const { state, reason } = this.state;
    return `${state}: ${reason}`;
  }

  get readings(): number {
    return this.driver.outputs(DEVICE_READINGS).length;
  }

  get held(): number {
    return this.driver.outputs(DEVICE_QUARANTINE).filter(({ bytes }) => bytes![0] === 1).length;
  }

  get marks(): number {
    return this.driver.outputs(DEVICE_QUARANTINE).filter(({ bytes }) => bytes![0] === 2).length;
  }

  async evidence(bytes: Uint8Array): Promise<void> {
    this.driver.sendBytes(ATTEST_EVIDENCE, this.gateway.id, bytes);
    await this.driver.settle();
  }

  answer(change: AnswerChange = {}, challenge = this.challenges.at(-1)!): Promise<void> {
    return this.evidence(this.gateway.answer(challenge, change));
  }

  /** One frame: 'read' or 'held'. */
  async frame(timestamp = this.driver.now): Promise<string> {
    const [readings, held] = [this.readings, this.held];
    this.driver.sendBytes(DEVICE_FRAMES, this.gateway.id, this.gateway.frame(), timestamp);
    await this.driver.settle();
    return `${this.readings > readings ? 'read' : ''}${this.held > held ? 'held' : ''}`;
  }

  /** Answers what comes until the device is trusted. */
  async prove(): Promise<void> {
    await this.answer();
    if (this.state.state !== 'trusted') throw new Error(this.state.says);
  }
}

t.test('a device is asked at once, and its frames are held until it has proved its state', async (t) => {
  const street = await Street.open();
  t.equal(street.says, 'unknown: never-proven');
  t.equal(street.challenges.length, 1);
  t.equal(await street.frame(), 'held');
  await street.answer();
  t.match(street.state, { state: 'trusted', reason: 'proven', firmware: '2.1', failures: 0, transitions: 1 });
  t.equal(await street.frame(), 'read');
  t.equal(street.marks, 1, 'the end of what was held is marked');
  await street.driver.close();
});

t.test('a challenge asks for what the policy needs, and goes on behind what was proven', async (t) => {
  const street = await Street.open();
  const [first] = street.challenges as [Challenge];
  t.match(first, { id: 1, wantsBootLog: true, wantsIma: true, imaEntries: 0, resetCount: 0xffffffff });
  t.same(first.selections[0]!.pcrs, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  t.equal(first.deadlineMs - first.issuedAtMs, TERMS.deadlineMs);
  await street.prove();
  const { trustedUntil, provenAt } = street.state;
  t.equal(trustedUntil, provenAt + TERMS.intervalMs + TERMS.deadlineMs);
  await street.driver.advance(TERMS.intervalMs);
  const second = street.challenges[1]!;
  t.match(second, { id: 2, imaEntries: 4, resetCount: 1, deadlineMs: trustedUntil });
  t.notSame(second.nonce, first.nonce);
  street.gateway.files.push(TEMPORARY);
  await street.prove();
  await street.driver.advance(TERMS.intervalMs);
  t.equal(street.challenges[2]!.imaEntries, 5);
  await street.driver.close();
});

t.test('the interval is drawn anew each time, by the share that is set', async (t) => {
  const street = await Street.open({ terms: { ...TERMS, jitter: 0.2 } });
  const intervals = new Set<number>();
  for (let i = 0; i < 12; i++) {
    await street.prove();
    const interval = street.state.trustedUntil - TERMS.deadlineMs - street.state.provenAt;
    t.ok(interval >= 0.8 * TERMS.intervalMs && interval <= 1.2 * TERMS.intervalMs, String(interval));
    intervals.add(interval);
    await street.driver.advance(interval);
  }
  t.ok(intervals.size > 8);
  await street.driver.close();
});

t.test(
  'missing evidence is distrust: from the deadline on by the frame’s own time, without anybody having to notice',
  async (t) => {
    const street = await Street.open();
    await street.prove();
    const { trustedUntil } = street.state;
    t.equal(await street.frame(trustedUntil), 'read');
    t.equal(await street.frame(trustedUntil + 1), 'held', 'the actor has not been told the time yet');
    t.equal(street.says, 'trusted: proven');
    await street.driver.advance(TERMS.intervalMs);
    await street.driver.advance(TERMS.deadlineMs + 250);
    t.equal(street.says, 'suspect: evidence-missing');
    t.match(street.state.says, /no evidence came by the deadline of challenge 2/);
    t.equal(await street.frame(), 'held');
    await street.driver.advance(TERMS.retryMs);
    t.equal(street.challenges.length, 3, 'it is asked again');
    await street.prove();
    t.equal(await street.frame(), 'read');
    await street.driver.close();
  },
);

t.test('evidence after the deadline is missing, however good it is', async (t) => {
  const street = await Street.open();
  await street.prove();
  await street.driver.advance(TERMS.intervalMs);
  const challenge = street.challenges.at(-1)!;
  street.driver.sendBytes(
    ATTEST_EVIDENCE,
    street.gateway.id,
    street.gateway.answer(challenge),
    challenge.deadlineMs + 1,
  );
  await street.driver.settle();
  t.equal(street.says, 'suspect: evidence-missing');
  t.match(street.state.says, /came 1 ms after the deadline/);
  await street.driver.close();
});

t.test('CVE-2023-3674: a bad signature is not only logged: the next frame is held', async (t) => {
  const street = await Street.open();
  await street.prove();
  await street.driver.advance(TERMS.intervalMs);
  t.equal(await street.frame(), 'read');
  await street.answer({ signature: makeAttester('ecdsa').sign(Buffer.from('something else')) });
  t.equal(street.says, 'suspect: signature-invalid');
  t.equal(await street.frame(), 'held');
  await street.driver.close();
});

t.test('CVE-2022-3500: an error in the check, of whatever kind, leaves no device attested', async (t) => {
  for (const thrown of [new Error('the database is gone'), new RangeError('Invalid array length'), 'text', undefined]) {
    let isBroken = false;
    const check: typeof checkEvidence = (...given) => {
      if (isBroken) throw thrown;
      return checkEvidence(...given);
    };
    const street = await Street.open({ check });
    await street.prove();
    isBroken = true;
    await street.driver.advance(TERMS.intervalMs);
    await street.answer();
    t.equal(street.says, 'suspect: check-failed');
    t.equal(await street.frame(), 'held');
    isBroken = false;
    await street.driver.advance(TERMS.retryMs);
    await street.prove();
    t.equal(await street.frame(), 'read');
    await street.driver.close();
  }
});

t.test('keylime#1091: where nobody asks any more, trust ends by itself', async (t) => {
  const street = await Street.open();
  await street.prove();
  const late = street.state.trustedUntil + 3_600_000;
  t.equal(await street.frame(late), 'held');
  // Back after two minutes: the doubt is told, and the device asked.
  await street.driver.advance(120_000);
  t.equal(street.says, 'suspect: evidence-missing');
  t.match(street.state.says, /the engine did not run/);
  await street.driver.advance(TERMS.retryMs);
  await street.prove();
  t.equal(await street.frame(), 'read');
  await street.driver.close();
});

t.test('keylime#1932: no device is trusted by default, with a key or without', async (t) => {
  const unkeyed = new Gateway('gate-2');
  const { attestationKey: _, ...record } = unkeyed.signer.record;
  unkeyed.signer.record = record;
  const street = await Street.open({}, unkeyed);
  t.equal(street.says, 'unknown: no-key');
  t.equal(street.challenges.length, 0);
  t.equal(await street.frame(), 'held');
  await street.driver.close();
  const passing = await Street.open({ keyless: 'pass' }, unkeyed);
  t.equal(passing.says, 'unknown: no-key');
  t.equal(await passing.frame(), 'read', 'only where it was said in so many words');
  await passing.driver.close();
});

t.test('what is no key that may attest, and what is no evidence, is distrust', async (t) => {
  const gateway = new Gateway('gate-1');
  gateway.signer.record = { ...gateway.signer.record, attestationKey: 'AAAA' };
  const street = await Street.open({}, gateway);
  await street.answer();
  t.equal(street.says, 'suspect: check-failed');
  await street.driver.close();
  const other = await Street.open();
  await other.prove();
  await other.evidence(Buffer.from([1, 9, 9, 9]));
  t.equal(other.says, 'suspect: evidence-unreadable');
  await other.driver.close();
});

t.test('an answer to another challenge is distrust, a repeat of the last good one is nothing', async (t) => {
  const street = await Street.open();
  const [first] = street.challenges as [Challenge];
  const answer = street.gateway.answer(first);
  await street.evidence(answer);
  t.equal(street.says, 'trusted: proven');
  await street.evidence(answer);
  t.equal(street.says, 'trusted: proven');
  await street.driver.advance(TERMS.intervalMs);
  await street.prove();
  await street.evidence(answer);
  t.equal(street.says, 'suspect: nonce-wrong');
  await street.driver.advance(TERMS.retryMs);
  await street.answer({ nonce: first.nonce });
  t.equal(street.says, 'suspect: nonce-wrong', 'the right number with an old nonce');
  await street.driver.close();
});

t.test(
  'a file that was changed makes a device suspect at once, by a notice and by its next evidence, until it is started anew',
  async (t) => {
    const street = await Street.open();
    await street.prove();
    street.gateway.files.push(TEMPORARY);
    await street.evidence(street.gateway.notice(4));
    t.equal(street.says, 'trusted: proven', 'a file that a rule allows');
    street.gateway.files.push(BAD_FILE);
    await street.evidence(street.gateway.notice(5));
    t.match(street.state, { state: 'suspect', reason: 'file-changed', log: 'ima', entry: 6, path: BAD_FILE.path });
    t.equal(await street.frame(), 'held');
    await street.driver.advance(TERMS.retryMs);
    await street.answer();
    t.equal(street.says, 'suspect: file-changed', 'the list cannot be shown without it');
    await street.driver.advance(2 * TERMS.retryMs);
    street.gateway.restart();
    await street.prove();
    t.equal(await street.frame(), 'read');
    await street.driver.close();
  },
);

t.test('so many failures in a row of what was shown are quarantine; silence is not', async (t) => {
  const street = await Street.open();
  await street.prove();
  await street.driver.advance(TERMS.intervalMs);
  for (const state of ['suspect', 'suspect', 'quarantined']) {
    await street.answer({ pcrs: Buffer.alloc(352) });
    t.equal(street.says, `${state}: pcr-digest-wrong`);
    await street.driver.advance(TERMS.intervalMs);
  }
  t.equal(street.state.failures, 3);
  t.same(
    street.state.history.map(({ state }) => state),
    ['quarantined', 'suspect', 'trusted', 'unknown'],
  );
  await street.prove();
  t.match(street.state, { state: 'trusted', failures: 0 });
  for (let i = 0; i < 8; i++) await street.driver.advance(TERMS.intervalMs + TERMS.deadlineMs + 1_000);
  t.equal(street.says, 'suspect: evidence-missing');
  await street.driver.close();
});

t.test('a device that has never answered stays unknown, and is asked ever less often', async (t) => {
  const street = await Street.open();
  for (let i = 0; i < 40; i++) await street.driver.advance(5_000);
  t.equal(street.says, 'unknown: evidence-missing');
  const gaps = street.challenges.map(({ issuedAtMs }) => issuedAtMs).map((at, i, all) => at - (all[i - 1] ?? at));
  t.ok(gaps.at(-1)! >= TERMS.intervalMs && gaps[1]! <= 16_000, String(gaps));
  await street.driver.close();
});

t.test('a revoked device is asked no more and its evidence refused; a reset begins anew', async (t) => {
  const street = await Street.open();
  await street.prove();
  await street.register({ resetCount: 1 });
  t.equal(street.says, 'unknown: never-proven');
  t.equal(await street.frame(), 'held');
  await street.prove();
  await street.register({ state: 'revoked' });
  t.equal(street.says, 'revoked: revoked');
  await street.driver.advance(10 * TERMS.intervalMs);
  t.equal(street.challenges.length, 2);
  await street.answer();
  t.equal(street.says, 'revoked: revoked');
  t.equal(street.driver.letters(ATTEST_EVIDENCE).at(-1)!.code, 'DEVICE_REVOKED');
  await street.driver.close();
});

t.test('a released frame is read once where its device is trusted, and held again where doubt is back', async (t) => {
  const street = await Street.open();
  t.equal(await street.frame(), 'held');
  t.equal(await street.frame(), 'held');
  await street.prove();
  const held = street.driver.outputs(DEVICE_QUARANTINE).filter(({ bytes }) => bytes![0] === 1);
  const release = async (which: number) => {
    const { bytes, timestamp } = held[which]!;
    street.driver.sendBytes(DEVICE_FRAMES, street.gateway.id, encodeReleased(timestamp, bytes!, 1));
    await street.driver.settle();
  };
  await release(0);
  t.equal(street.readings, 1);
  t.equal(street.driver.outputs(DEVICE_READINGS)[0]!.timestamp, held[0]!.timestamp, 'under its own time');
  await street.driver.advance(TERMS.intervalMs);
  await street.answer({ pcrs: Buffer.alloc(352) });
  await release(1);
  t.equal(street.readings, 1);
  t.equal(street.held, 3);
  t.same(street.driver.outputs(DEVICE_QUARANTINE).at(-1)!.bytes, held[1]!.bytes, 'as it was');
  await street.driver.close();
});

t.test('of released frames those whose day key was destroyed are dead letters, and no other is lost', async (t) => {
  const keys = new MemoryKeys();
  const gateway = new Gateway('gate-1');
  const street = new Street(gateway, await testActor(attestedCity(attestOptions(), keys)));
  await street.register();
  const { driver } = street;
  const frames = [
    gateway.frame(),
    gateway.signer.sealed(enmonFrame(), {}, keys),
    gateway.frame(),
    gateway.signer.sealed(enmonFrame(), {}, keys),
    gateway.frame(),
  ];
  for (const frame of frames) driver.sendBytes(DEVICE_FRAMES, 'gate-1', frame);
  await driver.settle();
  t.equal(street.held, 5);
  await street.prove();
  keys.destroyed.add(DAY);
  const held = driver.outputs(DEVICE_QUARANTINE).filter(({ bytes }) => bytes![0] === 1);
  for (const { bytes } of held) driver.sendBytes(DEVICE_FRAMES, 'gate-1', encodeReleased(driver.now, bytes!, 1));
  await driver.settle();
  t.equal(street.readings, 3);
  t.same(
    driver.letters(DEVICE_VERIFIED).map(({ code }) => code),
    ['KEY_DESTROYED', 'KEY_DESTROYED'],
  );
  t.equal(await street.frame(), 'read', 'and it goes on');
  await driver.close();
});

t.test('the IMA list goes on behind what was proven, and nothing of it all is a dead letter', async (t) => {
  const gateway = new Gateway('gate-1');
  const street = await Street.open({}, gateway);
  await street.prove();
  await street.driver.advance(TERMS.intervalMs);
  t.equal(street.challenges.at(-1)!.imaEntries, 4);
  t.equal(street.driver.letters(ATTEST_EVIDENCE).length, 0);
  t.equal(street.driver.letters(DEVICE_FRAMES).length, 0);
  await street.driver.close();
});

t.test('under another policy the IMA list is to be shown from its beginning again', async (t) => {
  const options: { -readonly [K in keyof AttestOptions]: AttestOptions[K] } = attestOptions();
  const street = new Street(new Gateway('gate-1'), await testActor(attestedCity(options)));
  await street.register();
  await street.prove();
  options.policyId = 'p2';
  await street.driver.advance(TERMS.intervalMs);
  const challenge = street.challenges.at(-1)!;
  t.equal(challenge.imaEntries, 0);
  await street.prove();
  await street.driver.advance(TERMS.intervalMs);
  t.equal(street.challenges.at(-1)!.imaEntries, 4);
  await street.driver.close();
});
