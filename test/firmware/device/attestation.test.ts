/**
 * The firmware's challenges and evidence against those of schemas/attestation, byte for byte, and its boot log against the
 * verifier's own reading of it.
 */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { attestationKey, checkEvidence, parsePolicy } from '../../../actors/attest/index.ts';
import {
  CHALLENGE_BYTES_MAX,
  type Challenge,
  decodeChallenge,
  encodeChallenge,
  encodeEvidence,
} from '../../../schemas/attestation/index.ts';
import { ALG_SHA1, ALG_SHA256, pcrs as pcrsOf } from '../../../schemas/tpm/index.ts';
import { digest, extend, makeAttester } from '../../support/attester.ts';
import { needs } from '../../support/needs.ts';
import { hex, VectorProgram } from './vector-program.ts';

t.setTimeout(590_000);

async function started(t: Test): Promise<VectorProgram | null> {
  if (!needs(t, 'gcc', 'make')) return null;
  const program = await VectorProgram.start();
  t.teardown(async () => {
    const code = await program.end();
    if (code !== 0) throw new Error(`the program ended with ${code}`);
  });
  return program;
}

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const challenges: fc.Arbitrary<Challenge> = fc
  .record({
    id: fc.integer({ min: 1, max: 0xffffffff }),
    issuedAtMs: fc.integer({ min: 0, max: 2 ** 45 }),
    withinMs: fc.integer({ min: 0, max: 2 ** 33 }),
    nonce: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    selections: fc.array(
      fc.record({
        bank: fc.constantFrom(ALG_SHA1, ALG_SHA256),
        pcrs: fc.uniqueArray(fc.integer({ min: 0, max: 23 })),
      }),
      { maxLength: 4 },
    ),
    wantsBootLog: fc.boolean(),
    wantsIma: fc.boolean(),
    imaEntries: u32,
    resetCount: u32,
  })
  .map(({ withinMs, ...rest }) => ({ ...rest, deadlineMs: rest.issuedAtMs + withinMs }));

/** As the program answers. */
function told(challenge: Challenge): string {
  const { id, wantsBootLog, issuedAtMs, deadlineMs, resetCount, nonce, selections } = challenge;
  const within = Math.min(deadlineMs - issuedAtMs, 0x7fffffff);
  const banks = selections.map(({ bank, pcrs }) => {
    const map = pcrs.reduce((bits, pcr) => bits | (1 << pcr), 0);
    return ` ${bank.toString(16)}:${map.toString(16).padStart(6, '0')}`;
  });
  return `${id} ${wantsBootLog ? 1 : 0} ${issuedAtMs} ${within} ${resetCount} ${hex(nonce)}${banks.join('')}`;
}

t.test('every challenge is read as it was written', async (t) => {
  const program = await started(t);
  if (program === null) return;
  await fc.assert(
    fc.asyncProperty(challenges, async (challenge) => {
      const answer = await program.ask('challenge', hex(encodeChallenge(challenge)));
      if (answer !== told(challenge)) throw new Error(`${answer}, not ${told(challenge)}`);
    }),
    { numRuns: 500 },
  );
});

t.test('what is no challenge to the engine is none to the device', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const mutated = fc
    .tuple(challenges.map(encodeChallenge), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat())
    .map(([whole, changes, cut]) => {
      const copy = whole.slice();
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return cut % 3 === 0 ? copy.subarray(0, cut % copy.length) : copy;
    });
  let [taken, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(mutated, async (bytes) => {
      const answer = await program.ask('challenge', hex(bytes));
      let known: Challenge | null = null;
      try {
        known = decodeChallenge(bytes);
      } catch {
        // Refused by the engine's own reading.
      }
      if (answer === 'refused') {
        refused++;
        if (known !== null && !isBeyondDevices(known, bytes.length)) throw new Error('refused what is one');
      } else {
        taken++;
        if (known === null || answer !== told(known)) throw new Error(`taken as ${answer}`);
      }
    }),
    { numRuns: 3000 },
  );
  t.ok(taken > 300 && refused > 300, `${taken} taken, ${refused} refused`);
});

/** What a device refuses though it is laid out well. */
function isBeyondDevices({ issuedAtMs, deadlineMs, selections }: Challenge, length: number): boolean {
  return (
    deadlineMs < issuedAtMs ||
    length > CHALLENGE_BYTES_MAX ||
    selections.length > 4 ||
    selections.some(({ pcrs }) => pcrs.some((pcr) => pcr > 23))
  );
}

const MEASURED = digest('firmware 2.1');
const PCR_14 = extend(Buffer.alloc(32), MEASURED);
const LOG = [
  // Event 1: PCR 0, EV_NO_ACTION, no digest, 33 bytes: the Spec ID of a log with a SHA-256 bank.
  `0000000003000000${'00'.repeat(20)}21000000`,
  `${Buffer.from('Spec ID Event03\0').toString('hex')}0000000000020001010000000b00200000`,
  // Event 2: PCR 14, EV_IPL, one digest of SHA-256.
  `0e0000000d000000010000000b00${MEASURED.toString('hex')}0b000000${Buffer.from('msec-device').toString('hex')}`,
].join('');

t.test(
  'evidence has the bytes of the reference encoder, and is trusted by the policy for what was measured',
  async (t) => {
    const program = await started(t);
    if (program === null) return;
    const attester = makeAttester('ecdsa');
    const values = Array.from({ length: 24 }, (_, pcr) => (pcr === 14 ? PCR_14 : Buffer.alloc(32)));
    const nonce = digest('a nonce');
    const selections = [pcrsOf(0, 7, 14)];
    const challenge = { id: 7, issuedAtMs: 1000, deadlineMs: 9000, nonce, selections, wantsIma: false, imaEntries: 0 };
    const quoted = selections[0]!.pcrs.map((pcr) => values[pcr]!);
    const policy = parsePolicy(
      Buffer.from(`policy devices 1\nquote at most 60 s old\npcr 0,7 is ${'0'.repeat(64)}\npcr 14 from boot log\n`),
    );
    const { quote, signature } = attester.quote({ nonce, selections, values: quoted, resetCount: 3 });
    const shown = async (change: Pick<Challenge, 'wantsBootLog' | 'resetCount'>, pcrValues = values) => {
      const asked = hex(encodeChallenge({ ...challenge, ...change }));
      const bytes = hex(Buffer.concat(pcrValues));
      return program.ask('evidence', asked, hex(quote), hex(signature), bytes, hex(MEASURED));
    };
    const evidence = (bootLog: Buffer | null, pcrs: Buffer | null = Buffer.concat(quoted)) =>
      hex(encodeEvidence({ challengeId: 7, quote, signature, pcrs, bootLog, ima: null }));
    const bootLog = Buffer.from(LOG, 'hex');
    t.equal(await shown({ wantsBootLog: true, resetCount: 3 }), evidence(bootLog));
    t.equal(await shown({ wantsBootLog: false, resetCount: 2 }), evidence(bootLog), 'it was started anew');
    t.equal(await shown({ wantsBootLog: false, resetCount: 3 }), evidence(null), 'the log is known');
    const moved = values.with(7, Buffer.alloc(32, 1));
    t.equal(await shown({ wantsBootLog: true, resetCount: 3 }, moved), evidence(bootLog, null), 'a PCR that moves');

    const expectation = { key: attestationKey(attester.publicArea), nonce, ageMs: 0, policy, references: null };
    for (const pcrs of [Buffer.concat(quoted), null]) {
      const verdict = checkEvidence({ quote, signature, pcrs, bootLog, ima: null }, { ...expectation, before: null });
      t.ok(verdict.isTrusted, verdict.isTrusted ? '' : verdict.findings[0]?.says);
    }
  },
);

t.test('bytes that are none, and a TPM that answers nonsense, are refused', async (t) => {
  const program = await started(t);
  if (program === null) return;
  const challenge = {
    ...{ id: 1, issuedAtMs: 1, deadlineMs: 2, nonce: Buffer.of(1), selections: [], imaEntries: 0, resetCount: 0 },
    ...{ wantsBootLog: true, wantsIma: false },
  };
  const good = Buffer.from(encodeChallenge(challenge));
  const changed = (at: number, value: number) => Buffer.from(good).fill(value, at, at + 1);
  t.equal(await program.ask('challenge', hex(good)), '1 1 1 1 0 01');
  for (const [says, bytes] of [
    ['version', changed(0, 2)],
    ['the id 0 of a notice', changed(5, 0)],
    ['no nonce', Buffer.concat([good.subarray(0, 31), Buffer.of(0), good.subarray(33)])],
    ['a nonce longer than the message', changed(31, 64)],
    ['a byte behind', Buffer.concat([good, Buffer.of(0)])],
    ['a deadline before its start', changed(21, 0)],
    ['nothing', Buffer.alloc(0)],
  ] as const)
    t.equal(await program.ask('challenge', hex(bytes)), 'refused', says);
  t.throws(() => decodeChallenge(changed(5, 0)), { code: 'EVIDENCE_INVALID', field: 'challenge id' });
  const none = Buffer.concat([good.subarray(0, 31), Buffer.of(0), good.subarray(33)]);
  t.throws(() => decodeChallenge(none), { code: 'EVIDENCE_INVALID', field: 'nonce' });
  t.equal(await program.ask('evidence', hex(good), 'ff544347', 'aa', '-', '-'), 'refused');
});
