import fc from 'fast-check';
import t from 'tap';
import { encodeFrameRecord, KIND_UNSIGNED } from '../../../schemas/envelope/index.ts';
import { type Aggregate, decodeAggregate, decodeLate, enmon, ReadingHead } from '../../../schemas/index.ts';
import { city, crowdFrame, Device, enmonFrame, NOW } from '../city.ts';
import type { StageDriver } from '../stage-driver.ts';

const FRAMES = 'device.frames';
const MINUTE = 60_000;

function aggregates(driver: StageDriver): Aggregate[] {
  return driver.of('device.aggregates').map(({ value }) => decodeAggregate(value));
}

/** Event time comes so far that every window is over. */
function end(driver: StageDriver, timeMs = NOW + 60 * MINUTE): void {
  driver.feed(FRAMES, null, timeMs, new Uint8Array(0));
}

t.test('a window is told once, when its end and the grace have passed', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device], { verify: { signatures: 'off' } });
  const send = (timeMs: number, temperature = 100) =>
    driver.feed(FRAMES, device.id, timeMs, device.unsigned(enmonFrame({ temperature })));
  send(NOW, 100);
  send(NOW + 59_999, 104);
  send(NOW + MINUTE + 9_999, 200);
  t.same(aggregates(driver), []);
  send(NOW + MINUTE + 10_000, 200);
  t.equal(aggregates(driver).length, 1);
  t.match(aggregates(driver)[0], {
    device: 'enmon-1',
    type: 'enmon',
    windowStart: NOW,
    windowEnd: NOW + MINUTE,
    count: 2,
    verifiedCount: 0,
    distinct: null,
  });
  t.same(aggregates(driver)[0]?.measures[2], {
    name: 'temperature',
    unit: '°C',
    count: 2,
    mean: 10.2,
    min: 10,
    max: 10.4,
    stddev: 0.2,
  });
  t.equal(driver.of('device.aggregates')[0]?.timestamp, NOW + MINUTE - 1);
  end(driver);
  t.same(
    aggregates(driver).map(({ count }) => count),
    [2, 2],
  );
});

t.test('a value out of its physical range is left out of its measure alone', async (t) => {
  const device = new Device('enmon-1');
  const driver = city([device]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame({ humidity: 1001 })));
  driver.feed(FRAMES, device.id, NOW, device.control({ keys: [] }));
  driver.feed(FRAMES, device.id, NOW, encodeFrameRecord(KIND_UNSIGNED, enmonFrame({ humidity: 500 })));
  end(driver);
  const [window] = aggregates(driver);
  t.match(window, { count: 2, verifiedCount: 1 });
  t.same(
    window?.measures.map(({ count }) => count),
    [2, 2, 2, 1],
  );
  t.match(window?.measures[3], { mean: 50, min: 50, max: 50, stddev: 0 });
});

t.test('a reading that comes too late is kept aside, as it was, and changes no window', async (t) => {
  const device = new Device('enmon-1');
  const other = new Device('enmon-2');
  const driver = city([device, other], { verify: { signatures: 'off' } });
  driver.feed(FRAMES, device.id, NOW, device.unsigned(enmonFrame()));
  driver.feed(FRAMES, other.id, NOW + MINUTE + 10_000, other.unsigned(enmonFrame()));
  const late = device.unsigned(enmonFrame({ nSend: 77 }), { deviceTimeMs: NOW + 5 });
  driver.feed(FRAMES, device.id, NOW + MINUTE + 10_001, late);
  const [letter] = driver.of('device.late').map(({ value }) => decodeLate(value));
  t.match(letter, { device: 'enmon-1', type: 'enmon', eventTime: NOW + 5, windowStart: NOW, windowEnd: NOW + MINUTE });
  t.ok((letter?.watermark ?? 0) >= NOW + MINUTE + 10_000);
  const head = new ReadingHead();
  const reading = enmon.create();
  enmon.decodeReading(letter?.reading ?? new Uint8Array(0), 0, letter?.reading.length ?? 0, head, reading);
  t.equal(reading.nSend, 77);
  end(driver);
  t.same(
    aggregates(driver).map(({ device, count }) => [device, count]),
    [
      ['enmon-1', 1],
      ['enmon-2', 1],
    ],
  );
});

t.test('a crowd counter tells different devices of a window, and nothing below five', async (t) => {
  const serial = '00000006956C35F';
  const [few, many] = [new Device('crowd-1', 'crowd', serial), new Device('crowd-2', 'crowd', serial)];
  const driver = city([few, many]);
  const macs = Array.from({ length: 9 }, (_, i) => `02:00:00:00:00:0${i}`);
  const date = NOW;
  driver.feed(FRAMES, few.id, NOW, few.sealed(crowdFrame(macs.slice(0, 3), { date })));
  driver.feed(FRAMES, few.id, NOW + 1, few.sealed(crowdFrame(macs.slice(1, 4), { date })));
  driver.feed(FRAMES, many.id, NOW + 2, many.sealed(crowdFrame(macs.slice(0, 5), { date })));
  driver.feed(FRAMES, many.id, NOW + 3, many.sealed(crowdFrame(macs.slice(3, 9), { date })));
  driver.feed(FRAMES, many.id, NOW + MINUTE, many.sealed(crowdFrame(macs.slice(0, 5), { date })));
  end(driver);
  t.same(
    aggregates(driver).map(({ device, distinct }) => ({ device, ...distinct })),
    [
      { device: 'crowd-1', name: 'devices', count: null, suppressed: true },
      { device: 'crowd-2', name: 'devices', count: 9, suppressed: false },
      { device: 'crowd-2', name: 'devices', count: 5, suppressed: false },
    ],
  );
  t.notOk(
    driver.records.some(({ topic }) => topic === 'device.sightings'),
    'pseudonyms stay inside',
  );
});

interface Sent {
  readonly device: number;
  readonly atMs: number;
  readonly agoMs: number;
  readonly temperature: number;
}

const sent: fc.Arbitrary<Sent> = fc.record({
  device: fc.nat(2),
  atMs: fc.nat(5 * MINUTE),
  agoMs: fc.oneof(fc.nat(5000), fc.nat(2 * MINUTE)),
  temperature: fc.integer({ min: -400, max: 850 }),
});

/** From the specification: lateness by the greatest event time seen in the partition before, all in plain objects. */
function oracle(list: readonly Sent[]): { readonly windows: string[]; readonly late: number } {
  const windows = new Map<string, number[]>();
  // The devices were enrolled then.
  let watermark = NOW;
  let late = 0;
  for (const { device, atMs, agoMs, temperature } of list) {
    const time = NOW + atMs - agoMs;
    const start = Math.floor(time / MINUTE) * MINUTE;
    // Between frames event time passes on in whole seconds of receive time.
    if (start + MINUTE + 10_000 <= watermark) late++;
    else {
      const key = `enmon-${device} ${start}`;
      windows.set(key, [...(windows.get(key) ?? []), temperature]);
    }
    watermark = Math.max(watermark, time, Math.floor((NOW + atMs) / 1000) * 1000);
  }
  const told = [...windows].map(([key, values]) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    const numbers = [mean, Math.min(...values), Math.max(...values), Math.sqrt(variance)];
    return `${key} ${values.length} ${numbers.map((n) => (n / 10).toFixed(6)).join(' ')}`.replaceAll(
      '-0.000000',
      '0.000000',
    );
  });
  return { windows: told.sort(), late };
}

function told(driver: StageDriver): string[] {
  const lines = aggregates(driver).map(({ device, windowStart, count, measures }) => {
    const { mean, min, max, stddev } = measures[2] ?? { mean: 0, min: 0, max: 0, stddev: 0 };
    const numbers = [mean, min, max, stddev].map((n) => (n ?? Number.NaN).toFixed(6));
    return `${device} ${windowStart} ${count} ${numbers.join(' ')}`.replaceAll('-0.000000', '0.000000');
  });
  return lines.sort();
}

t.test('windows are what a plain reckoning says, fused and unfused, for frames in any order', async (t) => {
  const ids = [0, 1, 2].map((i) => new Device(`enmon-${i}`));
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 60, size: 'max' }), (unordered) => {
      const list = unordered.toSorted((a, b) => a.atMs - b.atMs);
      const wanted = oracle(list);
      const frames = list.map((frame) => {
        const device = ids[frame.device] as Device;
        const deviceTimeMs = NOW + frame.atMs - frame.agoMs;
        return device.unsigned(enmonFrame({ temperature: frame.temperature }), { deviceTimeMs });
      });
      for (const fuse of [true, false]) {
        const driver = city(ids, { fuse, verify: { signatures: 'off' } });
        list.forEach(({ device, atMs }, i) => {
          driver.feed(FRAMES, `enmon-${device}`, NOW + atMs, frames[i] as Uint8Array);
        });
        end(driver);
        t.same(driver.reasons, []);
        t.same(told(driver), wanted.windows, `fuse ${fuse}`);
        t.equal(driver.of('device.late').length, wanted.late);
      }
    }),
    { numRuns: 40 },
  );
});
