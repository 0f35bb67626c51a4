/** What the judge is told of places: all at the start, then each that changes, and again after a log that refused. */
import t from 'tap';
import { BatchCursor, type Log, MsecError, systemClock } from '../../../engine/index.ts';
import { type DeviceRecord, decodeDeviceRecord } from '../../../schemas/device/index.ts';
import { TRUST_DEVICES } from '../../../schemas/topics/index.ts';
import { PlaceAnnouncer } from '../../../services/device-places/index.ts';
import { memoryLog } from '../memory-log.ts';

function deviceOf(deviceId: string, latitude: number | null, state: DeviceRecord['state'] = 'active'): DeviceRecord {
  return {
    ...{ version: 1, deviceId, revision: 1, type: 'enmon', state, keys: [], identity: '867723030040330' },
    ...{ timeZone: 'UTC', credentialHash: null, tagKey: '0011223344556677', resetCount: 0, createdAtMs: 0 },
    ...(latitude === null ? {} : { place: { latitude, longitude: 1 } }),
  };
}

async function told(log: Log): Promise<string[]> {
  const reader = log.openReader();
  const found: string[] = [];
  const cursor = new BatchCursor();
  for (let partition = 0; partition < 2; partition++) {
    const { start, end } = await reader.bounds(TRUST_DEVICES, partition);
    for (let offset = start; offset < end; offset = cursor.offsetNext) {
      const fetched = await reader.fetch(TRUST_DEVICES, partition, offset, 1 << 20);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        const { deviceId, place, state } = decodeDeviceRecord(cursor.bytes, cursor.valueStart, cursor.valueEnd);
        found.push(`${deviceId} ${place?.latitude ?? 'nowhere'} ${state}`);
      }
    }
  }
  await reader.close();
  return found.sort();
}

function registry(records: readonly DeviceRecord[]) {
  let handle: (record: DeviceRecord) => void = () => undefined;
  return {
    page: (after: string, limit: number) =>
      Promise.resolve(records.filter(({ deviceId }) => deviceId > after).slice(0, limit)),
    onChange(listener: (record: DeviceRecord) => void) {
      handle = listener;
      return () => {
        handle = () => undefined;
      };
    },
    change: (record: DeviceRecord) => handle(record),
  };
}

t.test('at the start all that stand somewhere are told, then each that changes', async (t) => {
  const log = await memoryLog(2);
  await log.createTopics([{ name: TRUST_DEVICES, partitions: 2, cleanup: 'delete' }]);
  const many = Array.from({ length: 2_500 }, (_, i) =>
    deviceOf(`d-${String(i).padStart(4, '0')}`, i % 500 === 0 ? i / 100 : null),
  );
  const devices = registry([...many, deviceOf('e-1', 9, 'revoked')]);
  const onFailure = (error: string) => t.fail(error);
  const announcer = new PlaceAnnouncer({ log, clock: systemClock, devices, partitions: 2, onFailure });
  t.equal(await announcer.start(), 5);
  t.same(await told(log), [
    'd-0000 0 active',
    'd-0500 5 active',
    'd-1000 10 active',
    'd-1500 15 active',
    'd-2000 20 active',
  ]);
  devices.change(deviceOf('d-0001', 7));
  devices.change(deviceOf('d-0000', null));
  await announcer.close();
  devices.change(deviceOf('d-0002', 8));
  const after = await told(log);
  t.ok(after.includes('d-0001 7 active') && after.includes('d-0000 nowhere active'));
  t.equal(after.length, 7, 'and nothing after its end');
  await log.close();
});

t.test('what a log refused is told with the next change', async (t) => {
  const log = await memoryLog(2);
  await log.createTopics([{ name: TRUST_DEVICES, partitions: 2, cleanup: 'delete' }]);
  let isFull = false;
  const refusing: Log = {
    createTopics: (topics) => log.createTopics(topics),
    describe: (topics) => log.describe(topics),
    acquire: (owner) => log.acquire(owner),
    openReader: () => log.openReader(),
    close: () => log.close(),
    commit: (transaction) =>
      isFull ? Promise.reject(new MsecError('QUOTA_EXCEEDED', 'there is no room')) : log.commit(transaction),
  };
  const devices = registry([]);
  const failures: string[] = [];
  const onFailure = (error: string) => void failures.push(error);
  const announcer = new PlaceAnnouncer({ log: refusing, clock: systemClock, devices, partitions: 2, onFailure });
  await announcer.start();
  isFull = true;
  devices.change(deviceOf('d-1', 1));
  while (failures.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  isFull = false;
  devices.change(deviceOf('d-2', 2));
  await announcer.close();
  t.same(await told(log), ['d-1 1 active', 'd-2 2 active']);
  t.same(failures, ['there is no room']);
  await log.close();
});
