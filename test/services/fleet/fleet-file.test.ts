import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fleetDeviceId, startFleetMemory } from '../../../services/fleet/fleet-file.ts';
import { deviceService } from './fleet-fixture.ts';

void t.test(
  'at the first start devices are enrolled, with types, identities and credentials of their own',
  async (t) => {
    const path = join(t.testdir(), 'fleet', 'devices.json');
    const service = await deviceService(t);
    const { bootEpoch, devices } = await startFleetMemory(path, 10, service);
    t.equal(bootEpoch, 1);
    t.equal(devices.filter(({ type }) => type === 'crowd').length, 2);
    t.equal(new Set(devices.flatMap(({ identity, token, privateKey }) => [identity, token, privateKey])).size, 30);
    for (const { deviceId, token, identity, type } of devices) {
      t.match(service.authenticate(deviceId, token), { deviceId, identity, type });
    }
    t.equal(statSync(path).mode & 0o777, 0o600);
    t.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  },
);

void t.test('a later start keeps the devices, adds what is missing and raises the boot epoch', async (t) => {
  const path = join(t.testdir(), 'devices.json');
  const service = await deviceService(t);
  const first = await startFleetMemory(path, 3, service);
  const second = await startFleetMemory(path, 5, service);
  t.equal(second.bootEpoch, 2);
  t.same(second.devices.slice(0, 3), first.devices);
  t.equal(second.devices.length, 5);
  const third = await startFleetMemory(path, 2, service);
  t.equal(third.bootEpoch, 3);
  t.same(third.devices, first.devices.slice(0, 2));
  const fourth = await startFleetMemory(path, 5, service);
  t.same(fourth.devices, second.devices, 'a smaller fleet forgets nobody');
});

void t.test('when its memory or the registry was lost, the devices get in again', async (t) => {
  const path = join(t.testdir(), 'devices.json');
  const service = await deviceService(t);
  await startFleetMemory(path, 2, service);
  rmSync(path);
  const again = await startFleetMemory(path, 2, service);
  for (const { deviceId, token } of again.devices) t.ok(service.authenticate(deviceId, token));
  const other = await deviceService(t);
  const elsewhere = await startFleetMemory(path, 2, other);
  t.equal(elsewhere.bootEpoch, 2);
  for (const { deviceId, token } of elsewhere.devices) t.ok(other.authenticate(deviceId, token));
});

void t.test('a device that was revoked stays away, the others go on', async (t) => {
  const path = join(t.testdir(), 'devices.json');
  const service = await deviceService(t);
  await startFleetMemory(path, 3, service);
  await service.revoke(fleetDeviceId(2));
  const { devices } = await startFleetMemory(path, 3, service);
  t.same(
    devices.map(({ deviceId }) => deviceId),
    [fleetDeviceId(1), fleetDeviceId(3)],
  );
});

void t.test('a memory that is none is refused and left alone', async (t) => {
  const path = join(t.testdir(), 'devices.json');
  const service = await deviceService(t);
  for (const text of ['', '{}', 'null', '{"version":2}']) {
    writeFileSync(path, text);
    await t.rejects(startFleetMemory(path, 1, service), { code: 'CONFIG_INVALID' });
    t.equal(readFileSync(path, 'utf8'), text);
  }
});
