/** Reads the records of some keys out of a partition, in their order: what a device's history in the log is walked with. */
import { BatchCursor, type Clock, type LogReader, MsecError, pause } from '../../engine/index.ts';

const FETCH_BYTES = 1024 * 1024;

export interface KeyRecord {
  readonly offset: number;
  readonly timestamp: number;
  /** In Latin 1, as ids of devices are. */
  readonly key: string;
  /** Valid for the call. */
  readonly value: Uint8Array;
}

export interface WalkedPlace {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly end?: number;
  /** Of a long walk: between two fetches others get a turn. */
  readonly clock?: Clock;
}

/**
 * From an offset on, up to `end` or the partition's end, until `take` says false; records without key or value are left
 * out. Returns the next offset to be read.
 */
export async function eachRecord(
  reader: LogReader,
  place: WalkedPlace,
  take: (record: KeyRecord) => boolean | Promise<boolean>,
): Promise<number> {
  const { topic, partition, clock } = place;
  const cursor = new BatchCursor();
  const bounds = await reader.bounds(topic, partition);
  const end = Math.min(bounds.end, place.end ?? bounds.end);
  let offset = Math.max(place.from, bounds.start);
  while (offset < end) {
    try {
      const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
    } catch (error) {
      // Retention has passed it by meanwhile.
      if (!(error instanceof MsecError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error;
      const { start } = await reader.bounds(topic, partition);
      if (start <= offset) throw error;
      offset = start;
      continue;
    }
    cursor.seek(offset);
    while (cursor.next()) {
      if (cursor.offset >= end) return end;
      const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp } = cursor;
      if (keyStart < 0 || valueStart < 0) continue;
      const key = Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString('latin1');
      const value = bytes.subarray(valueStart, valueEnd);
      const isWanted = take({ offset: cursor.offset, timestamp, key, value });
      if (isWanted === false) return cursor.offset + 1;
      if (isWanted !== true && !(await isWanted)) return cursor.offset + 1;
    }
    offset = Math.max(offset + 1, cursor.offsetNext);
    if (clock !== undefined && offset < end) await pause(clock, 0);
  }
  return offset;
}
