/** Attestation as configured: what does not fit together is said before anything starts. */
import t from 'tap';
import { type AttestationJob, attestOptionsOf, returnTermsOf } from '../../../services/attestation/index.ts';
import { makePublisher, POLICY, referencesText } from '../../support/attested-device.ts';

const TERMS = { intervalMs: 60_000, jitter: 0.2, deadlineMs: 10_000, retryMs: 5_000, failuresMax: 3 };
const publisher = makePublisher();
const text = referencesText();
const references = {
  file: 'firmware.references',
  text,
  signature: publisher.sign(text).toString('base64'),
  publicKey: publisher.key.export({ format: 'pem', type: 'spki' }).toString(),
};
const job = (change: Partial<AttestationJob> = {}, more = ''): AttestationJob => ({
  policy: { file: 'gateway.policy', text: `${POLICY}${more}` },
  references,
  terms: TERMS,
  keyless: 'hold',
  ...change,
});

t.test('policy and references are one identity, so that a change of either has all shown again', async (t) => {
  const ids = [
    attestOptionsOf(job()),
    attestOptionsOf(job({}, '# a note\n')),
    attestOptionsOf(
      job({
        references: {
          ...references,
          text: `${text}# a note\n`,
          signature: publisher.sign(`${text}# a note\n`).toString('base64'),
        },
      }),
    ),
  ].map(({ policyId }) => policyId);
  t.equal(new Set(ids).size, 3);
  t.equal(attestOptionsOf(job()).policyId, ids[0]);
  t.match(attestOptionsOf(job()), { terms: TERMS, keyless: 'hold', policy: { name: 'gateways' } });
});

t.test('what cannot hold is refused with the setting', async (t) => {
  const refused = (change: Partial<AttestationJob>, field: string) =>
    t.throws(() => attestOptionsOf(job(change)), { code: 'CONFIG_INVALID', field });
  refused({ references: null }, 'attestation.references');
  refused({ references: { ...references, publicKey: 'no key' } }, 'attestation.referencesKey');
  refused({ terms: { ...TERMS, deadlineMs: 61_000 } }, 'attestation.deadline');
  t.throws(() => attestOptionsOf(job({ references: { ...references, text: `${text}\n` } })), {
    code: 'SIGNATURE_INVALID',
  });
  t.throws(() => attestOptionsOf(job({}, 'nonsense\n')), { code: 'POLICY_INVALID', message: /gateway\.policy:/ });
});

t.test('the policy decides on held frames in its own name, or leaves them to the operator', async (t) => {
  t.equal(returnTermsOf(job()), null);
  t.equal(returnTermsOf(job({}, 'on return keep held for the operator\n')), null);
  t.same(returnTermsOf(job({}, 'on return release held\n')), {
    decision: 'release',
    by: 'policy',
    why: 'policy gateways 3: on return release held',
  });
  t.match(returnTermsOf(job({}, 'on return drop held\n')), { decision: 'drop' });
});
