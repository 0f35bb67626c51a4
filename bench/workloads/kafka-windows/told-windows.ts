/** Reads the windows that a side has committed, and compares them with the plain sums, every number of every window. */
import { BatchCursor, type Log } from '../../../engine/index.ts';
import { CLOSING_DEVICE, type FilledTopic, PARTITIONS } from './frames.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const decoder = new TextDecoder();

/** Throws at the first difference; gives how many windows are equal, which is all that were expected, each once. */
export async function checkTold(log: Log, topic: string, { expected }: FilledTopic): Promise<number> {
  const seen = new Set<string>();
  const cursor = new BatchCursor();
  const reader = log.openReader();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    let { start: offset, end } = await reader.bounds(topic, partition);
    while (offset < end) {
      const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        const device = decoder.decode(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd));
        // Of the frames that closed the windows of an earlier run.
        if (device.startsWith(CLOSING_DEVICE)) continue;
        const { bytes, valueStart, valueEnd } = cursor;
        const view = new DataView(bytes.buffer, bytes.byteOffset + valueStart, valueEnd - valueStart);
        const window = `${device} ${view.getBigInt64(0)}`;
        if (seen.has(window)) throw new Error(`${topic}: window ${window} was told twice`);
        seen.add(window);
        const numbers = expected.get(window);
        if (numbers === undefined) throw new Error(`${topic}: window ${window} was not expected`);
        if (view.byteLength !== 8 * (1 + numbers.length)) throw new Error(`${topic}: ${view.byteLength} bytes`);
        for (const [i, number] of numbers.entries()) {
          const told = view.getBigInt64(8 + 8 * i);
          if (told !== number) throw new Error(`${topic}: window ${window}, number ${i} is ${told}, not ${number}`);
        }
      }
      offset = cursor.offsetNext;
    }
  }
  await reader.close();
  if (seen.size !== expected.size) throw new Error(`${topic}: ${seen.size} windows were told of ${expected.size}`);
  return seen.size;
}
