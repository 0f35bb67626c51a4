import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { deviceAdmin } from '../../../cli/city/device-admin.ts';
import { seededRandom, systemClock } from '../../../engine/base/index.ts';
import { exportPublicKey } from '../../../schemas/envelope/index.ts';
import { frameTypes } from '../../../schemas/index.ts';
import { HeldFrames } from '../../../services/attestation/index.ts';
import { DeviceService } from '../../../services/devices/index.ts';
import { memoryLog } from '../../services/memory-log.ts';

const ENMON = { deviceId: 'roof-7', type: 'enmon', identity: '867723030040330' };

interface View {
  readonly keys: readonly { keyId: string; state: string; modes: readonly string[]; notAfter?: string }[];
  readonly secrets: { readonly token: string | null; readonly privateKeyPem: string | null };
}

const publicKey = (): string =>
  exportPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey).toString('base64');

async function opened(t: { teardown(run: () => unknown): void }) {
  const log = await memoryLog();
  const devices = await DeviceService.open({ log, clock: systemClock, random: seededRandom(1) });
  t.teardown(async () => {
    await devices.close();
    await log.close();
  });
  const held = new HeldFrames({ log, clock: systemClock });
  return { devices, admin: deviceAdmin({ devices, held, log, types: frameTypes() }) };
}

t.test('a rotation replaces the token as well, and the old one is refused at once', async (t) => {
  const { devices, admin } = await opened(t);
  const added = (await admin.add(ENMON)) as View;
  const rotated = (await admin.change('rotate', 'roof-7')) as View;
  t.ok(rotated.secrets.token, 'the new one is told');
  t.not(rotated.secrets.token, added.secrets.token);
  t.equal(devices.authenticate('roof-7', added.secrets.token ?? ''), null);
  t.equal(devices.authenticate('roof-7', rotated.secrets.token ?? '')?.deviceId, 'roof-7');
});

t.test('a legacy device that is rotated gets a key, and no token that nobody has asked for', async (t) => {
  const { devices, admin } = await opened(t);
  await admin.add({ ...ENMON, credential: false });
  const rotated = (await admin.change('rotate', 'roof-7')) as View;
  t.equal(rotated.secrets.token, null);
  t.ok(rotated.secrets.privateKeyPem);
  t.equal(devices.get('roof-7')?.credentialHash, null);
});

t.test(
  'a device with a key for sessions alone keeps it when the other is renewed, and not when it is rotated',
  async (t) => {
    const { admin } = await opened(t);
    const notAfterMs = Date.UTC(2027, 0, 31);
    const added = (await admin.add({ ...ENMON, publicKey: publicKey(), sessionKey: publicKey(), notAfterMs })) as View;
    t.match(added.keys, [
      { state: 'active', modes: ['frame', 'batch'], notAfter: '2027-01-31T00:00:00.000Z' },
      { state: 'active', modes: ['session'], notAfter: '2027-01-31T00:00:00.000Z' },
    ]);
    const renewed = (await admin.renew('roof-7', { publicKey: publicKey(), notAfterMs: notAfterMs + 1000 })) as View;
    t.equal(renewed.secrets.token, null, 'the token stays');
    t.match(renewed.keys, [
      { state: 'active', modes: ['frame', 'batch'], notAfter: '2027-01-31T00:00:01.000Z' },
      { state: 'active', modes: ['session'], keyId: added.keys[1]?.keyId },
      { state: 'retired', keyId: added.keys[0]?.keyId },
    ]);
    const rotated = (await admin.change('rotate', 'roof-7')) as View;
    t.same(
      rotated.keys.map(({ state }) => state),
      ['active', 'retired', 'retired', 'retired'],
    );
  },
);

t.test('a time that a key cannot have is refused with its field, and nothing is enrolled', async (t) => {
  const { devices, admin } = await opened(t);
  for (const wrong of [
    { notAfterMs: -1 },
    { notAfterMs: 1.5 },
    { notBeforeMs: 5, notAfterMs: 5 },
    { notBeforeMs: 9e15 },
  ]) {
    await t.rejects(admin.add({ ...ENMON, ...wrong }), { code: 'DEVICE_INVALID', field: /keys\[0\]\.not/ });
  }
  await t.rejects(admin.add({ ...ENMON, notAfter: 5 }), { code: 'REQUEST_INVALID', field: 'notAfter' });
  await t.rejects(admin.add({ ...ENMON, sessionKey: 'AAAA' }), { code: 'DEVICE_INVALID', field: 'publicKey' });
  t.equal(devices.get('roof-7'), undefined);
});

t.test('a device has the place that it was given last, until it is taken away; what is none is refused', async (t) => {
  const { devices, admin } = await opened(t);
  await admin.add({ ...ENMON, place: { latitude: 40.4168, longitude: -3.7038 } });
  t.same(devices.get('roof-7')?.place, { latitude: 40.4168, longitude: -3.7038 });
  t.match(await admin.place('roof-7', { place: { latitude: -90, longitude: 180 } }), {
    place: { latitude: -90, longitude: 180 },
    revision: 2,
  });
  for (const place of [undefined, 'here', { latitude: 91, longitude: 0 }, { latitude: 1, longitude: Number.NaN }])
    await t.rejects(admin.place('roof-7', { place }), { code: 'DEVICE_INVALID' });
  await t.rejects(admin.place('roof-8', { place: null }), { code: 'DEVICE_UNKNOWN' });
  await admin.place('roof-7', { place: null });
  t.equal(devices.get('roof-7')?.place, undefined);
  await t.rejects(admin.add({ ...ENMON, deviceId: 'roof-9', place: 7 }), { code: 'DEVICE_INVALID', field: 'place' });
});

t.test('held frames of a device that nobody has enrolled cannot be decided on', async (t) => {
  const { admin } = await opened(t);
  const request = { by: 'ana', why: 'a typing error' };
  for (const decision of ['drop', 'release'] as const)
    await t.rejects(admin.decide(decision, 'nobody', request), { code: 'DEVICE_UNKNOWN', field: 'deviceId' });
  await admin.add(ENMON);
  await admin.change('revoke', 'roof-7');
  await t.rejects(admin.decide('drop', 'roof-7', request), { code: 'TOPIC_UNKNOWN' }, 'one that was revoked is known');
});
