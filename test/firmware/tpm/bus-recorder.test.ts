/** What somebody learns, and can change, who sits on the bus between the program and the TPM. */
import { createHash, randomBytes } from 'node:crypto';
import t from 'tap';
import {
  connectSocket,
  create,
  createPrimary,
  defineNv,
  encodePublic,
  getRandom,
  load,
  permanent,
  persist,
  RH_OWNER,
  readNv,
  readObject,
  STORAGE_KEY_ECC,
  seal,
  sign,
  signingKeyTemplate,
  Tpm,
  unseal,
  using,
  writeNv,
} from '../../../firmware/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { startSwtpm } from '../../support/swtpm.ts';
import { startTpmRecorder } from '../../support/tpm-recorder.ts';

const PARENT = 0x81000001;
const SESSIONS = 40;
const sized = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
const timesIn = (bytes: Buffer, secret: Buffer): number => {
  let times = 0;
  for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at + 1)) times++;
  return times;
};

t.test('the bus', async (t) => {
  if (!needs(t, 'swtpm', 'tpm2_sign')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const recorder = await startTpmRecorder(swtpm.port);
  t.teardown(() => recorder.stop());
  const openTapped = async () => Tpm.open(await connectSocket({ host: '127.0.0.1', port: recorder.port }));
  const secret = randomBytes(32);
  const setup = await swtpm.open();
  const parent = await persist(
    setup,
    await createPrimary(setup, permanent(RH_OWNER), { template: STORAGE_KEY_ECC }),
    PARENT,
  );
  await setup.close();

  await t.test('a secret that is sealed, unsealed, written to and read from NV never shows', async (t) => {
    const tpm = await openTapped();
    const sealed = await seal(tpm, parent, { data: secret, auth: secret.subarray(0, 16) });
    await defineNv(tpm, 0x01500001, 32, { auth: secret.subarray(16) });
    await writeNv(tpm, 0x01500001, secret, { auth: secret.subarray(16) });
    await tpm.close();
    for (let i = 0; i < SESSIONS; i++) {
      const session = await openTapped();
      const object = await load(session, await readObject(session, PARENT), sealed, secret.subarray(0, 16));
      t.same(await using(session, object, (opened) => unseal(session, opened)), secret);
      t.same(await readNv(session, 0x01500001, { auth: secret.subarray(16) }), secret);
      await session.close();
    }
    t.ok(recorder.bytes().length > SESSIONS * 1000, 'it was all recorded');
    t.equal(timesIn(recorder.bytes(), secret), 0);
    t.equal(timesIn(recorder.bytes(), secret.subarray(0, 8)), 0);
    t.equal(timesIn(recorder.bytes(), secret.subarray(16, 24)), 0);

    recorder.forget();
    swtpm.write('sealed.pub', sized(encodePublic(sealed.area)));
    swtpm.write('sealed.priv', sized(sealed.private));
    const auth = `hex:${secret.toString('hex', 0, 16)}`;
    const tapped = ['-T', `swtpm:host=127.0.0.1,port=${recorder.port}`];
    await swtpm.tool('tpm2_load', ...tapped, '-C', '0x81000001', '-u', 'sealed.pub', '-r', 'sealed.priv', '-c', 'ctx');
    await swtpm.tool('tpm2_flushcontext', '-t');
    await swtpm.tool('tpm2_unseal', ...tapped, '-c', 'ctx', '-p', auth, '-o', 'opened');
    await swtpm.tool('tpm2_flushcontext', '-t');
    t.same(swtpm.file('opened'), secret);
    t.ok(timesIn(recorder.bytes(), secret) > 0, 'the same recorder finds it where tpm2_unseal asks for it plainly');
  });

  await t.test('a digest that is to be signed does not show either, and the signature holds', async (t) => {
    recorder.forget();
    const tpm = await openTapped();
    const key = await load(tpm, parent, await create(tpm, parent, { template: signingKeyTemplate() }));
    const digest = createHash('sha256').update(secret).digest();
    await sign(tpm, key, digest);
    await tpm.close();
    t.equal(timesIn(recorder.bytes(), digest), 0);
  });

  await t.test('a bit that is changed on the way back is seen, and nothing more is sent', async (t) => {
    const tpm = await openTapped();
    await getRandom(tpm, 8);
    recorder.change = (response) => {
      recorder.change = null;
      const changed = Buffer.from(response);
      changed[20]! ^= 1;
      return changed;
    };
    await t.rejects(getRandom(tpm, 8), { code: 'TPM_RESPONSE_INVALID', message: /HMAC/ });
    await t.rejects(getRandom(tpm, 8), { code: 'TPM_RESPONSE_INVALID' });
    await tpm.close();
    t.match(
      await swtpm.tool('tpm2_getcap', 'handles-loaded-session'),
      /^\s*$/,
      'its sessions were flushed all the same',
    );
  });
});
