/** Identities without a device service, and one with it. */
import { generateKeyPairSync } from 'node:crypto';
import { systemClock } from '../../../engine/index.ts';
import { EmbeddedLog, LocalEnds, MemoryStore } from '../../../engine/log/index.ts';
import { DeviceService } from '../../../services/devices/index.ts';
import type { FleetIdentity, FleetType } from '../../../services/fleet/index.ts';

export function identity(deviceId: string, type: FleetType = 'enmon'): FleetIdentity {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    deviceId,
    type,
    identity: type === 'enmon' ? '001010000000001' : 'SIM000001',
    token: `token-of-${deviceId}`,
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
}

export async function deviceService(t: { teardown(run: () => unknown): void }): Promise<DeviceService> {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), systemClock, { groupCommitMs: 0 });
  await log.createTopics([
    { name: 'device.frames', partitions: 2, cleanup: 'delete' },
    { name: 'device.registry', partitions: 2, cleanup: 'compact' },
  ]);
  const service = await DeviceService.open({ log, clock: systemClock });
  t.teardown(() => service.close().then(() => log.close()));
  return service;
}
