import t from 'tap';
import { cycleOf, PacedFrames, pacedFleet } from '../../../bench/load/paced/paced-frames.ts';
import { BatchCursor, validateBatches } from '../../../engine/index.ts';
import { EnMonReading, enmon } from '../../../schemas/generated/enmon.ts';
import { FrameContext } from '../../../schemas/index.ts';

const FLEET = { devices: 50, exponent: 1, partitions: 4 };
const PACE = { framesPerSecond: 2_000_000, tickMs: 5 };

t.test(
  'each frame of a stretch carries its place in the schedule and its own measures, also in a later cycle',
  async (t) => {
    const paced = new PacedFrames(FLEET, PACE);
    const { frames, perTick } = cycleOf(PACE);
    const fleet = pacedFleet(FLEET);
    const expected: number[][] = [];
    for (let i = 0; i < perTick; i++) {
      fleet.next();
      expected.push([...fleet.wire]);
    }
    const first = 1000;
    for (const cycle of [0, 3]) {
      const seen = new Map<number, number[]>();
      const n = cycle * (frames / perTick);
      for (const { bytes } of paced.tick(n, first, 1_700_000_000_000)) {
        validateBatches(bytes, { batchBytesMax: bytes.length });
        const cursor = new BatchCursor();
        cursor.reset(bytes, 0, bytes.length);
        const reading = new EnMonReading();
        while (cursor.next()) {
          enmon.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd, reading, new FrameContext(() => 0));
          const { batteryVoltage, sonometer, temperature, humidity } = reading;
          seen.set(reading.nSend, [batteryVoltage, sonometer, temperature, humidity]);
          if (cursor.timestamp !== 1_700_000_000_000) t.fail(`timestamp ${cursor.timestamp}`);
        }
      }
      t.equal(seen.size, perTick);
      const start = first + cycle * frames;
      t.ok(
        expected.every((measures, i) => String(seen.get(start + i)) === String(measures)),
        `cycle ${cycle}`,
      );
    }
  },
);

t.test('a pace that fills no whole stretch is refused', async (t) => {
  t.throws(() => cycleOf({ framesPerSecond: 1001, tickMs: 5 }));
});
