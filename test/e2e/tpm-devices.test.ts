/** A device with a TPM, from the command line to a verified reading, and out again. */
import { createHash, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../engine/base/index.ts';
import { deviceKeys } from '../../firmware/provision/index.ts';
import { startSwtpm } from '../../firmware/swtpm/index.ts';
import { ecdhZGen, openTpmAddress, publicKeyOf, sign, Tpm } from '../../firmware/tpm/index.ts';
import {
  exportPublicKey,
  frameToSign,
  keyIdOf,
  openSessionFromSecret,
  sealInSession,
} from '../../schemas/envelope/index.ts';
import { msec, recordsIn, startUp, type TailedRecord, tail } from '../cli/run-cli.ts';
import { needs, programPath } from '../support/needs.ts';

t.setTimeout(590_000);

const FRAME = '01001c00000000383637373233303330303430333330000dd00040007c0235';
t.test('demo, enrolment, a signed frame, revocation', async (t) => {
  if (!needs(t, 'swtpm', 'swtpm_setup', 'swtpm_localca')) return;
  const cwd = t.testdir({});
  const demo = await msec(['device', 'demo', '--every', '0', '-n', '3'], { cwd });
  t.equal(demo.code, 0, demo.err);
  t.match(demo.out, /Unprovisioned: keys were made\./);
  t.equal(demo.out.match(/signature {4}verified/g)?.length, 3);
  const again = await msec(['device', 'demo', '--every', '0', '-n', '1', '--json'], { cwd });
  t.match(JSON.parse(again.out), { number: 1, isSameHash: true, isVerified: true });

  const enrol = ['device', 'enrol', 'roof-7', '--type', 'enmon', '--identity', '867723030040330', '--json'];
  const enrolled = await msec(enrol, { cwd });
  t.equal(enrolled.code, 0, enrolled.err);
  const { secrets, certificate } = JSON.parse(enrolled.out);
  t.match(secrets, { token: /^[\w-]{43}$/, privateKeyPem: null });
  t.equal(certificate, join(cwd, 'data', 'enrolment', 'roof-7.pem'));
  t.match(await msec(enrol, { cwd }), { code: 65, err: /DEVICE_EXISTS/ });
  const stranger = ['device', 'enrol', 'roof-8', '--type', 'enmon', '--identity', '867723030040330'];
  t.match(await msec([...stranger, '--ek-ca', certificate], { cwd }), { code: 65, err: /no maker that is trusted/ });
  t.match(await msec([...stranger, '--tpm', 'swtpm:port=1'], { cwd }), { code: 78, err: /--ek-ca/ });
  t.match(await msec(['device', 'demo', '--tpm', 'swtpm:port=1'], { cwd }), { code: 69, err: /cannot be reached/ });

  const renewed = await msec(['device', 'renew', 'roof-7', '--json'], { cwd });
  t.equal(renewed.code, 0, renewed.err);
  const keyIdNow = JSON.parse(renewed.out).secrets.keyId;
  t.not(keyIdNow, secrets.keyId);
  t.match(await msec(['device', 'renew', 'nobody'], { cwd }), { code: 66, err: /DEVICE_UNKNOWN/ });

  const running = await startUp(['--no-fleet', '--workers', '1'], { cwd });
  const swtpm = await startSwtpm(programPath('swtpm'), join(cwd, 'data', 'swtpm', 'state'));
  t.teardown(() => swtpm.kill());
  const tpm = await Tpm.open(await openTpmAddress(swtpm.address, systemClock));
  const { signing, agreement } = await deviceKeys(tpm);
  const keyId = keyIdOf(publicKeyOf(signing.area));
  t.equal(keyId.toString('hex'), keyIdNow, 'the key that the registry took, not the one it refused');
  const fieldsOf = (sequence: number) => ({
    ...{ deviceId: 'roof-7', bootEpoch: 1, sequence, payload: Buffer.from(FRAME, 'hex') },
  });
  const send = async (sequence: number): Promise<number> => {
    const { message, envelope } = frameToSign(fieldsOf(sequence), { keyId, algorithm: 'ecdsa-p256-sha256' });
    const { bytes } = await sign(tpm, signing, createHash('sha256').update(message).digest());
    return post(envelope(bytes));
  };
  const post = async (body: Uint8Array): Promise<number> => {
    const answer = await fetch(`${running.said.http}/v1/frames`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`roof-7:${secrets.token}`).toString('base64')}`,
        'content-type': 'application/octet-stream',
      },
      body: Buffer.from(body),
    });
    return answer.status;
  };
  t.equal(await send(1), 202);
  await recordsIn(running, 'device.readings', 1);
  const [reading] = await tail<{ value: object } & TailedRecord>(cwd, 'device.readings');
  t.match(reading, { value: { device: 'roof-7', temperature: 12.4, verified: true } });

  const receiver = JSON.parse((await msec(['device', 'receiver', '--json'], { cwd })).out);
  const terms = {
    ...{ deviceId: 'roof-7', keyId: keyIdOf(publicKeyOf(agreement.area)), bootEpoch: 1, first: 2 },
    ...{ receiverKeyId: Buffer.from(receiver.keyId, 'hex'), startMs: systemClock.now() },
  };
  const secret = await ecdhZGen(tpm, agreement, exportPublicKey(createPublicKey(receiver.publicKey)).subarray(-64));
  const session = openSessionFromSecret(secret, terms);
  t.equal(await post(sealInSession(fieldsOf(2), session)), 202);
  await recordsIn(running, 'device.readings', 2);

  t.equal((await msec(['device', 'revoke', 'roof-7'], { cwd })).code, 0);
  t.not(await send(3), 202, 'at once, with no restart');
  await tpm.close();
  running.kill('SIGTERM');
  t.same(await running.ended, [0, null]);
});
