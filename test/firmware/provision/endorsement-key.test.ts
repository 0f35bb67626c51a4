import { randomBytes, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { deviceKeys, EK_ECC_P256, endorsementKey, usingEndorsementKey } from '../../../firmware/provision/index.ts';
import {
  activateCredential,
  createPrimary,
  encodePublic,
  evict,
  HT_PERSISTENT,
  handlesOf,
  makeCredential,
  permanent,
  publicKeyOf,
  RH_ENDORSEMENT,
  readObject,
  type Tpm,
  type TpmObject,
} from '../../../firmware/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';

async function proves(tpm: Tpm, key: TpmObject): Promise<boolean> {
  const secret = randomBytes(32);
  const { attestation } = await deviceKeys(tpm);
  const credential = makeCredential(key.area, attestation.name, secret);
  return secret.equals(
    await usingEndorsementKey(tpm, key, (endorsement) => activateCredential(tpm, attestation, endorsement, credential)),
  );
}

t.test('the endorsement key that the maker certified', async (t) => {
  if (!needs(t, 'swtpm', 'swtpm_setup', 'swtpm_localca')) return;
  const swtpm = await startSwtpm({ withCertificates: true });
  t.teardown(() => swtpm.stop());
  let tpm = await swtpm.open();
  t.teardown(() => tpm.close());

  await t.test('is found where the maker has left it, and its certificate is the maker’s', async (t) => {
    const { key, certificate } = await endorsementKey(tpm);
    const x509 = new X509Certificate(certificate);
    t.ok(x509.publicKey.equals(publicKeyOf(key.area)));
    t.ok(x509.verify(new X509Certificate(swtpm.file(join('ca', 'issuercert.pem'))).publicKey));
    t.equal(key.handle, 0x81010016, 'P-384');
    t.ok(await proves(tpm, key));
  });

  await t.test('is used after many losses of power', async (t) => {
    for (let loss = 0; loss < 6; loss++) {
      await tpm.close();
      await swtpm.restart();
      tpm = await swtpm.open();
      t.ok(await proves(tpm, (await endorsementKey(tpm)).key));
    }
  });

  await t.test('is made again from the seed where its handle is empty: P-384, then RSA', async (t) => {
    const before = await readObject(tpm, 0x81010016);
    await evict(tpm, before);
    const { key } = await endorsementKey(tpm);
    t.same(encodePublic(key.area), encodePublic(before.area));
    t.notOk((await handlesOf(tpm, HT_PERSISTENT)).includes(key.handle));
    t.ok(await proves(tpm, key));
    await tpm.flush(key);
    t.ok(await proves(tpm, await readObject(tpm, 0x81010001)), 'RSA');
  });

  await t.test('a P-256 one by the TCG’s template is the one that tpm2-tools make', async (t) => {
    if (!needs(t, 'tpm2_sign')) return;
    const key = await createPrimary(tpm, permanent(RH_ENDORSEMENT), { template: EK_ECC_P256 });
    t.ok(await proves(tpm, key));
    await tpm.close();
    await swtpm.tool('tpm2_createek', '-c', 'ek.ctx', '-G', 'ecc', '-u', 'ek.pub');
    t.same(swtpm.file('ek.pub').subarray(2), encodePublic(key.area));
  });
});

t.test('a TPM without a certificate', async (t) => {
  if (!needs(t, 'swtpm')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const tpm = await swtpm.open();
  await t.rejects(endorsementKey(tpm), { code: 'TPM_UNCERTIFIED' });
  await tpm.close();
});
