// A filled log, and what of it is held back until it is moved.
import t from 'tap';
import { fillLog } from '../../../bench/load/fill.ts';
import { Fleet } from '../../../bench/load/fleet.ts';
import { readHeld } from '../../../bench/load/held-frames.ts';
import { BatchCursor, type LogReader } from '../../../engine/index.ts';
import { memoryLog } from '../../services/memory-log.ts';

const PARTITIONS = 4;
const FRAMES = 3_000;
const HELD = 1_000;
const FLEET = { devices: 40, seed: 1, framesPerSecond: 100, startMs: 1_700_000_000_000, exponent: 0 };
const decoder = new TextDecoder();

/** Offset, key and time of each record. */
async function records(reader: LogReader, partition: number): Promise<string[]> {
  const { end } = await reader.bounds('device.frames', partition);
  const cursor = new BatchCursor();
  const found: string[] = [];
  for (let offset = 0; offset < end; offset = cursor.offsetNext) {
    const { bytes, start, end } = await reader.fetch('device.frames', partition, offset, 1024 * 1024);
    cursor.reset(bytes, start, end);
    cursor.seek(offset);
    while (cursor.next()) {
      const key = decoder.decode(bytes.subarray(cursor.keyStart, cursor.keyEnd));
      found.push(`${cursor.offset} ${key} ${cursor.timestamp}`);
    }
  }
  return found;
}

t.test('what is held back and then moved lies where it would have been', async (t) => {
  const filled = async (heldBack: number) => {
    const log = await memoryLog(PARTITIONS);
    t.teardown(() => log.close());
    const fill = { partitions: PARTITIONS, frames: FRAMES, isSigned: false, heldBack, onFrame: () => {} };
    const ends = await fillLog(log, new Fleet(FLEET), fill);
    return { log, ends, reader: log.openReader() };
  };
  const [whole, held] = [await filled(0), await filled(HELD)];
  t.same(held.ends, whole.ends, 'all of it counts');
  // One after another: a reader uses its memory again.
  let late = 0;
  for (const [partition, end] of held.ends.entries()) late += end - (await records(held.reader, partition)).length;
  t.equal(late, HELD + PARTITIONS, 'and what closes the windows');

  for (const appends of await readHeld(held.reader, PARTITIONS)) await held.log.commit({ appends });
  for (const partition of held.ends.keys()) {
    // What enrolled the devices carries the present time.
    const isFrame = (text: string) => Number(text.split(' ')[2]) < FLEET.startMs + FRAMES * 1000;
    const [moved, expected] = [await records(held.reader, partition), await records(whole.reader, partition)];
    t.same(moved.filter(isFrame), expected.filter(isFrame));
    t.equal(moved.length, expected.length);
  }
});

t.test('a fleet that is even over partitions has as many devices in each', async (t) => {
  const log = await memoryLog(PARTITIONS);
  t.teardown(() => log.close());
  const even = new Fleet({ ...FLEET, evenOver: PARTITIONS });
  t.equal(new Set(even.ids).size, FLEET.devices);
  const onFrame = () => {};
  await fillLog(log, even, { partitions: PARTITIONS, frames: FRAMES, isSigned: false, onFrame });
  const reader = log.openReader();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const keys = (await records(reader, partition)).map((text) => text.split(' ')[1]!);
    t.equal(new Set(keys.filter((key) => key.startsWith('enmon-'))).size, FLEET.devices / PARTITIONS);
  }
});
