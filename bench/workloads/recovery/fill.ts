/** One frame of each device, taken in by a side, so that it has a row for each. */
import { setTimeout as pause } from 'node:timers/promises';
import { BatchEncoder, type Log, partitionForKey } from '../../../engine/index.ts';
import { Fleet } from '../../load/fleet.ts';
import { framePayload } from '../kafka-windows/frames.ts';
import type { RecoverySide } from './sides.ts';

const APPEND_BYTES = 512 * 1024;
const SAMPLE_MS = 100;
const FILL_MS_MAX = 300_000;
const AT_MEASURES = 23;
/** Within the limits of each quantity. */
const MEASURES = [3000, 40, 200, 500] as const;

export async function fillDevices(log: Log, side: RecoverySide, devices: number, partitions: number): Promise<void> {
  await log.createTopics([side.input, side.output].map((name) => ({ name, partitions, cleanup: 'delete' })));
  const { ids, imeis } = new Fleet({ devices, seed: 1, framesPerSecond: 1000, startMs: 0, exponent: 0 });
  const encoders = Array.from({ length: partitions }, () => new BatchEncoder());
  const flush = (partition: number) =>
    log.commit({ appends: [{ topic: side.input, partition, bytes: encoders[partition]!.finish() }] });
  for (const [i, id] of ids.entries()) {
    const key = new TextEncoder().encode(id);
    const payload = framePayload(imeis[i]!);
    const view = new DataView(payload.buffer);
    for (const [j, measure] of MEASURES.entries()) view.setInt16(AT_MEASURES + 2 * j, measure);
    const partition = partitionForKey(key, 0, key.length, partitions);
    encoders[partition]!.append(Date.now(), key, 0, key.length, payload, 0, payload.length);
    if (encoders[partition]!.byteLength > APPEND_BYTES) await flush(partition);
  }
  for (const [partition, { count }] of encoders.entries()) if (count > 0) await flush(partition);
  const process = await side.start();
  await untilCommitted(log, side, partitions);
  await process.end();
}

async function untilCommitted(log: Log, { input, group }: RecoverySide, partitions: number): Promise<void> {
  const reader = log.openReader();
  const ends = await Promise.all(Array.from({ length: partitions }, (_, i) => reader.bounds(input, i)));
  const deadline = performance.now() + FILL_MS_MAX;
  for (;;) {
    const committed = await reader.committed(group, input);
    if (ends.every(({ end }, partition) => (committed[partition] ?? 0) >= end)) break;
    if (performance.now() > deadline)
      throw new Error(`${group} committed ${committed}, of ${ends.map(({ end }) => end)}`);
    await pause(SAMPLE_MS);
  }
  await reader.close();
}
