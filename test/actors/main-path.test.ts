import t from 'tap';
import { aggregateActor } from '../../actors/aggregate/index.ts';
import { decodeActor } from '../../actors/decode/index.ts';
import { verifyActor } from '../../actors/verify/index.ts';
import { bindSchemaIds, schemasOf } from '../../engine/runtime/index.ts';
import { type ActorDriver, type DriverOptions, testActor } from '../../engine/testkit/actor-driver.ts';
import { frameTypes } from '../../schemas/index.ts';
import { deviceTopics } from '../../schemas/topics/index.ts';
import { crowdFrame, Device, enmonFrame, MACS, MemoryKeys, NOW } from './city.ts';

const FRAMES = 'device.frames';
const devices = [0, 1, 2, 3].map((i) => new Device(`enmon-${i}`));
const counter = new Device('crowd-1', 'crowd', '00000006956C35F');
const all = [...devices, counter];

async function open(options: DriverOptions, keys = new MemoryKeys()): Promise<ActorDriver> {
  const types = frameTypes();
  const topics = deviceTopics(types);
  const definition = {
    name: 'city',
    partitions: 3,
    actors: [verifyActor(topics, { keys }), decodeActor(topics, { types, keys }), aggregateActor(topics, { types })],
  };
  const subjects = [...new Set(schemasOf(definition).map(({ subject }) => subject))].sort();
  bindSchemaIds(definition, new Map(subjects.map((subject, i) => [subject, i + 1])));
  return await testActor(definition, options);
}

const scripted = makeScript();

/** Good, repeated, contradicting, forged and late frames, of all devices, with revocation and reset between them. */
function makeScript(): { key: string; atMs: number; bytes: Uint8Array }[] {
  const script: { key: string; atMs: number; bytes: Uint8Array }[] = [];
  const add = (device: Device, atMs: number, bytes: Uint8Array) => script.push({ key: device.id, atMs, bytes });
  for (const device of all) add(device, 0, device.control());
  for (let i = 0; i < 12; i++) {
    const atMs = i * 15_000;
    for (const device of devices) {
      const frame = device.signed(enmonFrame({ nSend: i, temperature: 100 + i }), { deviceTimeMs: NOW + atMs - 5 });
      add(device, atMs, frame);
      if (i % 4 === 1) add(device, atMs + 1, frame);
      if (i % 4 === 2)
        add(
          device,
          atMs + 1,
          frame.map((byte, at) => (at === 70 ? byte ^ 1 : byte)),
        );
    }
    add(counter, atMs, counter.sealed(crowdFrame(MACS.slice(0, 4 + (i % 3)), { date: NOW + atMs })));
    if (i === 5) {
      const [first, second, third] = devices as [Device, Device, Device];
      add(first, atMs + 2, first.signed(enmonFrame({ nSend: 999 }), { sequence: 3 }));
      add(second, atMs + 2, second.control({ state: 'revoked' }));
      add(third, atMs + 2, third.control({ resetCount: 1 }));
      add(third, atMs + 3, third.signed(enmonFrame({ nSend: 1000 }), { sequence: 0 }));
      add(third, atMs + 4, third.signed(enmonFrame(), { sequence: 1, deviceTimeMs: NOW - 300_000 }));
    }
  }
  // Long after: closes every window.
  for (const device of all) add(device, 3_600_000, device.control());
  return script;
}

async function play(options: DriverOptions): Promise<unknown> {
  const driver = await open(options);
  const start = NOW - (NOW % 60_000);
  for (const { key, atMs, bytes } of scripted) driver.sendBytes(FRAMES, key, bytes, start + atMs);
  await driver.settle();
  const plain = (topic: string) =>
    driver
      .outputs(topic)
      .map(({ key, timestamp, bytes }) => `${key} ${timestamp} ${Buffer.from(bytes ?? []).toString('hex')}`)
      .sort();
  const letters = [FRAMES, 'device.verified'].flatMap((topic) =>
    driver.letters(topic).map(({ code, key, bytes }) => `${code} ${key} ${Buffer.from(bytes ?? []).toString('hex')}`),
  );
  const result = {
    readings: plain('device.readings'),
    aggregates: plain('device.aggregates'),
    late: plain('device.late'),
    letters: letters.sort(),
  };
  await driver.close();
  return result;
}

t.test('readings, windows and letters are the same when every task dies at every commit, and unfused', async (t) => {
  const wanted = (await play({ partitions: 3 })) as Record<string, string[]>;
  t.ok((wanted.readings?.length ?? 0) > 40);
  t.ok((wanted.aggregates?.length ?? 0) > 10);
  t.equal(wanted.late?.length, 1);
  const reasons = new Set(wanted.letters?.map((letter) => letter.split(' ')[0]));
  t.ok(reasons.has('SIGNATURE_INVALID') && reasons.has('SEQUENCE_CONFLICT') && reasons.has('DEVICE_REVOKED'));
  t.same(await play({ partitions: 3, cuts: 'before-commit' }), wanted, 'before each commit');
  t.same(await play({ partitions: 3, cuts: 'after-commit' }), wanted, 'after each commit');
  t.same(await play({ partitions: 3, fuse: false }), wanted, 'unfused');
});
