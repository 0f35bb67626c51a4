import t from 'tap';
import { isCidr, parseDuration, parseSize } from '../../../cli/config/units.ts';
import { editDistance, nearMiss } from '../../../cli/near-miss.ts';

t.test('durations and sizes need a known unit', async (t) => {
  t.same(['10s', '1.5h', '0ms', '7 d', '5min'].map(parseDuration), [10_000, 5_400_000, 0, 604_800_000, 300_000]);
  t.same(
    ['10', 's', '-1s', '1m', '1e3s', '1 s ', '99999999999999d', '1toString'].map(parseDuration),
    Array(8).fill(null),
  );
  t.same(['64KiB', '1kB', '0.5MiB', '3B'].map(parseSize), [65_536, 1_000, 524_288, 3]);
  t.same(['64', '1kb', '1 000B', 'constructor'].map(parseSize), Array(4).fill(null));
});

t.test('networks are IPv4 or IPv6 with a prefix that fits', async (t) => {
  for (const good of ['10.0.0.0/8', '0.0.0.0/0', '::/0', 'fd00::/8', '2001:db8:0:0:0:0:0:1/128'])
    t.ok(isCidr(good), good);
  for (const bad of ['10.0.0.0', '10.0.0/8', '256.0.0.0/8', '10.0.0.0/33', ':::/0', '1::2::3/8', '12345::/8', '::/129'])
    t.notOk(isCidr(bad), bad);
});

t.test('a near miss is close, or there is none', async (t) => {
  t.equal(editDistance('prot', 'port'), 1);
  t.equal(editDistance('', 'abc'), 3);
  t.equal(nearMiss('devics', ['devices', 'rate']), 'devices');
  t.equal(nearMiss('mqtt_port', ['mqttPort']), 'mqttPort');
  t.equal(nearMiss('zebra', ['devices', 'rate']), undefined);
});
