/** A quote of a real TPM (swtpm), made by tpm2-tools with the very commands of docs/attestation.md, is what is checked. */
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { attestationKey, checkEvidence, parsePolicy } from '../../../actors/attest/index.ts';
import { extend } from '../../support/attester.ts';
import { needs } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';

const ATTRIBUTES = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign';

t.test(
  'quotes of a TPM with an ECC and an RSA key are trusted, and its next measurement costs the trust',
  async (t) => {
    if (!needs(t, 'swtpm', 'tpm2_sign')) return;
    const swtpm = await startSwtpm();
    t.teardown(() => swtpm.stop());
    const measured = randomBytes(32);
    await swtpm.tool('tpm2_startup', '-c');
    await swtpm.tool('tpm2_pcrextend', `4:sha256=${measured.toString('hex')}`);
    await swtpm.tool('tpm2_createprimary', '-C', 'e', '-G', 'ecc', '-c', 'primary.ctx');
    const policy = parsePolicy(
      Buffer.from(
        `policy real 1\nquote at most 60 s old\nclock may be unsafe\npcr 0-3,5-10 is ${'0'.repeat(64)}\npcr 4 is ${extend(Buffer.alloc(32), measured).toString('hex')}`,
      ),
    );
    for (const algorithm of ['ecc256:ecdsa-sha256:null', 'rsa2048:rsassa-sha256:null', 'rsa2048:rsapss-sha256:null']) {
      await swtpm.tool('tpm2_flushcontext', '-t');
      const made = ['-u', 'ak.pub', '-r', 'ak.priv'];
      await swtpm.tool('tpm2_create', '-C', 'primary.ctx', '-G', algorithm, '-a', ATTRIBUTES, ...made);
      await swtpm.tool('tpm2_flushcontext', '-t');
      await swtpm.tool('tpm2_load', '-C', 'primary.ctx', ...made, '-c', 'ak.ctx');
      await swtpm.tool('tpm2_flushcontext', '-t');
      const nonce = randomBytes(20);
      const quoted = async () => {
        const selection = ['-l', 'sha256:0,1,2,3,4,5,6,7,8,9,10', '-q', nonce.toString('hex')];
        const files = ['-m', 'quote.msg', '-s', 'quote.msg.sig', '-o', 'pcrs', '-F', 'values'];
        const scheme = algorithm.includes('pss') ? ['--scheme', 'rsapss'] : [];
        await swtpm.tool('tpm2_quote', '-c', 'ak.ctx', ...scheme, ...selection, ...files);
        await swtpm.tool('tpm2_flushcontext', '-t');
        const [quote, signature, pcrs] = ['quote.msg', 'quote.msg.sig', 'pcrs'].map(swtpm.file) as [
          Buffer,
          Buffer,
          Buffer,
        ];
        const key = attestationKey(swtpm.file('ak.pub'));
        const expectation = { key, nonce, ageMs: 0, policy, references: null, before: null };
        return checkEvidence({ quote, signature, pcrs, bootLog: null, ima: null }, expectation);
      };
      const verdict = await quoted();
      t.ok(verdict.isTrusted, verdict.isTrusted ? algorithm : `${algorithm}: ${verdict.findings[0]?.says}`);
      if (!algorithm.includes('pss')) continue;
      await swtpm.tool('tpm2_pcrextend', `4:sha256=${measured.toString('hex')}`);
      const later = await quoted();
      t.match(later, { isTrusted: false, findings: [{ reason: 'pcr-refused', pcr: 4 }] });
    }
  },
);
