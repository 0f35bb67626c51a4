/** Compares every window that was told with what its key's frames add up to, each number of it. */
import { BatchCursor, type LogReader } from '../../../engine/index.ts';
import {
  CLOSING_KEY,
  deviceOf,
  type EvenFrames,
  measured,
  passesIn,
  QUANTITIES,
  WINDOW_MS,
  windowsOf,
} from './even-frames.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const decoder = new TextDecoder();

/** Throws at the first difference; gives the number of windows, which is all that must be told, each once. */
export async function checkTold(reader: LogReader, topic: string, frames: EvenFrames): Promise<number> {
  const { keys, partitions, startMs } = frames;
  const windows = windowsOf(frames);
  const seen = new Uint8Array(keys * windows);
  const cursor = new BatchCursor();
  let told = 0;
  for (let partition = 0; partition < partitions; partition++) {
    let { start: offset, end } = await reader.bounds(topic, partition);
    while (offset < end) {
      const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        const { bytes, valueStart, valueEnd } = cursor;
        const key = decoder.decode(bytes.subarray(cursor.keyStart, cursor.keyEnd));
        if (key === CLOSING_KEY) continue;
        const view = new DataView(bytes.buffer, bytes.byteOffset + valueStart, valueEnd - valueStart);
        const device = deviceOf(key);
        const window = (Number(view.getBigInt64(0)) - startMs) / WINDOW_MS;
        const place = device * windows + window;
        if (seen[place] !== 0) throw new Error(`${topic}: window ${window} of ${key} is told twice or not expected`);
        seen[place] = 1;
        told++;
        compare(view, device, passesIn(frames, window), `${topic}: window ${window} of ${key}`);
      }
      if (cursor.offsetNext <= offset) break;
      offset = cursor.offsetNext;
    }
  }
  if (told !== seen.length) throw new Error(`${topic}: ${told} windows were told of ${seen.length}`);
  return told;
}

function compare(view: DataView, device: number, [from, to]: readonly [number, number], what: string): void {
  const expected = [to - from];
  for (let quantity = 0; quantity < QUANTITIES; quantity++) {
    let [sum, squares, least, greatest] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let pass = from; pass < to; pass++) {
      const value = measured(device, pass, quantity);
      sum += value;
      squares += value * value;
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
    expected.push(sum, least, greatest, squares);
  }
  for (const [i, number] of expected.entries()) {
    const value = Number(view.getBigInt64(8 + 8 * i));
    if (value !== number) throw new Error(`${what}, number ${i} is ${value}, not ${number}`);
  }
}
