import t from 'tap';
import { deviceRate, deviceRateNote } from '../../../cli/city/device-rate.ts';
import { parseConfig, type SettingName } from '../../../cli/config/index.ts';

const of = (text: string) => parseConfig(text, '/city/msec.yaml');
const rateOf = (text: string) => {
  const { config, set } = of(text);
  return deviceRate(config, set);
};
const noteOf = (text: string) => {
  const { config, set } = of(text);
  return deviceRateNote(config, set);
};

t.test('an ordinary fleet leaves the limits as they are, and nothing is said', async (t) => {
  t.same(rateOf(''), { perSecond: 50, burst: 500 });
  t.equal(noteOf(''), null);
});

t.test('a fast fleet raises limits that nobody has set, and that is said', async (t) => {
  const fast = 'fleet: { devices: 4, rate: 1000 }';
  t.same(rateOf(fast), { perSecond: 500, burst: 5000 });
  t.match(noteOf(fast), /sends 250 frames per second, so every device may send 500/);
  t.same(rateOf('fleet: { enabled: false, devices: 4, rate: 1000 }'), { perSecond: 50, burst: 500 });
});

t.test('a limit that was set holds, and what the fleet sends beyond it is announced as refused', async (t) => {
  const set = 'fleet: { devices: 4, rate: 1000 }\nlimits: { deviceRate: 50, deviceBurst: 60 }';
  t.same(rateOf(set), { perSecond: 50, burst: 60 });
  t.match(noteOf(set), /limits.deviceRate is 50: the rest is refused/);
  const none: ReadonlySet<SettingName> = new Set();
  t.match(deviceRateNote(of(set).config, none), /may send 500/);
});
