/** What a filled log holds back, as it is appended later: some batches of each partition at a time. */
import { type Append, BatchCursor, type LogReader } from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { HELD_FRAMES } from './fill.ts';

const FETCH_BYTES = 256 * 1024;

/** The appends of one transaction after another. */
export async function readHeld(reader: LogReader, partitions: number): Promise<Append[][]> {
  const transactions: Append[][] = [];
  const cursor = new BatchCursor();
  for (let partition = 0; partition < partitions; partition++) {
    let { start: offset, end } = await reader.bounds(HELD_FRAMES, partition);
    for (let i = 0; offset < end; i++) {
      const fetched = await reader.fetch(HELD_FRAMES, partition, offset, FETCH_BYTES);
      // A copy: the reader uses its memory again.
      const bytes = new Uint8Array(fetched.bytes.subarray(fetched.start, fetched.end));
      cursor.reset(bytes, 0, bytes.length);
      while (cursor.next());
      offset = cursor.offsetNext;
      transactions[i] ??= [];
      transactions[i].push({ topic: DEVICE_FRAMES, partition, bytes });
    }
  }
  return transactions;
}
