import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { seededRandom, systemClock } from '../../../engine/base/index.ts';
import { BatchCursor, partitionForKey } from '../../../engine/batch/index.ts';
import type { Log } from '../../../engine/log/index.ts';
import { decodeDeviceRecord } from '../../../schemas/device/index.ts';
import { exportPublicKey, KIND_CONTROL } from '../../../schemas/envelope/index.ts';
import { DeviceService } from '../../../services/devices/index.ts';
import { memoryLog } from '../memory-log.ts';

const ENMON = { deviceId: 'enmon-1', type: 'enmon', identity: '867723030040330' };

const open = (log: Log): Promise<DeviceService> =>
  DeviceService.open({ log, clock: systemClock, random: seededRandom(1) });

interface Stored {
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer;
}

async function records(log: Log, topic: string): Promise<Stored[]> {
  const reader = log.openReader();
  const found: Stored[] = [];
  for (let partition = 0; partition < 4; partition++) {
    const { bytes, start, end } = await reader.fetch(topic, partition, 0, 1 << 20);
    const cursor = new BatchCursor();
    cursor.reset(bytes, start, end);
    while (cursor.next()) {
      const key = Buffer.from(cursor.bytes.slice(cursor.keyStart, cursor.keyEnd)).toString();
      found.push({ partition, key, value: Buffer.from(cursor.bytes.slice(cursor.valueStart, cursor.valueEnd)) });
    }
  }
  await reader.close();
  return found;
}

t.test('an added device gets a key pair and a token, told once and stored nowhere', async (t) => {
  const log = await memoryLog();
  const devices = await open(log);
  const { record, secrets } = await devices.add(ENMON);
  t.match(record, { ...ENMON, state: 'active', revision: 1, resetCount: 0, timeZone: 'UTC' });
  const publicKey = createPublicKey(createPrivateKey(secrets.privateKeyPem ?? ''));
  t.equal(exportPublicKey(publicKey).toString('base64'), record.keys[0]?.publicKey);
  t.equal(secrets.keyId, record.keys[0]?.keyId);
  t.equal(devices.authenticate('enmon-1', secrets.token ?? '')?.deviceId, 'enmon-1');
  for (const topic of ['device.registry', 'device.frames']) {
    const stored = Buffer.concat((await records(log, topic)).map(({ value }) => value));
    t.notOk(stored.includes(secrets.token ?? '?'), topic);
    t.notOk(stored.includes('PRIVATE'), topic);
  }
  await devices.close();
  await log.close();
});

t.test('a public key may be brought along, and a legacy device has neither key nor token', async (t) => {
  const log = await memoryLog();
  const devices = await open(log);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own = await devices.add({ ...ENMON, publicKey: exportPublicKey(publicKey) });
  t.equal(own.secrets.privateKeyPem, null);
  t.equal(own.record.keys[0]?.publicKey, exportPublicKey(publicKey).toString('base64'));
  const legacy = await devices.add({ ...ENMON, deviceId: 'old-1', credential: false });
  t.same(legacy.secrets, { token: null, privateKeyPem: null, keyId: null });
  t.same(legacy.record.keys, []);
  t.equal(devices.authenticate('old-1', ''), null);
  await devices.close();
  await log.close();
});

t.test('only the right token of an active device authenticates', async (t) => {
  const log = await memoryLog();
  const devices = await open(log);
  const { secrets } = await devices.add(ENMON);
  const other = await devices.add({ ...ENMON, deviceId: 'enmon-2' });
  const token = secrets.token ?? '';
  t.ok(devices.authenticate('enmon-1', Buffer.from(token)), 'also as bytes');
  const wrong = ['', 'x', `${token}x`, token.slice(1), token.toLowerCase(), other.secrets.token ?? '', 'a'.repeat(43)];
  for (const guess of [...wrong, 'x'.repeat(1_000_000)]) t.equal(devices.authenticate('enmon-1', guess), null);
  t.equal(devices.authenticate('nobody', token), null);
  await devices.revoke('enmon-1');
  t.equal(devices.authenticate('enmon-1', token), null);
  await devices.close();
  await log.close();
});

t.test(
  "each change stands in the registry and, as a control record, in the device's partition of frames",
  async (t) => {
    const log = await memoryLog();
    const devices = await open(log);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    await devices.addAll(ids.map((deviceId) => ({ ...ENMON, deviceId })));
    await devices.rotate('a');
    await devices.reset('b');
    await devices.revoke('c');
    const registry = await records(log, 'device.registry');
    const frames = await records(log, 'device.frames');
    t.equal(registry.length, 8);
    t.same(
      frames,
      registry.map((record) => ({ ...record, value: Buffer.concat([Buffer.of(KIND_CONTROL), record.value]) })),
      'the same records in the same places and order',
    );
    for (const { key, partition, value } of registry) {
      t.equal(partition, partitionForKey(Buffer.from(key), 0, key.length, 4));
      t.equal(decodeDeviceRecord(value).deviceId, key);
    }
    await devices.close();
    await log.close();
  },
);

t.test('a service that is opened later, and one that follows, know what the first one did', async (t) => {
  const log = await memoryLog();
  const first = await open(log);
  const follower = await open(log);
  const changed = new Promise<void>((resolve) => {
    follower.onChange((record) => record.state === 'revoked' && resolve());
  });
  const following = follower.follow();
  const { secrets } = await first.add(ENMON);
  await first.rotate('enmon-1');
  await first.revoke('enmon-1');
  await changed;
  t.same(await follower.page('', 10), await first.page('', 10));
  const later = await open(log);
  t.same(await later.page('', 10), await first.page('', 10));
  t.equal(later.get('enmon-1')?.revision, 3);
  t.equal(later.authenticate('enmon-1', secrets.token ?? ''), null);
  for (const service of [first, follower, later]) await service.close();
  await following;
  await log.close();
});

t.test('closing while it follows is no failure, whatever is on its way', async (t) => {
  const log = await memoryLog();
  const writer = await open(log);
  for (let i = 0; i < 20; i++) {
    const follower = await open(log);
    const following = follower.follow();
    const added = writer.add({ ...ENMON, deviceId: `d${i}` });
    for (let turns = 0; turns < i; turns++) await Promise.resolve();
    await follower.close();
    await t.resolves(following);
    await added;
  }
  await writer.close();
  await log.close();
});

t.test('rotation makes the new key active and retires the others, up to eight', async (t) => {
  const log = await memoryLog();
  const devices = await open(log);
  const { secrets } = await devices.add(ENMON);
  const rotated = await devices.rotate('enmon-1', { credential: true });
  t.equal(devices.authenticate('enmon-1', secrets.token ?? ''), null, 'the token was replaced, too');
  t.ok(devices.authenticate('enmon-1', rotated.secrets.token ?? ''));
  for (let i = 0; i < 9; i++) await devices.rotate('enmon-1');
  const keys = devices.get('enmon-1')?.keys ?? [];
  t.same(
    keys.map(({ state }) => state),
    ['active', ...Array(7).fill('retired')],
  );
  const spki = Buffer.from(keys[1]?.publicKey ?? '', 'base64');
  await t.rejects(devices.rotate('enmon-1', { publicKey: spki }), { code: 'DEVICE_INVALID', field: 'publicKey' });
  await devices.close();
  await log.close();
});

t.test('refusals name what is wrong and change nothing', async (t) => {
  const log = await memoryLog();
  const devices = await DeviceService.open({ log, clock: systemClock, devicesMax: 2 });
  await devices.add(ENMON);
  await t.rejects(devices.add(ENMON), { code: 'DEVICE_EXISTS' });
  await t.rejects(devices.add({ ...ENMON, deviceId: 'a b' }), { code: 'DEVICE_INVALID', field: 'deviceId' });
  await t.rejects(devices.add({ ...ENMON, deviceId: 'b', type: 'En Mon' }), { code: 'DEVICE_INVALID', field: 'type' });
  await t.rejects(devices.add({ ...ENMON, deviceId: 'b', timeZone: 'Mars/Base' }), {
    code: 'DEVICE_INVALID',
    field: 'timeZone',
  });
  await t.rejects(devices.addAll([{ ...ENMON, deviceId: 'b' }, ENMON]), { code: 'DEVICE_EXISTS' });
  await t.rejects(devices.addAll([1, 2].map((n) => ({ ...ENMON, deviceId: `x${n}` }))), { code: 'DEVICE_LIMIT' });
  await t.rejects(devices.revoke('no'), { code: 'DEVICE_UNKNOWN' });
  await t.rejects(devices.rotate('no'), { code: 'DEVICE_UNKNOWN' });
  await t.rejects(devices.reset('no'), { code: 'DEVICE_UNKNOWN' });
  await devices.revoke('enmon-1');
  await t.rejects(devices.rotate('enmon-1'), { code: 'DEVICE_REVOKED' });
  await t.rejects(devices.reset('enmon-1'), { code: 'DEVICE_REVOKED' });
  await t.rejects(devices.add(ENMON), { code: 'DEVICE_EXISTS' }, 'an id is not used again');
  t.equal((await records(log, 'device.frames')).length, 2);
  await devices.close();
  await t.rejects(devices.add(ENMON), { code: 'CLOSED' });
  await log.close();
});

t.test('a burst of enrolments takes few transactions, and each is refused by itself', async (t) => {
  const log = await memoryLog();
  const devices = await DeviceService.open({ log, clock: systemClock, devicesMax: 1_000 });
  let commits = 0;
  const commit = log.commit.bind(log);
  log.commit = (transaction) => {
    commits++;
    return commit(transaction);
  };
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const add = (deviceId: string) => devices.add({ ...ENMON, deviceId, publicKey: exportPublicKey(publicKey) });
  const ids = Array.from({ length: 999 }, (_, i) => `d${i}`);
  const outcomes = await Promise.allSettled([...ids, 'd7', 'a b', 'last', 'one-too-many'].map(add));
  t.ok(commits <= 4, `${commits} transactions`);
  for (const [i, id] of ids.entries()) {
    const outcome = outcomes[i]!;
    if (outcome.status === 'rejected') throw outcome.reason;
    t.equal(outcome.value.record.deviceId, id);
  }
  t.same(
    outcomes.slice(ids.length).map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'enrolled')),
    ['DEVICE_EXISTS', 'DEVICE_INVALID', 'enrolled', 'DEVICE_LIMIT'],
  );
  t.equal((await records(log, 'device.registry')).length, 1_000);
  const late = add('late');
  const closed = devices.close();
  await t.rejects(late, { code: 'CLOSED' }, 'nobody waits for ever');
  await closed;
  await log.close();
});

t.test('two services that change devices at once lose nothing and contradict nobody', async (t) => {
  const actions = fc.array(fc.tuple(fc.nat(1), fc.constantFrom('add', 'reset', 'rotate'), fc.nat(2)), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(actions, async (list) => {
      const log = await memoryLog();
      const services = [await open(log), await open(log)] as const;
      const outcomes = await Promise.allSettled(
        list.map(([who, action, id]) => {
          const service = services[who] as DeviceService;
          const deviceId = `d${id}`;
          return action === 'add' ? service.add({ ...ENMON, deviceId }) : service[action as 'reset'](deviceId);
        }),
      );
      const done = outcomes.filter(({ status }) => status === 'fulfilled').length;
      const stored = await records(log, 'device.frames');
      t.equal(stored.length, done, 'each success is stored once, each failure not at all');
      const revisions = new Map<string, number>();
      for (const { value } of stored) {
        const record = decodeDeviceRecord(value, 1);
        t.equal(record.revision, (revisions.get(record.deviceId) ?? 0) + 1, 'no change was built on an old record');
        revisions.set(record.deviceId, record.revision);
      }
      for (const service of services) await service.close();
      await log.close();
    }),
    { numRuns: 25 },
  );
});

t.test('republishing writes the present record of every device again', async (t) => {
  const log = await memoryLog();
  const devices = await open(log);
  await devices.addAll(['a', 'b'].map((deviceId) => ({ ...ENMON, deviceId })));
  await devices.republish();
  const last = new Map(
    (await records(log, 'device.frames')).map(({ key, value }) => [key, decodeDeviceRecord(value, 1)]),
  );
  t.same(
    [...last.values()].map(({ revision }) => revision),
    [2, 2],
  );
  await devices.close();
  await log.close();
});

t.test('both topics must exist and have as many partitions', async (t) => {
  const log = await memoryLog();
  await log.createTopics([{ name: 'other', partitions: 1, cleanup: 'delete' }]);
  const described = await log.describe();
  const wrong = (topics: typeof described): Log => Object.assign(Object.create(log), { describe: async () => topics });
  await t.rejects(open(wrong([])), { code: 'TOPIC_UNKNOWN' });
  const uneven = described.map((topic) => (topic.name === 'device.frames' ? { ...topic, partitions: 3 } : topic));
  await t.rejects(open(wrong(uneven)), { code: 'TOPIC_CONFLICT' });
  await log.close();
});
