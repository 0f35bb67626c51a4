/** What tpm2-tools make this client accepts, and the other way round, command by command. */
import { createECDH, createHash, randomBytes } from 'node:crypto';
import t from 'tap';
import {
  activateCredential,
  agreementKeyTemplate,
  attestationKeyTemplate,
  certify,
  create,
  createPrimary,
  decodeAttest,
  decodePublic,
  decodeResponseCode,
  decodeSignature,
  defineNv,
  ecdhZGen,
  encodePublic,
  encodeSignature,
  evict,
  extendPcr,
  hashInTpm,
  isSignatureOf,
  load,
  makeCredential,
  nameOf,
  pcrPolicy,
  pcrs,
  permanent,
  persist,
  policySecret,
  publicKeyOf,
  quote,
  RH_ENDORSEMENT,
  RH_OWNER,
  readNv,
  readObject,
  readPcrs,
  STORAGE_KEY_ECC,
  seal,
  sign,
  signingKeyTemplate,
  type Tpm,
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
import { startSwtpm } from '../../support/swtpm.ts';

const PARENT = 0x81000001;
const KEY = 0x81000010;
const message = Buffer.from('a reading of a sensor');
const digest = createHash('sha256').update(message).digest();

const sized = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const unsized = (bytes: Buffer): Buffer => bytes.subarray(2, 2 + bytes.readUInt16BE(0));
const hex = (handle: number): string => `0x${handle.toString(16)}`;

t.test('tpm2-tools and this client', async (t) => {
  if (!needs(t, 'swtpm', 'tpm2_sign')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  /** The tools leave what they load in the TPM. */
  const tool = async (name: string, ...args: readonly string[]): Promise<string> => {
    const output = await swtpm.tool(`tpm2_${name}`, ...args);
    await swtpm.tool('tpm2_flushcontext', '-t');
    return output;
  };
  const withTpm = async <T>(use: (tpm: Tpm) => Promise<T>): Promise<T> => {
    const tpm = await swtpm.open();
    try {
      return await use(tpm);
    } finally {
      await tpm.close();
    }
  };
  const parentOf = (tpm: Tpm): Promise<TpmObject> => readObject(tpm, PARENT);
  swtpm.write('message', message);
  swtpm.write('digest', digest);
  await tool('createprimary', '-C', 'o', '-G', 'ecc', '-c', 'primary.ctx');
  await tool('evictcontrol', '-C', 'o', '-c', 'primary.ctx', hex(PARENT));

  await t.test('a primary key of the same template is the same key', async (t) => {
    const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt';
    await tool('createprimary', '-C', 'o', '-G', 'ecc', '-a', attributes, '-c', 'same.ctx');
    await tool('readpublic', '-c', 'same.ctx', '-o', 'primary.pub');
    await withTpm(async (tpm) => {
      const ours = await createPrimary(tpm, permanent(RH_OWNER), { template: STORAGE_KEY_ECC });
      t.same(ours.area, decodePublic(unsized(swtpm.file('primary.pub'))));
    });
    await tool('readpublic', '-c', hex(PARENT), '-n', 'parent.name');
    t.same(await withTpm(async (tpm) => (await parentOf(tpm)).name), swtpm.file('parent.name'));
  });

  await t.test('create, load, persist: keys of theirs under our hands', async (t) => {
    await tool(
      'create',
      '-C',
      hex(PARENT),
      '-G',
      'ecc:ecdsa-sha256',
      '-u',
      'key.pub',
      '-r',
      'key.priv',
      '-p',
      'secret',
    );
    const area = decodePublic(unsized(swtpm.file('key.pub')));
    t.same(encodePublic(area), unsized(swtpm.file('key.pub')));
    await withTpm(async (tpm) => {
      const key = await load(tpm, await parentOf(tpm), { area, private: unsized(swtpm.file('key.priv')) }, 'secret');
      const signature = await sign(tpm, key, digest);
      t.ok(isSignatureOf(signature, message, publicKeyOf(area)));
      swtpm.write('signature', encodeSignature(signature));
      await persist(tpm, key, KEY);
    });
    t.match(await tool('getcap', 'handles-persistent'), hex(KEY));
    await tool('verifysignature', '-c', hex(KEY), '-g', 'sha256', '-m', 'message', '-s', 'signature');
    await tool('sign', '-c', hex(KEY), '-p', 'secret', '-g', 'sha256', '-o', 'their.signature', 'message');
    const theirs = decodeSignature(swtpm.file('their.signature'));
    t.ok(isSignatureOf(theirs, message, publicKeyOf(area)));
    await withTpm(async (tpm) => {
      const key = await readObject(tpm, KEY);
      t.same(key.name, nameOf(area));
      t.ok(await verify(tpm, key, digest, theirs));
      await evict(tpm, key);
    });
    t.notMatch(await tool('getcap', 'handles-persistent'), hex(KEY));
  });

  await t.test('create, load: keys of ours under their hands', async (t) => {
    const area = await withTpm(async (tpm) => {
      const wrapped = await create(tpm, await parentOf(tpm), { template: signingKeyTemplate(), auth: 'secret' });
      swtpm.write('our.pub', sized(encodePublic(wrapped.area)));
      swtpm.write('our.priv', sized(wrapped.private));
      return wrapped.area;
    });
    await tool('load', '-C', hex(PARENT), '-u', 'our.pub', '-r', 'our.priv', '-c', 'our.ctx', '-n', 'our.name');
    t.same(swtpm.file('our.name'), nameOf(area));
    await tool('sign', '-c', 'our.ctx', '-p', 'secret', '-g', 'sha256', '-o', 'our.signature', 'message');
    t.ok(isSignatureOf(decodeSignature(swtpm.file('our.signature')), message, publicKeyOf(area)));
  });

  await t.test('PCR read and extend, the policy of a PCR', async (t) => {
    const read = async (): Promise<string> => {
      await tool('pcrread', 'sha256:16', '-o', 'pcr16');
      return swtpm.file('pcr16').toString('hex');
    };
    const ours = () => withTpm(async (tpm) => (await readPcrs(tpm, pcrs(16)))[0]!);
    t.equal((await ours()).toString('hex'), await read());
    await tool('pcrextend', `16:sha256=${digest.toString('hex')}`);
    t.equal((await ours()).toString('hex'), await read());
    await withTpm((tpm) => extendPcr(tpm, 16, digest));
    const value = await ours();
    t.equal(value.toString('hex'), await read());
    await tool('createpolicy', '--policy-pcr', '-l', 'sha256:16', '-L', 'pcr.policy');
    t.same(pcrPolicy([pcrs(16)], [value]), swtpm.file('pcr.policy'));
  });

  await t.test('quote: each checks the other’s', async (t) => {
    await withTpm(async (tpm) => {
      const wrapped = await create(tpm, await parentOf(tpm), { template: attestationKeyTemplate() });
      const key = await persist(tpm, await load(tpm, await parentOf(tpm), wrapped), KEY);
      const quoted = await quote(tpm, key, Buffer.from('abcd', 'hex'), [pcrs(0, 16)]);
      swtpm.write('quote', quoted.bytes);
      swtpm.write('quote.signature', encodeSignature(quoted.signature));
      swtpm.write('key.pem', publicKeyOf(key.area).export({ type: 'spki', format: 'pem' }));
    });
    const check = (nonce: string) =>
      tool('checkquote', '-u', 'key.pem', '-m', 'quote', '-s', 'quote.signature', '-q', nonce, '-g', 'sha256');
    await check('abcd');
    await t.rejects(check('abce'), 'another nonce');
    const selected = ['-l', 'sha256:1,16', '-q', '1234', '-m', 'their.quote', '-s', 'their.quote.signature'];
    await tool('quote', '-c', hex(KEY), ...selected, '-g', 'sha256');
    const bytes = swtpm.file('their.quote');
    const attest = decodeAttest(bytes);
    t.match(attest, { type: 'quote', extraData: Buffer.from('1234', 'hex') });
    if (attest.type === 'quote') t.same(attest.selections, [pcrs(1, 16)]);
    const { area } = await withTpm((tpm) => readObject(tpm, KEY));
    t.ok(isSignatureOf(decodeSignature(swtpm.file('their.quote.signature')), bytes, publicKeyOf(area)));
  });

  await t.test('certify: one form in both', async (t) => {
    const ours = await withTpm(async (tpm) => certify(tpm, await parentOf(tpm), await readObject(tpm, KEY), digest));
    swtpm.write('our.certify', ours.bytes);
    swtpm.write('our.certify.signature', encodeSignature(ours.signature));
    await tool('verifysignature', '-c', hex(KEY), '-g', 'sha256', '-m', 'our.certify', '-s', 'our.certify.signature');
    await tool(
      'certify',
      '-c',
      hex(PARENT),
      '-C',
      hex(KEY),
      '-g',
      'sha256',
      '-o',
      'certify',
      '-s',
      'certify.signature',
    );
    const theirs = decodeAttest(swtpm.file('certify'));
    t.match(theirs, { type: 'certify', name: ours.attest.name, qualifiedName: ours.attest.qualifiedName });
    await withTpm(async (tpm) => {
      const key = await readObject(tpm, KEY);
      const signature = decodeSignature(swtpm.file('certify.signature'));
      t.ok(isSignatureOf(signature, swtpm.file('certify'), publicKeyOf(key.area)));
      await evict(tpm, key);
    });
  });

  await t.test('make and activate credential', async (t) => {
    await tool('createek', '-c', hex(0x81010001), '-G', 'ecc', '-u', 'ek.pub');
    await tool(
      'createak',
      '-C',
      hex(0x81010001),
      '-c',
      'ak.ctx',
      '-G',
      'ecc',
      '-g',
      'sha256',
      '-s',
      'ecdsa',
      '-u',
      'ak.pub',
      '-n',
      'ak.name',
      '-r',
      'ak.priv',
    );
    const name = swtpm.file('ak.name');
    const secret = randomBytes(32);
    const endorsementKey = await withTpm((tpm) => readObject(tpm, 0x81010001));
    t.same(encodePublic(endorsementKey.area), unsized(swtpm.file('ek.pub')));
    const { blob, secret: encrypted } = makeCredential(endorsementKey.area, name, secret);
    const header = Buffer.from('badcc0de00000001', 'hex');
    swtpm.write('our.credential', Buffer.concat([header, sized(blob), sized(encrypted)]));
    swtpm.write('secret', secret);
    await tool('startauthsession', '--policy-session', '-S', 'session.ctx');
    await tool('policysecret', '-S', 'session.ctx', '-c', 'e');
    await tool(
      'activatecredential',
      '-c',
      'ak.ctx',
      '-C',
      hex(0x81010001),
      '-i',
      'our.credential',
      '-o',
      'opened',
      '-P',
      'session:session.ctx',
    );
    t.same(swtpm.file('opened'), secret);
    await tool('flushcontext', 'session.ctx');

    await withTpm(async (tpm) => {
      const wrapped = await create(tpm, await parentOf(tpm), { template: attestationKeyTemplate() });
      const key = await persist(tpm, await load(tpm, await parentOf(tpm), wrapped), KEY);
      swtpm.write('our.name', key.name);
    });
    await tool(
      'makecredential',
      '-u',
      'ek.pub',
      '-s',
      'secret',
      '-n',
      swtpm.file('our.name').toString('hex'),
      '-o',
      'their.credential',
    );
    const theirs = swtpm.file('their.credential').subarray(8);
    const theirBlob = unsized(theirs);
    const theirSecret = unsized(theirs.subarray(2 + theirBlob.length));
    await withTpm(async (tpm) => {
      const key = await readObject(tpm, KEY);
      const opened = await usingEndorsement(tpm, (ek) =>
        activateCredential(tpm, key, ek, { blob: theirBlob, secret: theirSecret }),
      );
      t.same(opened, secret);
      await evict(tpm, key);
    });
  });

  await t.test('NV define, write, read, undefine', async (t) => {
    const index = 0x01500010;
    const data = randomBytes(600);
    swtpm.write('nv', data);
    await tool(
      'nvdefine',
      hex(index),
      '-C',
      'o',
      '-s',
      '600',
      '-p',
      'nv',
      '-a',
      'ownerread|ownerwrite|authread|authwrite',
    );
    await tool('nvwrite', hex(index), '-C', hex(index), '-P', 'nv', '-i', 'nv');
    await withTpm(async (tpm) => {
      t.same(await readNv(tpm, index, { auth: 'nv' }), data);
      await undefineNv(tpm, index);
      await defineNv(tpm, index, 600, { auth: 'other' });
      await writeNv(tpm, index, data.toReversed(), { auth: 'other' });
    });
    await tool('nvread', hex(index), '-C', hex(index), '-P', 'other', '-o', 'nv.read');
    t.same(swtpm.file('nv.read'), Buffer.from(data.toReversed()));
    await tool('nvundefine', hex(index), '-C', 'o');
  });

  await t.test('seal and unseal, by password and by PCR', async (t) => {
    const secret = randomBytes(32);
    swtpm.write('sealed', secret);
    const theirs = (name: string) => ({
      area: decodePublic(unsized(swtpm.file(`${name}.pub`))),
      private: unsized(swtpm.file(`${name}.priv`)),
    });
    await tool('create', '-C', hex(PARENT), '-i', 'sealed', '-p', 'open', '-u', 'password.pub', '-r', 'password.priv');
    await tool('create', '-C', hex(PARENT), '-i', 'sealed', '-L', 'pcr.policy', '-u', 'bound.pub', '-r', 'bound.priv');
    await withTpm(async (tpm) => {
      const parent = await parentOf(tpm);
      const object = await load(tpm, parent, theirs('password'), 'open');
      t.same(await using(tpm, object, (sealed) => unseal(tpm, sealed)), secret);
      t.same(await unsealWithPcrs(tpm, parent, theirs('bound'), [pcrs(16)]), secret);
      const policy = pcrPolicy([pcrs(16)], await readPcrs(tpm, pcrs(16)));
      for (const [name, sealing] of [
        ['password', { auth: 'open' }],
        ['bound', { authPolicy: policy }],
      ] as const) {
        const ours = await seal(tpm, parent, { data: secret, ...sealing });
        swtpm.write(`${name}.pub`, sized(encodePublic(ours.area)));
        swtpm.write(`${name}.priv`, sized(ours.private));
      }
    });
    for (const [name, auth] of [
      ['password', 'open'],
      ['bound', 'pcr:sha256:16'],
    ] as const) {
      await tool('load', '-C', hex(PARENT), '-u', `${name}.pub`, '-r', `${name}.priv`, '-c', 'sealed.ctx');
      await tool('unseal', '-c', 'sealed.ctx', '-p', auth, '-o', `${name}.opened`);
      t.same(swtpm.file(`${name}.opened`), secret, name);
    }
  });

  await t.test('hash, ECDH', async (t) => {
    await tool('hash', '-C', 'o', '-g', 'sha256', '-o', 'hash', '-t', 'ticket', 'message');
    t.same(swtpm.file('hash'), (await withTpm((tpm) => hashInTpm(tpm, message))).digest);
    const other = createECDH('prime256v1');
    const point = other.generateKeys().subarray(1);
    swtpm.write('point', sized(Buffer.concat([sized(point.subarray(0, 32)), sized(point.subarray(32))])));
    const ours = await withTpm(async (tpm) => {
      const wrapped = await create(tpm, await parentOf(tpm), { template: agreementKeyTemplate() });
      return await ecdhZGen(tpm, await persist(tpm, await load(tpm, await parentOf(tpm), wrapped), KEY), point);
    });
    await tool('ecdhzgen', '-c', hex(KEY), '-u', 'point', '-o', 'shared');
    t.same(ours, unsized(unsized(swtpm.file('shared'))));
  });

  await t.test('response codes are about the same handle, parameter or session', async (t) => {
    const codes = [0x100, 0x101, 0x120, 0x126, 0x12f, 0x14a, 0x14c, 0x902, 0x903, 0x908, 0x90a, 0x921, 0x922];
    for (const low of [0x82, 0x84, 0x8b, 0x8e, 0x95, 0x9d, 0x9f, 0xa2])
      codes.push(low, low | 0x140, low | 0x2c0, low | 0x100, low | 0x900, low | 0xa00);
    for (const code of codes) {
      const says = await swtpm.tool('tpm2_rc_decode', hex(code));
      const { subject, number, name } = decodeResponseCode(code);
      const about = /(handle|parameter|session)\((\w+)\)/.exec(says);
      t.notMatch(name, /UNKNOWN/, hex(code));
      const theirs = about === null ? null : about[1];
      t.equal(subject ?? 'handle', theirs ?? 'handle', `${hex(code)}: ${says}`);
      if (number !== 0) t.equal(`${number}`, about?.[2], `${hex(code)}: ${says}`);
    }
  });
});

async function usingEndorsement<T>(tpm: Tpm, use: (key: TpmObject) => Promise<T>): Promise<T> {
  const key = await readObject(tpm, 0x81010001);
  return await usingPolicy(tpm, async (session) => {
    await policySecret(tpm, session, permanent(RH_ENDORSEMENT));
    return await use(withPolicy(key, session));
  });
}
