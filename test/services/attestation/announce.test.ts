import t from 'tap';
import { BatchCursor, BatchEncoder, systemClock } from '../../../engine/index.ts';
import { ATTEST_EVIDENCE, DEVICE_ATTESTATION } from '../../../schemas/topics/index.ts';
import { announceDevices } from '../../../services/attestation/index.ts';
import { DeviceService } from '../../../services/devices/index.ts';
import { memoryLog } from '../memory-log.ts';

t.test('devices are announced page by page, each once, and not those that attestation knows', async (t) => {
  const log = await memoryLog(1);
  const devices = await DeviceService.open({ log, clock: systemClock });
  const ids = Array.from({ length: 2_000 }, (_, i) => `d${String(i).padStart(4, '0')}`);
  await devices.addAll(ids.map((deviceId) => ({ deviceId, type: 'enmon', identity: '1', credential: false })));
  // From now on devices are attested; these were enrolled before.
  await log.createTopics([
    { name: ATTEST_EVIDENCE, partitions: 1, cleanup: 'delete' },
    { name: DEVICE_ATTESTATION, partitions: 1, cleanup: 'compact' },
  ]);
  const encoder = new BatchEncoder();
  for (const known of ['d0007', 'd1999']) encoder.append(0, Buffer.from(known), 0, 5, new Uint8Array(1), 0, 1);
  await log.commit({
    appends: [{ topic: DEVICE_ATTESTATION, partition: 0, bytes: encoder.finish() }],
    admission: 'internal',
  });
  t.equal(await announceDevices(log, systemClock, devices), 1_998);
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const announced: string[] = [];
  const { end } = await reader.bounds(ATTEST_EVIDENCE, 0);
  for (let offset = 0; offset < end; offset = cursor.offsetNext) {
    const fetched = await reader.fetch(ATTEST_EVIDENCE, 0, offset, 1 << 20);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) announced.push(Buffer.from(cursor.bytes.slice(cursor.keyStart, cursor.keyEnd)).toString());
  }
  t.same(
    announced,
    ids.filter((id) => id !== 'd0007' && id !== 'd1999'),
  );
  await reader.close();
  await devices.close();
  await log.close();
});
