import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { BatchCursor } from '../../../engine/batch/index.ts';
import { TaskOutputs } from '../../../engine/runtime/outputs.ts';

const LANES = ['left', 'right', 'third'];

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('append', 'write'), lane: fc.nat({ max: LANES.length - 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin'), lane: fc.nat({ max: LANES.length - 1 }) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'savepoint' }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rollback'), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle' }) },
);

t.test('what was appended since a savepoint is gone after its rollback, and nothing else', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const outputs = new TaskOutputs();
      const lanes = LANES.map((name) => outputs.lane(name, 0));
      let written: [string, number][] = [];
      /** Open savepoints, and what was written when they were made. */
      let marks: { mark: number; written: [string, number][] }[] = [];
      for (const [i, one] of steps.entries()) {
        if ('lane' in one) {
          const lane = lanes[one.lane]!;
          const value = Uint8Array.of(i);
          if (one.kind === 'append') outputs.append(lane, 1000, value, 0, 1, value, 0, 1);
          else outputs.begin(lane, 1000, value, 0, 1).u8(i);
          // What was begun and is not ended is nowhere.
          if (one.kind === 'begin') continue;
          if (one.kind === 'write') outputs.end(lane, 1);
          written.push([lane.topic, i]);
        } else if ('to' in one) {
          if (marks.length === 0) continue;
          marks = marks.slice(0, (one.to % marks.length) + 1);
          const { mark, written: then } = marks.at(-1)!;
          outputs.rollback(mark);
          written = then.slice();
        } else if (one.kind === 'savepoint') marks.push({ mark: outputs.mark, written: written.slice() });
        else {
          outputs.settle();
          marks = [];
        }
      }
      const read: [string, number][] = [];
      for (const { topic, bytes } of outputs.take()) {
        const cursor = new BatchCursor();
        cursor.reset(bytes);
        while (cursor.next()) read.push([topic, bytes[cursor.valueStart]!]);
      }
      const byTopic = LANES.flatMap((name) => written.filter(([topic]) => topic === name));
      if (!isDeepStrictEqual(read, byTopic)) throw new Error(`${JSON.stringify(read)}, not ${JSON.stringify(byTopic)}`);
    }),
    { numRuns: 500 },
  );
});
