import { join } from 'node:path';
import t from 'tap';
import { Intake, unsignedFrom } from '../../../bridges/intake/index.ts';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { systemClock } from '../../../engine/index.ts';
import { Fleet } from '../../../services/fleet/index.ts';
import { DAY_KEY, MemoryLog, privacyOf } from '../../bridges/bridge-fixture.ts';
import { deviceService } from './fleet-fixture.ts';

void t.test('a fleet in its thread enrols, publishes, stops, and goes on with a higher boot epoch', async (t) => {
  const service = await deviceService(t);
  const log = new MemoryLog();
  const intake = new Intake({
    topic: 'device.frames',
    partitions: 2,
    directory: service,
    privacyOf,
    keys: { sealingKey: () => DAY_KEY },
    appender: log,
    clock: systemClock,
    unsigned: unsignedFrom([]),
  });
  const bridge = await MqttBridge.open({ intake, port: 0 });
  t.teardown(() => bridge.close());
  const folder = join(t.testdir(), 'fleet');
  const mqtt = { host: '127.0.0.1', port: bridge.port };
  for (let start = 1; start <= 2; start++) {
    const before = log.stored.length;
    const fleet = await Fleet.start({ folder, devices: 5, rate: 300, faultShare: 0, enroller: service, mqtt });
    while (log.stored.length < before + 20) await new Promise<void>((resolve) => setImmediate(resolve));
    const [counts, again] = await Promise.all([fleet.stop(300_000), fleet.stop()]);
    t.same(counts, again);
    t.equal(log.stored.length - before, counts.made);
    t.match(counts, { acknowledged: counts.made, waiting: 0 });
  }
  t.equal(new Set(log.stored.map(({ key }) => key)).size, 5);
  const epochs = log.stored.flatMap(({ key, value }) =>
    key.includes('enmon') ? [value.readUInt32BE(1 + 15 + key.length)] : [],
  );
  t.same(new Set(epochs), new Set([1, 2]));
});
