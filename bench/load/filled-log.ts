/** A filled log on disk and what must come out of it; each run consumes a copy, so that every run begins alike. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BatchCursor, openEmbeddedLog, openEmbeddedLogReadOnly } from '../../engine/index.ts';
import { DEVICE_FRAMES, DEVICE_READINGS } from '../../schemas/topics/index.ts';
import { checkWindows } from './check-windows.ts';
import { fillLog } from './fill.ts';
import { Fleet, type FleetOptions } from './fleet.ts';
import { WindowSums } from './window-sums.ts';

export const PARTITIONS = 8;
const MINUTE_MS = 60_000;
const FETCH_BYTES = 1024 * 1024;

export interface FilledLog {
  readonly folder: string;
  readonly frames: number;
  readonly ends: readonly number[];
  readonly ids: readonly string[];
  readonly sums: WindowSums;
}

/** Device records carry the present time, and event time never goes back: the fleet's begins at the next minute. */
export function soon(): number {
  return Math.ceil(Date.now() / MINUTE_MS + 1) * MINUTE_MS;
}

export async function filledLog(
  folder: string,
  options: Omit<FleetOptions, 'startMs'>,
  frames: number,
  isSigned: boolean,
  heldBack = 0,
): Promise<FilledLog> {
  const fleet = new Fleet({ ...options, startMs: soon() });
  const sums = new WindowSums(fleet);
  const log = await openEmbeddedLog(folder);
  const fill = { partitions: PARTITIONS, frames, isSigned, heldBack, onFrame: (sent: Fleet) => sums.add(sent) };
  const ends = await fillLog(log, fleet, fill);
  await log.close();
  return { folder, frames, ends, ids: fleet.ids, sums };
}

/** `use` gets the folder of a copy, which is gone afterwards. */
export async function withCopy<T>({ folder }: FilledLog, use: (copy: string) => Promise<T>): Promise<T> {
  const copy = join(folder, '..', 'copy');
  cpSync(folder, copy, { recursive: true });
  try {
    return await use(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Throws where the output differs from the plain computation; gives the number of windows. */
export async function checkOutput(folder: string, filled: FilledLog, hasReadings: boolean): Promise<number> {
  const log = await openEmbeddedLogReadOnly(folder);
  const reader = log.openReader();
  try {
    const windows = await checkWindows(reader, PARTITIONS, filled.ids, filled.sums);
    for (const { name, bounds } of await log.describe()) {
      const records = bounds.reduce((sum, { start, end }) => sum + end - start, 0);
      if (name.endsWith('.dlq') && records > 0) throw new Error(`${records} dead letters in ${name}`);
      if (name === DEVICE_READINGS && hasReadings && records !== filled.frames)
        throw new Error(`${records} readings of ${filled.frames} frames`);
    }
    return windows;
  } finally {
    await reader.close();
    await log.close();
  }
}

/** Reference: the same batches, fetched and walked in one thread, every sum checked, nothing done. Frames a second. */
export async function walkRate(folder: string): Promise<number> {
  const log = await openEmbeddedLogReadOnly(folder);
  const reader = log.openReader();
  const cursor = new BatchCursor();
  let records = 0;
  const startedAt = performance.now();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const { start, end } = await reader.bounds(DEVICE_FRAMES, partition);
    for (let offset = start; offset < end; offset = cursor.offsetNext) {
      const fetched = await reader.fetch(DEVICE_FRAMES, partition, offset, FETCH_BYTES);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) records++;
    }
  }
  const rate = (records * 1000) / (performance.now() - startedAt);
  await reader.close();
  await log.close();
  return rate;
}
