/** Challenges and evidence: the bytes of the specification, every value there and back, and nothing else thrown than what is promised. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import {
  type Challenge,
  decodeChallenge,
  decodeDecision,
  decodeEvidence,
  EVIDENCE_BYTES_MAX,
  type EvidenceMessage,
  encodeChallenge,
  encodeDecision,
  encodeEvidence,
} from '../../../schemas/attestation/index.ts';
import { ALG_SHA1, ALG_SHA256 } from '../../../schemas/tpm/index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const time = fc.integer({ min: 0, max: 2 ** 52 });
const plain = { noNullPrototype: true };

const challenges: fc.Arbitrary<Challenge> = fc.record(
  {
    id: fc.integer({ min: 1, max: 0xffffffff }),
    issuedAtMs: time,
    deadlineMs: time,
    nonce: bytes(64, 1),
    selections: fc.array(
      fc.record(
        { bank: fc.constantFrom(ALG_SHA1, ALG_SHA256), pcrs: fc.uniqueArray(fc.integer({ min: 0, max: 23 })) },
        plain,
      ),
      { maxLength: 4 },
    ),
    wantsBootLog: fc.boolean(),
    wantsIma: fc.boolean(),
    imaEntries: u32,
    resetCount: u32,
  },
  plain,
);

const evidence: fc.Arbitrary<EvidenceMessage> = fc.record(
  {
    challengeId: u32,
    quote: bytes(200),
    signature: bytes(200),
    pcrs: fc.option(bytes(100)),
    bootLog: fc.option(bytes(300)),
    ima: fc.option(fc.record({ after: u32, format: fc.constantFrom('binary', 'ascii'), bytes: bytes(300) }, plain)),
  },
  plain,
);

const CHALLENGE = `0103${'00000007'}${'0000019000000000'}${'0000019000002710'}${'000004b0'}${'ffffffff'}0004cafebabe00000001000b03ff0400`;
const EVIDENCE = `0107${'00000007'}0002aabb0003010203${'0001ff'}${'00000002'}b0b1${'000004b0'}${'00000001'}77`;

t.test('a challenge is laid out as the specification says', async () => {
  const challenge = decodeChallenge(Buffer.from(CHALLENGE, 'hex'));
  assert.deepEqual(
    { ...challenge, nonce: hex(challenge.nonce) },
    {
      id: 7,
      issuedAtMs: 0x190_0000_0000,
      deadlineMs: 0x190_0000_2710,
      nonce: 'cafebabe',
      selections: [{ bank: ALG_SHA256, pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 10] }],
      wantsBootLog: true,
      wantsIma: true,
      imaEntries: 1200,
      resetCount: 0xffffffff,
    },
  );
  assert.equal(hex(encodeChallenge(challenge)), CHALLENGE);
});

t.test('evidence is laid out as the specification says', async () => {
  const message = decodeEvidence(Buffer.from(`ff${EVIDENCE}ff`, 'hex'), 1, 1 + EVIDENCE.length / 2);
  assert.equal(message.challengeId, 7);
  assert.deepEqual(
    [message.quote, message.signature, message.pcrs, message.bootLog].map((part) => hex(part!)),
    ['aabb', '010203', 'ff', 'b0b1'],
  );
  assert.deepEqual({ ...message.ima, bytes: hex(message.ima!.bytes) }, { after: 1200, format: 'binary', bytes: '77' });
  assert.equal(hex(encodeEvidence(message)), EVIDENCE);
});

t.test('every challenge and every evidence comes back as it was', async () => {
  fc.assert(
    fc.property(challenges, (challenge) => {
      const sorted = challenge.selections.map(({ bank, pcrs }) => ({ bank, pcrs: [...pcrs].sort((a, b) => a - b) }));
      const back = decodeChallenge(encodeChallenge(challenge));
      assert.deepEqual(
        { ...back, nonce: hex(back.nonce) },
        { ...challenge, selections: sorted, nonce: hex(challenge.nonce) },
      );
    }),
  );
  fc.assert(
    fc.property(evidence, (message) => {
      assert.equal(hex(encodeEvidence(decodeEvidence(encodeEvidence(message)))), hex(encodeEvidence(message)));
    }),
  );
});

t.test('bytes that are none are refused with the field, and nothing else is thrown', async () => {
  const mutated = fc
    .tuple(
      fc.oneof(challenges.map(encodeChallenge), evidence.map(encodeEvidence)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(),
    )
    .map(([whole, changes, cut]) => {
      const copy = whole.slice();
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return cut % 3 === 0 ? copy.subarray(0, cut % copy.length) : copy;
    });
  const codes = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(mutated, bytes(600)), (given) => {
      for (const decode of [decodeChallenge, decodeEvidence]) {
        try {
          decode(given);
        } catch (thrown) {
          assert.ok(thrown instanceof MsecError, String(thrown));
          codes.add(thrown.code);
        }
      }
    }),
    { numRuns: 3000 },
  );
  assert.deepEqual([...codes].sort(), ['EVIDENCE_INVALID', 'TPM_RESPONSE_INVALID']);
});

t.test('evidence beyond the limit, and with bytes behind its end, is refused', async (t) => {
  const large = encodeEvidence({
    challengeId: 1,
    quote: new Uint8Array(0),
    signature: new Uint8Array(0),
    pcrs: null,
    bootLog: new Uint8Array(EVIDENCE_BYTES_MAX),
    ima: null,
  });
  t.throws(() => decodeEvidence(large), { code: 'EVIDENCE_INVALID', field: 'length' });
  t.throws(() => decodeEvidence(Buffer.from(`${EVIDENCE}00`, 'hex')), { code: 'EVIDENCE_INVALID', field: 'end' });
});

t.test('a part has a challenge and entries, and nothing that speaks for the device', async (t) => {
  const nothing = new Uint8Array(0);
  const ima = { after: 3, format: 'binary', bytes: Buffer.from('entries') } as const;
  const part = { challengeId: 7, quote: nothing, signature: nothing, pcrs: null, bootLog: null, ima, isPart: true };
  t.match(decodeEvidence(encodeEvidence(part)), { challengeId: 7, isPart: true, ima: { after: 3 } });
  for (const change of [
    { challengeId: 0 },
    { quote: Buffer.of(1) },
    { signature: Buffer.of(1) },
    { pcrs: nothing },
    { bootLog: nothing },
    { ima: null },
  ])
    t.throws(() => decodeEvidence(encodeEvidence({ ...part, ...change })), {
      code: 'EVIDENCE_INVALID',
      field: 'flags',
    });
});

t.test('a decision comes back as it was, and what is none is refused with its field', async (t) => {
  const decision = {
    version: 1,
    device: 'gate-1',
    decision: 'release',
    by: 'ana',
    at: 1,
    why: 'the fan was replaced',
    from: 3,
    to: 9,
    end: 12,
    frames: 4,
  } as const;
  t.same(decodeDecision(encodeDecision(decision)), decision);
  const refused = (change: object, field: string) => {
    const json = Buffer.from(JSON.stringify({ ...decision, ...change }));
    t.throws(() => decodeDecision(json), { code: 'VALUE_INVALID', field });
  };
  refused({ decision: 'forget' }, 'decision');
  refused({ by: '' }, 'by');
  refused({ to: 2 }, 'to');
  refused({ end: 8 }, 'to');
  refused({ device: 'a b' }, 'device');
  refused({ more: 1 }, 'more');
  refused({ unreadable: -1 }, 'unreadable');
  t.same(decodeDecision(encodeDecision({ ...decision, unreadable: 2 })), { ...decision, unreadable: 2 });
  t.throws(() => decodeDecision(Buffer.from('{')), { code: 'VALUE_INVALID' });
});
