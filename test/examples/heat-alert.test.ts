/** The README's example, tested as its reader would test it: virtual time, no threads, no broker. */
import t from 'tap';
import { testActor } from '../../engine/testkit/index.ts';
import heatAlert from '../../examples/heat-alert.ts';
import { EnMonReading, enmon } from '../../schemas/index.ts';
import { DeviceReading, deviceTopics } from '../../schemas/topics/index.ts';

t.test('a hot spell of a device is told once, and the next one again', async (t) => {
  const driver = await testActor(heatAlert(deviceTopics()), { cuts: 'before-commit' });
  t.teardown(() => driver.close());
  const send = (device: string, tenths: number, flags = 0) =>
    driver.send(
      'device.readings',
      device,
      new DeviceReading(enmon, Object.assign(new EnMonReading(), { temperature: tenths, flags })),
    );
  for (const tenths of [349, 351, 360, 350, 352]) send('north', tenths);
  send('south', 349);
  // A broken sensor is no hot spell, and does not end one.
  const broken = 1 << enmon.flagNames.indexOf('outOfRange:temperature');
  send('west', 2000, broken);
  send('north', 2000, broken);
  send('north', 353);
  await driver.settle();
  const alerts = driver.outputs<{ device: string; celsius: number }>('alerts.heat').map(({ value }) => value);
  t.match(alerts, [
    { device: 'north', celsius: 35.1 },
    { device: 'north', celsius: 35.2 },
  ]);
  t.equal(alerts.length, 2);
});
