/**
 * Faults by which other verifiers came to trust what they should not have, each as a case that must fail here. What is
 * about the actor and its liveness (keylime#1091: a verifier that died unnoticed) is here as far as a pure check has to
 * do with it: a check that dies gives distrust, and trust ends by itself with the age of the quote.
 */
import t from 'tap';
import { checkEvidence, parsePolicy, type Verdict } from '../../../actors/attest/index.ts';
import { expectationOf, makeDevice, NONCE, POLICY } from '../../support/attested-device.ts';

const device = makeDevice({ kind: 'rsassa' });
const expected = expectationOf(device);
const reasonsOf = (verdict: Verdict) => (verdict.isTrusted ? 'trusted' : verdict.findings.map(({ reason }) => reason));

t.test('CVE-2023-3674: a quote whose signature is wrong is not trusted, whatever else in it is right', async (t) => {
  const good = device.evidence();
  for (let at = 6; at < good.signature!.length; at += 1) {
    const signature = Buffer.from(good.signature!);
    signature[at]! ^= 0x01;
    const verdict = checkEvidence({ ...good, signature }, expected);
    if (verdict.isTrusted || verdict.findings[0]!.reason !== 'signature-invalid') t.fail(`the byte at ${at}`);
  }
  t.same(reasonsOf(checkEvidence(makeDevice({ kind: 'rsassa' }).evidence(), expected)), ['signature-invalid']);
  t.same(reasonsOf(checkEvidence({ ...good, signature: Buffer.alloc(0) }, expected)), ['evidence-unreadable']);
});

t.test('CVE-2022-3500: an error in the middle of a check, at any place, leaves no device attested', async (t) => {
  const good = device.evidence();
  const thrower = (after: number) => {
    let reads = 0;
    // Every read of the policy may be the one that fails.
    return new Proxy(expected.policy, {
      get(target, name) {
        reads += 1;
        if (reads > after) throw new Error('the database is gone');
        return Reflect.get(target, name) as unknown;
      },
    });
  };
  let failed = 0;
  for (let after = 0; after < 200; after += 1) {
    const verdict = checkEvidence(good, { ...expected, policy: thrower(after) });
    if (verdict.isTrusted) break;
    t.same(reasonsOf(verdict), ['check-failed'], `after ${after} reads`);
    failed += 1;
  }
  t.ok(failed > 20 && failed < 200, `${failed} places, and with none of them the device is trusted`);
});

t.test(
  'keylime#1091: without a new quote nothing renews the trust, and an old one cannot be shown again',
  async (t) => {
    const good = device.evidence();
    const first = checkEvidence(good, expected);
    t.ok(first.isTrusted);
    if (!first.isTrusted) return;
    t.same(reasonsOf(checkEvidence(good, { ...expected, ageMs: 60_001 })), ['quote-old']);
    const rest = { ...good, ima: { bytes: Buffer.alloc(0), format: 'binary', after: 4 } } as const;
    const again = checkEvidence(rest, { ...expected, before: first.state });
    t.same(reasonsOf(again), ['clock-back'], 'also not to a verifier that would take the nonce twice');
    t.same(reasonsOf(checkEvidence(null, { ...expected, before: first.state })), ['evidence-missing']);
  },
);

t.test('keylime#1932: there is no policy that trusts without a look, and no default that does', async (t) => {
  const empty = ['', '{}', 'accept-all', 'policy all 1', 'policy all 1\nquote at most 60 s old\n', '# nothing'];
  for (const text of empty) t.throws(() => parsePolicy(Buffer.from(text)), { code: 'POLICY_INVALID' }, text);
  // Reference values that are given are used: a policy cannot ask for them and be content without.
  const unknown = parsePolicy(Buffer.from(POLICY.replace('2.1 or 2.2', '9.9')));
  t.same(reasonsOf(checkEvidence(device.evidence(), { ...expected, policy: unknown }))[0], 'evidence-missing');
});

t.test(
  'rust-keylime#1077: who sends the whole list again after a part was proven is told so, not trusted by halves',
  async (t) => {
    const first = checkEvidence(device.evidence(), expected);
    if (!first.isTrusted) return void t.fail('the first check');
    const again = checkEvidence(device.evidence({ clockMs: 6_000n }), { ...expected, before: first.state });
    t.same(reasonsOf(again), ['evidence-missing']);
    const rest = {
      ...device.evidence({ clockMs: 6_000n }),
      ima: { bytes: Buffer.alloc(0), format: 'binary', after: 4 },
    } as const;
    t.ok(checkEvidence(rest, { ...expected, before: first.state }).isTrusted);
    t.equal(NONCE.length, 20);
  },
);
