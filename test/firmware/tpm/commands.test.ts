import { createECDH, createHash, randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import {
  ALG_SHA1,
  activateCredential,
  agreementKeyTemplate,
  attestationKeyTemplate,
  certify,
  connectSocket,
  create,
  createPrimary,
  defineNv,
  ecdhZGen,
  evict,
  extendPcr,
  getRandom,
  HT_HMAC_SESSION,
  HT_POLICY_SESSION,
  HT_TRANSIENT,
  handlesOf,
  hashInTpm,
  isSignatureOf,
  isTpmRefusal,
  load,
  loadExternal,
  makeCredential,
  makeCredentialInTpm,
  manufacturer,
  NV_WRITTEN,
  pcrDigest,
  pcrPolicy,
  pcrs,
  permanent,
  persist,
  policyDigest,
  policyPcr,
  policySecret,
  publicKeyOf,
  quote,
  RH_ENDORSEMENT,
  RH_NULL,
  RH_OWNER,
  readNv,
  readNvPublic,
  readObject,
  readPcrs,
  resetPcr,
  rsaSigningKeyTemplate,
  STORAGE_KEY_ECC,
  seal,
  secretPolicy,
  sign,
  signingKeyTemplate,
  Tpm,
  type TpmObject,
  undefineNv,
  unseal,
  unsealWithPcrs,
  using,
  usingPolicy,
  verify,
  withPolicy,
  writeNv,
} from '../../../firmware/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { type Swtpm, startSwtpm } from '../../support/swtpm.ts';

const owner = permanent(RH_OWNER);
const message = Buffer.from('a reading of a sensor');
const digest = createHash('sha256').update(message).digest();

/** What an error of the TPM by this name looks like; `field` says what it is about. */
const refused = (name: string, field?: string) => ({
  code: 'TPM_REFUSED',
  message: new RegExp(`: ${name} `),
  ...(field === undefined ? {} : { field }),
});

t.test('commands of a real TPM 2.0', async (t) => {
  if (!needs(t, 'swtpm')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());

  /** A storage key at 0x81000001 and a connection; nothing transient may be left after the case, whatever it does. */
  const withTpm = (name: string, body: (t: Test, tpm: Tpm, parent: TpmObject) => Promise<unknown>) =>
    t.test(name, async (t) => {
      const tpm = await swtpm.open();
      try {
        const parent = await storageKey(tpm);
        await body(t, tpm, parent);
        t.same(await handlesOf(tpm, HT_TRANSIENT), [], 'nothing transient is left');
      } finally {
        await tpm.close();
      }
      await nothingLoaded(t, swtpm);
    });

  await withTpm(
    'a signing key made under a storage key signs; node and the TPM agree on its signatures',
    async (t, tpm, parent) => {
      const wrapped = await create(tpm, parent, { template: signingKeyTemplate(), auth: 'a password' });
      await using(tpm, await load(tpm, parent, wrapped, 'a password'), async (key) => {
        const signature = await sign(tpm, key, digest);
        t.equal(signature.bytes.length, 64);
        t.ok(isSignatureOf(signature, message, publicKeyOf(key.area)));
        t.notOk(isSignatureOf(signature, Buffer.from('another'), publicKeyOf(key.area)));
        t.ok(await verify(tpm, key, digest, signature));
        t.notOk(await verify(tpm, key, createHash('sha256').update('another').digest(), signature));
      });
      await using(tpm, await load(tpm, parent, wrapped, 'a wrong one'), (key) =>
        t.rejects(sign(tpm, key, digest), refused('BAD_AUTH', 'session 1')),
      );
    },
  );

  await withTpm('a zero byte at the end of a password is forgotten, as the TPM does', async (t, tpm, parent) => {
    const auth = Buffer.from([1, 2, 0, 0]);
    const wrapped = await create(tpm, parent, { template: signingKeyTemplate(), auth });
    await using(tpm, await load(tpm, parent, wrapped, auth), async (key) => {
      t.ok(isSignatureOf(await sign(tpm, key, digest), message, publicKeyOf(key.area)));
    });
  });

  await withTpm('RSA keys sign, with either padding', async (t, tpm, parent) => {
    for (const padding of ['pkcs1', 'pss'] as const) {
      const wrapped = await create(tpm, parent, { template: rsaSigningKeyTemplate(padding) });
      await using(tpm, await load(tpm, parent, wrapped), async (key) => {
        const signature = await sign(tpm, key, digest);
        t.ok(isSignatureOf(signature, message, publicKeyOf(key.area)), padding);
        t.ok(await verify(tpm, key, digest, signature), padding);
      });
    }
  });

  await t.test('a persistent key keeps its Name and outlives the connection and the power', async (t) => {
    const tpm = await swtpm.open();
    const parent = await storageKey(tpm);
    const wrapped = await create(tpm, parent, { template: signingKeyTemplate() });
    const key = await persist(tpm, await load(tpm, parent, wrapped), 0x81000010);
    await tpm.close();
    await swtpm.restart();
    const other = await swtpm.open();
    const found = await readObject(other, 0x81000010);
    t.same(found.name, key.name);
    t.ok(isSignatureOf(await sign(other, found, digest), message, publicKeyOf(key.area)));
    await evict(other, found);
    await t.rejects(readObject(other, 0x81000010), refused('HANDLE', 'handle 1'));
    await other.close();
  });

  await withTpm('a restricted key signs what the TPM has hashed, and nothing else', async (t, tpm, parent) => {
    const wrapped = await create(tpm, parent, { template: attestationKeyTemplate() });
    await using(tpm, await load(tpm, parent, wrapped), async (key) => {
      const hashed = await hashInTpm(tpm, message);
      t.same(hashed.digest, digest);
      const signature = await sign(tpm, key, digest, { ticket: hashed.ticket });
      t.ok(isSignatureOf(signature, message, publicKeyOf(key.area)));
      await t.rejects(sign(tpm, key, digest), refused('TICKET'));
      const forged = Buffer.concat([Buffer.from('ff544347', 'hex'), message]);
      const { ticket, digest: of } = await hashInTpm(tpm, forged);
      await t.rejects(sign(tpm, key, of, { ticket }), refused('TICKET'), 'looks like an attestation');
    });
  });

  await withTpm('a quote holds the nonce and the PCRs; certify holds the Name of the key', async (t, tpm, parent) => {
    const attestation = await load(
      tpm,
      parent,
      await create(tpm, parent, { template: attestationKeyTemplate(), auth: 'ak' }),
      'ak',
    );
    const key = await load(
      tpm,
      parent,
      await create(tpm, parent, { template: signingKeyTemplate(), auth: 'key' }),
      'key',
    );
    const selection = pcrs(0, 7, 16, 23);
    await extendPcr(tpm, 16, digest);
    const values = await readPcrs(tpm, selection);
    const quoted = await quote(tpm, attestation, Buffer.from('nonce'), [selection]);
    t.ok(isSignatureOf(quoted.signature, quoted.bytes, publicKeyOf(attestation.area)));
    t.same(quoted.attest.extraData, Buffer.from('nonce'));
    t.same(quoted.attest.selections, [selection]);
    t.same(quoted.attest.pcrDigest, pcrDigest(values));
    const certified = await certify(tpm, key, attestation, Buffer.from('other nonce'));
    t.ok(isSignatureOf(certified.signature, certified.bytes, publicKeyOf(attestation.area)));
    t.same(certified.attest.name, Buffer.from(key.name));
    await resetPcr(tpm, 16);
    await tpm.flush(key);
    await tpm.flush(attestation);
  });

  await withTpm(
    'PCRs: all 24 of a bank, extended as H(old ‖ digest), refused where they may not be reset',
    async (t, tpm) => {
      const all = pcrs(...Array.from({ length: 24 }, (_, i) => i));
      const before = await readPcrs(tpm, all);
      t.equal(before.length, 24);
      await extendPcr(tpm, 9, digest);
      const [after] = await readPcrs(tpm, pcrs(9));
      t.same(after, createHash('sha256').update(before[9]!).update(digest).digest());
      await extendPcr(tpm, 9, createHash('sha1').update(message).digest(), ALG_SHA1);
      t.equal((await readPcrs(tpm, { bank: ALG_SHA1, pcrs: [9] }))[0]!.length, 20);
      await t.rejects(resetPcr(tpm, 9), refused('LOCALITY'));
      await t.rejects(extendPcr(tpm, 9, Buffer.alloc(20)), RangeError);
    },
  );

  await withTpm('a credential opens only with the named key and the endorsement key', async (t, tpm, parent) => {
    const endorsementKey = await createPrimary(tpm, permanent(RH_ENDORSEMENT), {
      template: {
        ...STORAGE_KEY_ECC,
        attributes: 0x000300b2,
        authPolicy: secretPolicy(permanent(RH_ENDORSEMENT).name),
      },
    });
    const key = await load(tpm, parent, await create(tpm, parent, { template: signingKeyTemplate() }));
    const secret = randomBytes(32);
    const open = (credential: ReturnType<typeof makeCredential>) =>
      usingPolicy(tpm, async (session) => {
        await policySecret(tpm, session, permanent(RH_ENDORSEMENT));
        return await activateCredential(tpm, key, withPolicy(endorsementKey, session), credential);
      });
    t.same(await open(makeCredential(endorsementKey.area, key.name, secret)), secret);
    t.same(await open(await makeCredentialInTpm(tpm, endorsementKey, key.name, secret)), secret);
    await t.rejects(open(makeCredential(endorsementKey.area, parent.name, secret)), refused('INTEGRITY'));
    await t.rejects(open(makeCredential(parent.area, key.name, secret)), { code: 'TPM_REFUSED' });
    await t.rejects(
      activateCredential(tpm, key, endorsementKey, makeCredential(endorsementKey.area, key.name, secret)),
      refused('AUTH_UNAVAILABLE'),
      'without the policy',
    );
    await tpm.flush(key);
    await tpm.flush(endorsementKey);
  });

  await withTpm(
    'NV is defined, written, read and undefined, with a password of its own or the owner’s',
    async (t, tpm) => {
      const index = 0x01500001;
      await defineNv(tpm, index, 700, { auth: 'nv' });
      await t.rejects(defineNv(tpm, index, 10), refused('NV_DEFINED'));
      await t.rejects(readNv(tpm, index, { auth: 'nv' }), refused('NV_UNINITIALIZED'));
      const data = randomBytes(700);
      await writeNv(tpm, index, data, { auth: 'nv' });
      t.same(await readNv(tpm, index, { auth: 'nv' }), data);
      t.same(await readNv(tpm, index, { owner }), data);
      await t.rejects(readNv(tpm, index, { auth: 'wrong' }), refused('BAD_AUTH'));
      t.ok((await readNvPublic(tpm, index)).attributes & NV_WRITTEN);
      await undefineNv(tpm, index);
      await t.rejects(readNvPublic(tpm, index), refused('HANDLE'));
    },
  );

  await withTpm('sealed data open with their password, or while the PCRs are as they were', async (t, tpm, parent) => {
    const data = randomBytes(128);
    const byPassword = await seal(tpm, parent, { data, auth: 'open' });
    t.same(await using(tpm, await load(tpm, parent, byPassword, 'open'), (object) => unseal(tpm, object)), data);
    const selection = pcrs(23);
    const policy = pcrPolicy([selection], await readPcrs(tpm, selection));
    await usingPolicy(tpm, async (session) => {
      await policyPcr(tpm, session, [selection]);
      t.same(await policyDigest(tpm, session), policy, 'as the TPM computes it');
    });
    const byPcr = await seal(tpm, parent, { data, authPolicy: policy });
    t.same(await unsealWithPcrs(tpm, parent, byPcr, [selection]), data);
    await using(tpm, await load(tpm, parent, byPcr), (object) =>
      t.rejects(unseal(tpm, object), refused('AUTH_UNAVAILABLE'), 'no password opens it'),
    );
    await extendPcr(tpm, 23, digest);
    await t.rejects(unsealWithPcrs(tpm, parent, byPcr, [selection]), refused('POLICY_FAIL'));
    await t.rejects(seal(tpm, parent, { data: Buffer.alloc(129) }), RangeError);
    await resetPcr(tpm, 23);
  });

  await withTpm('ECDH with a TPM key comes to what the other side computes', async (t, tpm, parent) => {
    const wrapped = await create(tpm, parent, { template: agreementKeyTemplate() });
    await using(tpm, await load(tpm, parent, wrapped), async (key) => {
      const other = createECDH('prime256v1');
      const point = other.generateKeys().subarray(1);
      const jwk = publicKeyOf(key.area).export({ format: 'jwk' });
      const ours = Buffer.concat([Buffer.of(4), Buffer.from(jwk.x!, 'base64url'), Buffer.from(jwk.y!, 'base64url')]);
      t.same(await ecdhZGen(tpm, key, point), other.computeSecret(ours));
      await t.rejects(ecdhZGen(tpm, key, Buffer.alloc(64, 1)), { code: 'TPM_REFUSED' }, 'a point beside the curve');
    });
  });

  await withTpm('a public key from elsewhere verifies in the TPM', async (t, tpm, parent) => {
    const key = await load(tpm, parent, await create(tpm, parent, { template: signingKeyTemplate() }));
    const signature = await sign(tpm, key, digest);
    const attributes = key.area.attributes & ~0x32;
    await using(tpm, await loadExternal(tpm, { ...key.area, attributes }, RH_NULL), async (external) => {
      t.ok(await verify(tpm, external, digest, signature));
      signature.bytes[40]! ^= 1;
      t.notOk(await verify(tpm, external, digest, signature));
    });
    await tpm.flush(key);
  });

  await withTpm('random numbers, the maker, and a wrapped key of another parent', async (t, tpm, parent) => {
    t.notSame(await getRandom(tpm, 32), await getRandom(tpm, 32));
    t.equal(await manufacturer(tpm), 'IBM');
    const wrapped = await create(tpm, parent, { template: signingKeyTemplate() });
    const other = await createPrimary(tpm, permanent(RH_NULL), { template: STORAGE_KEY_ECC });
    await t.rejects(load(tpm, other, wrapped), refused('INTEGRITY', 'parameter 1'));
    await tpm.flush(other);
  });

  await t.test('sessions are salted to the key that is pinned by its Name, and to no other', async (t) => {
    const tpm = await swtpm.open();
    const parent = await storageKey(tpm);
    const rsa = await createPrimary(tpm, owner, {
      template: {
        ...rsaSigningKeyTemplate(),
        attributes: STORAGE_KEY_ECC.attributes,
        symmetric: STORAGE_KEY_ECC.symmetric,
        scheme: null,
      },
    });
    const kept = await persist(tpm, rsa, 0x81000020);
    await tpm.close();
    for (const key of [parent, kept]) {
      const pinned = await swtpm.open({ saltKey: { handle: key.handle, name: key.name } });
      t.equal((await getRandom(pinned, 8)).length, 8);
      await pinned.close();
    }
    const fooled = await swtpm.open({ saltKey: { handle: kept.handle, name: parent.name } });
    await t.rejects(getRandom(fooled, 8), { code: 'TPM_RESPONSE_INVALID' });
    await fooled.close();
    await nothingLoaded(t, swtpm);
  });

  await t.test('a client that was killed leaves handles, which the next one flushes', async (t) => {
    const transport = await connectSocket(swtpm);
    const killed = await Tpm.open(transport);
    for (let i = 0; i < 3; i++) await createPrimary(killed, owner, { template: STORAGE_KEY_ECC });
    await t.rejects(createPrimary(killed, owner, { template: STORAGE_KEY_ECC }), refused('OBJECT_MEMORY'));
    // As a kill does: the connection ends, and nobody flushes.
    await transport.close();
    const next = await swtpm.open();
    t.same(await handlesOf(next, HT_TRANSIENT), []);
    await next.close();
  });

  await t.test('more than 64 waiting commands are refused, and those before them answered', async (t) => {
    const tpm = await swtpm.open();
    const results = await Promise.allSettled(Array.from({ length: 70 }, () => getRandom(tpm, 4)));
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 64);
    t.ok(results.every((result) => result.status === 'fulfilled' || result.reason.code === 'TPM_BUSY'));
    await tpm.close();
    await t.rejects(getRandom(tpm, 4), { code: 'DEPENDENCY_DOWN' }, 'after the end nothing is sent');
  });
});

async function storageKey(tpm: Tpm): Promise<TpmObject> {
  try {
    return await readObject(tpm, 0x81000001);
  } catch (error) {
    if (!isTpmRefusal(error, 'HANDLE')) throw error;
    return await persist(tpm, await createPrimary(tpm, owner, { template: STORAGE_KEY_ECC }), 0x81000001);
  }
}

/** Asked over a connection that flushes nothing of others: it sees its own two sessions, and nothing else. */
async function nothingLoaded(t: Test, swtpm: Swtpm): Promise<void> {
  const transport = await connectSocket(swtpm);
  const tpm = await Tpm.open({
    address: transport.address,
    isExclusive: false,
    transmit: (command, timeLimitMs) => transport.transmit(command, timeLimitMs),
    close: () => transport.close(),
  });
  try {
    t.same(await handlesOf(tpm, HT_TRANSIENT), []);
    const sessions = [...(await handlesOf(tpm, HT_HMAC_SESSION)), ...(await handlesOf(tpm, HT_POLICY_SESSION))];
    t.equal(sessions.length, 2, 'sessions');
  } finally {
    await tpm.close();
  }
}
