import { createHmac } from 'node:crypto';
import t from 'tap';
import { defineActor, jsonCodec, topic } from '../../../engine/index.ts';
import { encodeFrameRecord, KIND_UNSIGNED } from '../../../schemas/envelope/index.ts';
import {
  compileFrameDescription,
  crowd,
  decodeSightings,
  enmon,
  ReadingHead,
  SightingsView,
} from '../../../schemas/index.ts';
import type { DeviceTopics } from '../../../schemas/topics/index.ts';
import { city, crowdFrame, Device, enmonFrame, MACS, MemoryKeys, NOW } from '../city.ts';
import type { StageDriver } from '../stage-driver.ts';

const FRAMES = 'device.frames';
const CROWD_SN = '00000006956C35F';

/** Unfused, so that the internal topics are written, too. */
const openCity = (devices: readonly Device[], keys = new MemoryKeys()): StageDriver =>
  city(devices, { keys, fuse: false });

function numbers(driver: StageDriver): number[] {
  return driver.of('device.readings').map(({ value }) => {
    const reading = enmon.create();
    enmon.decodeReading(value, 0, value.length, new ReadingHead(), reading);
    return reading.nSend;
  });
}

t.test('each of several frames in one payload becomes a reading, in order', async (t) => {
  const device = new Device('enmon-1');
  const driver = openCity([device]);
  const payload = Buffer.concat([1, 2, 3].map((nSend) => enmonFrame({ nSend })));
  driver.feed(FRAMES, device.id, NOW, device.signed(payload));
  t.same(driver.reasons, []);
  t.same(numbers(driver), [1, 2, 3]);
});

t.test(
  'when one frame of a payload is bad, none counts, and its place is told from the start of the payload',
  async (t) => {
    const device = new Device('enmon-1');
    const driver = openCity([device]);
    const bad = enmonFrame({ nSend: 2 });
    bad[10] = 0x41;
    driver.feed(FRAMES, device.id, NOW, device.signed(Buffer.concat([enmonFrame({ nSend: 1 }), bad])));
    t.match(driver.of('device.verified.dlq')[0]?.letter, { code: 'FRAME_INVALID', field: 'imei', byteOffset: 31 + 10 });
    driver.feed(FRAMES, device.id, NOW, device.signed(Buffer.concat([enmonFrame(), enmonFrame().subarray(0, 30)])));
    t.match(driver.of('device.verified.dlq')[1]?.letter, { code: 'FRAME_INVALID', field: 'length', byteOffset: 32 });
    t.same(numbers(driver), []);
  },
);

t.test('what is no frame of the type is refused', async (t) => {
  const device = new Device('enmon-1');
  const driver = openCity([device]);
  for (const payload of [new Uint8Array(0), Buffer.of(2), Buffer.from('hello'), enmonFrame().subarray(1)]) {
    driver.feed(FRAMES, device.id, NOW, device.signed(payload));
  }
  t.same(driver.reasons, Array(4).fill('FRAME_INVALID'));
});

t.test('a frame that names another identity is refused', async (t) => {
  const device = new Device('enmon-1');
  const legacy = new Device('enmon-2');
  legacy.record = { ...legacy.record, keys: [] };
  const counter = new Device('crowd-1', 'crowd', CROWD_SN);
  const driver = openCity([device, legacy, counter]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame({ imei: '123456789012345' })));
  driver.feed(FRAMES, legacy.id, NOW, encodeFrameRecord(KIND_UNSIGNED, enmonFrame({ imei: '123456789012345' })));
  driver.feed(FRAMES, counter.id, NOW, counter.sealed(crowdFrame(MACS, { serial: '00000006956C350' })));
  t.same(driver.reasons, Array(3).fill('IDENTITY_MISMATCH'));
  t.equal(driver.of('device.verified.dlq')[0]?.letter?.byteOffset, 7);
});

t.test('frames that name no device are those of the key that signed them', async (t) => {
  const type = compileFrameDescription(
    `{ name: co2, record: Co2, title: CO2, format: binary, fields: [
      { name: type, as: u8, role: type, value: 9 }, { name: length, as: u8, role: length },
      { name: co2, as: u16, unit: ppm, max: 40000 } ] }`,
    'co2.yaml',
  );
  t.equal(type.identity, null);
  const [device, other] = [new Device('co2-1', 'co2', 'shed'), new Device('co2-2', 'co2', 'barn')];
  const driver = city([device, other], { types: [type] });
  driver.feed(FRAMES, device.id, NOW, device.signed(Buffer.of(9, 2, 2, 138)));
  driver.feed(FRAMES, device.id, NOW, other.signed(Buffer.of(9, 2, 2, 138)));
  t.same(driver.reasons, ['IDENTITY_MISMATCH']);
  t.equal(driver.of('device.readings').length, 1);
});

t.test('a device of a type that is not described here is refused', async (t) => {
  const device = new Device('air-1', 'air');
  const driver = openCity([device]);
  driver.feed(FRAMES, device.id, NOW, device.signed(enmonFrame()));
  t.same(driver.reasons, ['CONFIG_INVALID']);
});

t.test('a crowd frame becomes a reading without addresses, and pseudonyms of the day', async (t) => {
  const keys = new MemoryKeys();
  const counter = new Device('crowd-1', 'crowd', CROWD_SN);
  const driver = openCity([counter], keys);
  driver.feed(FRAMES, counter.id, NOW, counter.sealed(crowdFrame(MACS)));
  t.same(driver.reasons, []);
  const [reading] = driver.of('device.readings');
  const decoded = crowd.create();
  crowd.decodeReading(reading?.value ?? new Uint8Array(0), 0, reading?.value.length ?? 0, new ReadingHead(), decoded);
  t.equal(decoded.distinct, 6);
  const [sightings] = driver.of('device.sightings');
  const view = new SightingsView();
  decodeSightings(sightings?.value ?? new Uint8Array(0), 0, sightings?.value.length ?? 0, view);
  const wanted = MACS.map((mac) => {
    const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex');
    return createHmac('sha256', keys.pseudonym).update(bytes).digest().subarray(0, 8);
  });
  t.same(Buffer.from(view.pseudonyms.subarray(0, 48)), Buffer.concat(wanted));
  t.same([...view.isRandomised.subarray(0, 6)], [0, 0, 0, 0, 0, 1]);
});

t.test('no address in clear leaves in any topic or letter, whatever is wrong with the frame', async (t) => {
  const keys = new MemoryKeys();
  const counter = new Device('crowd-1', 'crowd', CROWD_SN);
  for (const fuse of [true, false]) {
    const driver = city([counter], { keys, fuse });
    const good = Buffer.from(crowdFrame(MACS)).toString();
    const payloads = [
      good,
      good.replace('WIFI', 'WIFY'),
      good.replace('@6\n', '@9\n'),
      good.replaceAll('@-50', '@'),
      good.replaceAll('@-50', '-50'),
      good.replace(CROWD_SN, 'X'),
      `${good}\nCC:4B:73:64:59:6`,
      `${good}\nCC:4B:73:64:59:66:77@-3`,
      good.slice(0, -1),
      good.slice(20),
      MACS.join(),
    ];
    for (const payload of payloads) {
      driver.feed(FRAMES, counter.id, NOW, counter.sealed(Buffer.from(payload)));
      driver.feed(FRAMES, counter.id, NOW, flippedAtEnd(counter.sealed(Buffer.from(payload))));
    }
    keys.destroyed.add('2026-11-23');
    driver.feed(FRAMES, counter.id, NOW, counter.sealed(Buffer.from(good)));
    keys.destroyed.clear();
    t.ok(driver.reasons.length > 10);
    const all = driver.records.map(
      ({ value, letter }) => Buffer.from(value).toString('latin1') + JSON.stringify(letter),
    );
    for (const mac of MACS) {
      for (const form of [mac, mac.replaceAll(':', ''), mac.slice(0, 14)])
        t.notMatch(all.join('\n').toUpperCase(), form);
      const raw = Buffer.from(mac.replaceAll(':', ''), 'hex').toString('latin1');
      t.notOk(all.join('\n').includes(raw), 'nor as raw bytes');
    }
  }
});

function flippedAtEnd(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const last = copy.length - 1;
  copy[last] = (copy[last] as number) ^ 1;
  return copy;
}

t.test('a frame as large as its description allows is decoded: its size was the bridge’s to judge', async (t) => {
  const counter = new Device('crowd-1', 'crowd', CROWD_SN);
  const driver = openCity([counter]);
  const mac = (i: number) => `B8:27:EB:00:${[i >> 8, i & 255].map((n) => n.toString(16).padStart(2, '0')).join(':')}`;
  const payload = crowdFrame(Array.from({ length: 4096 }, (_, i) => mac(i).toUpperCase()));
  t.ok(payload.length > 65_535);
  driver.feed(FRAMES, counter.id, NOW, counter.sealed(payload));
  t.same(driver.reasons, []);
  t.equal(driver.of('device.readings').length, 1);
});

t.test('an actor behind it is given what is published and no more, called directly or from the topic', async (t) => {
  const seen = (fuse: boolean): unknown[] => {
    const counter = new Device('crowd-1', 'crowd', CROWD_SN);
    const monitor = new Device('enmon-1');
    const added = ({ readings }: DeviceTopics) =>
      defineActor({
        name: 'spy',
        inputs: { readings },
        outputs: { spied: topic('spied', jsonCodec(), { access: 'public' }) },
        process: ({ value }, { out }) => out.spied.emit({ ...value.reading }),
      });
    const driver = city([counter, monitor], { fuse, added });
    driver.feed(FRAMES, counter.id, NOW, counter.sealed(crowdFrame(MACS.slice(0, 3), { packets: 4 })));
    driver.feed(FRAMES, counter.id, NOW, counter.sealed(crowdFrame(MACS)));
    driver.feed(FRAMES, monitor.id, NOW, monitor.signed(enmonFrame({ temperature: 2000 })));
    return driver.of('spied').map(({ value }) => JSON.parse(Buffer.from(value).toString()) as unknown);
  };
  const [few, six, broken] = seen(true);
  t.match(few, { distinct: 0, randomised: 0, packets: 0, declared: 0, sightings: 0, pseudonyms: {}, rssi: {} });
  t.match(six, { distinct: 6, randomised: 0, packets: 100, sightings: 0 });
  t.match(broken, { temperature: 0, humidity: 565, flags: 4 });
  t.same(seen(true), seen(false));
});

t.test('a crowd frame that came in clear is refused', async (t) => {
  const counter = new Device('crowd-1', 'crowd', CROWD_SN);
  const driver = openCity([counter]);
  driver.feed(FRAMES, counter.id, NOW, counter.signed(crowdFrame(MACS)));
  t.same(driver.reasons, ['SEAL_INVALID']);
  t.same(driver.of('device.sightings'), []);
});

t.test("local times are read in the device's zone, which a control record can change", async (t) => {
  const counter = new Device('crowd-1', 'crowd', CROWD_SN);
  const driver = openCity([counter]);
  const dates = (): number[] =>
    driver.of('device.readings').map(({ value }) => {
      const reading = crowd.create();
      crowd.decodeReading(value, 0, value.length, new ReadingHead(), reading);
      return reading.date;
    });
  driver.feed(FRAMES, counter.id, NOW, counter.sealed(crowdFrame(MACS)));
  driver.feed(FRAMES, counter.id, NOW, counter.control({ timeZone: 'Europe/Madrid' }));
  driver.feed(FRAMES, counter.id, NOW, counter.sealed(crowdFrame(MACS)));
  t.same(dates(), [NOW, NOW - 3_600_000]);
});
