/**
 * Tells the attestation of devices that it has never heard of: those that were enrolled before devices were attested.
 * What it knows already stands in device.attestation; being told twice changes nothing.
 */
import { type Append, BatchCursor, BatchEncoder, type Clock, type Log, partitionForKey } from '../../engine/index.ts';
import { type DeviceRecord, encodeDeviceRecord } from '../../schemas/device/index.ts';
import { ATTEST_EVIDENCE, DEVICE_ATTESTATION, encodeEvidenceRecord, KIND_DEVICE } from '../../schemas/topics/index.ts';

const FETCH_BYTES = 1024 * 1024;
const AT_ONCE = 1_000;

/** The registry, page by page. */
interface Devices {
  page(after: string, limit: number): Promise<readonly DeviceRecord[]>;
}

/** Returns how many. */
export async function announceDevices(log: Log, clock: Clock, devices: Devices): Promise<number> {
  const known = await attestedDevices(log);
  const [topic] = await log.describe([ATTEST_EVIDENCE]);
  if (topic === undefined) return 0;
  let announced = 0;
  for (let after = ''; ; ) {
    const page = await devices.page(after, AT_ONCE);
    const unknown = page.filter(({ deviceId }) => !known.has(deviceId));
    const byPartition = Map.groupBy(unknown, ({ deviceId }) => {
      return partitionForKey(Buffer.from(deviceId), 0, deviceId.length, topic.partitions);
    });
    const appends = [...byPartition].map(([partition, records]): Append => {
      const encoder = new BatchEncoder();
      for (const record of records) {
        const key = Buffer.from(record.deviceId);
        const value = encodeEvidenceRecord(KIND_DEVICE, encodeDeviceRecord(record));
        encoder.append(clock.now(), key, 0, key.length, value, 0, value.length);
      }
      return { topic: ATTEST_EVIDENCE, partition, bytes: encoder.finish() };
    });
    if (appends.length > 0) await log.commit({ appends, admission: 'internal' });
    announced += unknown.length;
    if (page.length < AT_ONCE) return announced;
    after = page.at(-1)!.deviceId;
  }
}

async function attestedDevices(log: Log): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  const [topic] = await log.describe([DEVICE_ATTESTATION]);
  const reader = log.openReader();
  const cursor = new BatchCursor();
  try {
    for (const [partition, { start, end }] of topic?.bounds.entries() ?? []) {
      for (let offset = start; offset < end; offset = Math.max(offset + 1, cursor.offsetNext)) {
        const fetched = await reader.fetch(DEVICE_ATTESTATION, partition, offset, FETCH_BYTES);
        cursor.reset(fetched.bytes, fetched.start, fetched.end);
        cursor.seek(offset);
        while (cursor.next())
          if (cursor.keyStart >= 0)
            known.add(Buffer.from(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd)).toString('latin1'));
      }
    }
  } finally {
    await reader.close();
  }
  return known;
}
