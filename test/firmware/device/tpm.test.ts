/** The firmware and its TPM: measured at each start, stopped by an altered PCR, its sessions' secret not seen on the bus. */
import { execFile } from 'node:child_process';
import { createHash, createHmac, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Aedes } from 'aedes';
import t, { type Test } from 'tap';
import { deviceKeys } from '../../../firmware/provision/index.ts';
import { extendPcr, pcrs, publicKeyOf, readPcrs } from '../../../firmware/tpm/index.ts';
import { deriveSessionKey, EnvelopeView, keyIdOf, SignatureVerifier } from '../../../schemas/envelope/index.ts';
import { freePorts } from '../../support/free-ports.ts';
import { needs, programPath } from '../../support/needs.ts';
import { type Swtpm, startSwtpm } from '../../support/swtpm.ts';
import { startTpmRecorder } from '../../support/tpm-recorder.ts';
import { built, make } from './build.ts';
import { startDevice } from './device-process.ts';

t.setTimeout(590_000);

const run = promisify(execFile);

async function withTpm(t: Test): Promise<Swtpm | null> {
  if (!needs(t, 'swtpm', 'gcc', 'make', 'device-headers')) return null;
  await make('linux');
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  return swtpm;
}

/** A broker that takes everything, on any port or this one. */
async function startBroker(t: Test, port = 0): Promise<{ readonly address: string; readonly envelopes: Buffer[] }> {
  const broker = await Aedes.createBroker();
  const envelopes: Buffer[] = [];
  broker.on('publish', ({ topic, payload }) => {
    if (topic === 'devices/roof-7/frames') envelopes.push(Buffer.from(payload));
  });
  const server = createServer((socket) => broker.handle(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    server.close();
    await new Promise<void>((resolve) => {
      broker.close(() => resolve());
    });
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, envelopes };
}

const settings = (folder: string, broker: string, tcti: string) => ({
  'device-id': 'roof-7',
  token: 'secret',
  broker,
  tcti,
  storage: join(folder, 'storage'),
  frame: 'nucleo',
  identity: '000000000042',
  'interval-ms': 0,
  'storage-sync': 'no',
  readings: 3,
});

t.test('its own hash is what the PCR was extended by, before it signed', async (t) => {
  const swtpm = await withTpm(t);
  if (swtpm === null) return;
  const folder = t.testdir({});
  const { address, envelopes } = await startBroker(t);
  const tpm = await swtpm.open();
  const key = publicKeyOf((await deviceKeys(tpm)).signing.area);
  await tpm.close();
  const device = startDevice(join(folder, 'device.conf'), settings(folder, address, swtpm.address));
  t.same(await device.ended, [0, null], device.errors());
  const image = createHash('sha256')
    .update(readFileSync(built('linux', 'msec-device')))
    .digest();
  const expected = createHash('sha256').update(Buffer.alloc(32)).update(image).digest();
  const after = await swtpm.open();
  t.same((await readPcrs(after, pcrs(14)))[0], expected);
  await after.close();
  t.equal(envelopes.length, 3);
  const view = new EnvelopeView();
  const verifier = new SignatureVerifier();
  for (const envelope of envelopes) {
    view.parseOnly(envelope, 0, envelope.length);
    t.ok(verifier.isSignedBy(view, key));
  }
});

t.test('keys that are bound to a PCR serve it until that PCR is extended', async (t) => {
  const swtpm = await withTpm(t);
  if (swtpm === null) return;
  const folder = t.testdir({});
  const { address } = await startBroker(t);
  const tpm = await swtpm.open();
  await deviceKeys(tpm, pcrs(2));
  await tpm.close();
  const bound = { ...settings(folder, address, swtpm.address), pcrs: 2 };
  const good = startDevice(join(folder, 'good.conf'), bound);
  t.same(await good.ended, [0, null], good.errors());
  const between = await swtpm.open();
  await extendPcr(between, 2, Buffer.alloc(32, 1));
  await between.close();
  const refused = startDevice(join(folder, 'refused.conf'), bound);
  t.same(await refused.ended, [69, null]);
  t.match(refused.errors(), /TPM: sign: .*policy/s);
});

t.test('without a bridge readings wait, and the device with them', async (t) => {
  const swtpm = await withTpm(t);
  if (swtpm === null) return;
  const folder = t.testdir({});
  const tpm = await swtpm.open();
  await deviceKeys(tpm);
  await tpm.close();
  const [port] = await freePorts(1);
  const waiting = { ...settings(folder, `127.0.0.1:${port}`, swtpm.address), trace: 'yes' };
  const device = startDevice(join(folder, 'device.conf'), waiting);
  t.teardown(() => device.kill('SIGKILL'));
  await device.until(() => device.events.length === 4 && device.errors().includes('is down'));
  const { envelopes } = await startBroker(t, port);
  t.same(await device.ended, [0, null], device.errors());
  t.equal(envelopes.length, 3);
});

t.test('the secret of a session is not seen on the bus', async (t) => {
  if (!needs(t, 'tpm2_sign')) return;
  const swtpm = await withTpm(t);
  if (swtpm === null) return;
  const folder = t.testdir({});
  const { address, envelopes } = await startBroker(t);
  const tpm = await swtpm.open();
  const key = publicKeyOf((await deviceKeys(tpm)).agreement.area);
  await tpm.close();
  const receiver = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const secret = diffieHellman({ privateKey: receiver.privateKey, publicKey: key });
  const file = join(folder, 'receiver.pem');
  writeFileSync(file, receiver.publicKey.export({ type: 'spki', format: 'pem' }));
  const recorder = await startTpmRecorder(swtpm.port);
  t.teardown(() => recorder.stop());
  const tcti = `swtpm:host=127.0.0.1,port=${recorder.port}`;
  const session = { ...settings(folder, address, tcti), mode: 'session', 'receiver-key': file };
  const device = startDevice(join(folder, 'device.conf'), session);
  t.same(await device.ended, [0, null], device.errors());
  t.equal(envelopes.length, 3);
  t.ok(envelopes.every((envelope) => isSealed(envelope, receiver.privateKey, key)));
  t.ok(recorder.bytes().length > 1000);
  t.notOk(recorder.bytes().includes(secret));

  // The same command without an encrypted session: the recorder would have seen it.
  const point = Buffer.concat([
    Buffer.of(0, 68, 0, 32),
    half(receiver.publicKey, 'x'),
    Buffer.of(0, 32),
    half(receiver.publicKey, 'y'),
  ]);
  writeFileSync(join(folder, 'point'), point);
  const args = ['-c', '0x81000012', '-u', join(folder, 'point'), '-o', join(folder, 'secret')];
  const tool = join(programPath('tpm2_sign'), '..', 'tpm2_ecdhzgen');
  await run(tool, args, { env: { ...process.env, TPM2TOOLS_TCTI: tcti } });
  t.ok(recorder.bytes().includes(secret));
});

const half = (key: KeyObject, name: 'x' | 'y') => Buffer.from(key.export({ format: 'jwk' })[name]!, 'base64url');

/** By what the specification says alone. */
function isSealed(envelope: Buffer, receiver: KeyObject, device: KeyObject): boolean {
  const view = new EnvelopeView();
  view.parseOnly(envelope, 0, envelope.length);
  const at = 15 + envelope[14]! + 4 + 4 + 8;
  const key = deriveSessionKey(receiver, device, {
    deviceId: view.deviceId(),
    keyId: keyIdOf(device),
    bootEpoch: view.bootEpoch,
    receiverKeyId: envelope.subarray(at, at + 8),
    startMs: view.sessionStartMs,
    first: view.sessionFirst,
  });
  const mac = createHmac('sha256', key).update(envelope.subarray(0, -32)).digest();
  return mac.equals(envelope.subarray(-32));
}
