/** A key that is bound to PCRs, of each kind: it works, and no longer once its PCR was extended. */
import { createECDH, createHash } from 'node:crypto';
import t from 'tap';
import { deviceKeys, KEY_HANDLES, KEY_KINDS, type KeyKind, usingKey } from '../../../firmware/provision/index.ts';
import {
  create,
  createPrimary,
  ecdhZGen,
  evict,
  extendPcr,
  isSignatureOf,
  load,
  type PcrSelection,
  pcrPolicy,
  pcrs,
  permanent,
  policyPcr,
  publicKeyOf,
  quote,
  RH_OWNER,
  readObject,
  readPcrs,
  resetPcr,
  rsaSigningKeyTemplate,
  STORAGE_KEY_ECC,
  seal,
  sign,
  signingKeyTemplate,
  storageKeyTemplate,
  type Tpm,
  type TpmObject,
  unseal,
  using,
  usingPolicy,
  withPolicy,
} from '../../../firmware/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';

const message = Buffer.from('message');
const digest = createHash('sha256').update(message).digest();
const point = createECDH('prime256v1').generateKeys().subarray(1);
const refused = { code: 'TPM_REFUSED', message: /POLICY_FAIL/ };
const PCR = 23;
const boundTo: PcrSelection = pcrs(PCR);

t.test('keys that are bound to PCRs', async (t) => {
  if (!needs(t, 'swtpm')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const tpm = await swtpm.open();
  t.teardown(() => tpm.close());
  const parent = await createPrimary(tpm, permanent(RH_OWNER), { template: STORAGE_KEY_ECC });
  const policyNow = async () => pcrPolicy([boundTo], await readPcrs(tpm, boundTo));
  const made = async (template: Parameters<typeof create>[2]['template']) =>
    load(tpm, parent, await create(tpm, parent, { template }));

  const kinds: Record<string, [make: () => Promise<TpmObject>, use: (tpm: Tpm, key: TpmObject) => Promise<unknown>]> = {
    'ECDSA signing key': [async () => made(signingKeyTemplate(await policyNow())), (_, key) => sign(tpm, key, digest)],
    'RSA signing key': [
      async () => made(rsaSigningKeyTemplate('pkcs1', await policyNow())),
      (_, key) => sign(tpm, key, digest),
    ],
    'storage key': [
      async () => made(storageKeyTemplate(await policyNow())),
      (_, key) => create(tpm, key, { template: signingKeyTemplate() }),
    ],
    'sealed data': [
      async () => load(tpm, parent, await seal(tpm, parent, { data: message, authPolicy: await policyNow() })),
      (_, key) => unseal(tpm, key),
    ],
  };
  for (const [name, [make, use]] of Object.entries(kinds))
    await t.test(name, async (t) => {
      await using(tpm, await make(), async (key) => {
        await t.resolves(usingKey(tpm, key, boundTo, (bound) => use(tpm, bound)));
        await extendPcr(tpm, PCR, digest);
        await t.rejects(
          usingKey(tpm, key, boundTo, (bound) => use(tpm, bound)),
          refused,
        );
        await t.rejects(use(tpm, key), { code: 'TPM_REFUSED' }, 'nor by its password');
        await resetPcr(tpm, PCR);
        await t.resolves(
          usingKey(tpm, key, boundTo, (bound) => use(tpm, bound)),
          'the PCR has its value again',
        );
      });
    });
  await tpm.flush(parent);

  // Of PCRs 16 and 21 to 23 a TPM does not count the changes: who has shown the policy may still use the key once.
  const boot = pcrs(10);

  await t.test('the keys of a device', async (t) => {
    const keys = await deviceKeys(tpm, boot);
    t.equal(keys.isNew, true);
    const uses: Record<KeyKind, (key: TpmObject) => Promise<unknown>> = {
      signing: (key) => sign(tpm, key, digest),
      attestation: (key) => quote(tpm, key, digest, [boot]),
      agreement: (key) => ecdhZGen(tpm, key, point),
    };
    for (const kind of KEY_KINDS) await t.resolves(usingKey(tpm, keys[kind], boot, uses[kind]), kind);
    await usingPolicy(tpm, async (session) => {
      await policyPcr(tpm, session, [boot]);
      await extendPcr(tpm, 10, digest);
      await t.rejects(
        sign(tpm, withPolicy(keys.signing, session), digest),
        { code: 'TPM_REFUSED', message: /PCR_CHANGED/ },
        'not even where the policy was shown before the PCR changed',
      );
    });
    for (const kind of KEY_KINDS) await t.rejects(usingKey(tpm, keys[kind], boot, uses[kind]), refused, kind);
  });

  await t.test('what is there is taken again, and not for something else', async (t) => {
    const again = await deviceKeys(tpm, boot);
    t.equal(again.isNew, false);
    await t.rejects(deviceKeys(tpm), { code: 'CONFIG_INVALID', field: 'signing' }, 'they are bound');
    await evict(tpm, await readObject(tpm, KEY_HANDLES.signing));
    const other = await deviceKeys(tpm, boot);
    t.equal(other.isNew, true);
    t.notSame(other.signing.name, again.signing.name);
    t.same(other.agreement.name, again.agreement.name);
    const signature = await usingKey(tpm, other.signing, boot, (key) => sign(tpm, key, digest));
    t.ok(isSignatureOf(signature, message, publicKeyOf(other.signing.area)), 'bound to the present value');
  });
});
