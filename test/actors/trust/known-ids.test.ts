import fc from 'fast-check';
import t from 'tap';
import { CHUNK_BYTES, KnownIds } from '../../../actors/trust/known-ids.ts';
import { seededRandom } from '../../../engine/base/index.ts';
import { KeyTable } from '../../../engine/batch/index.ts';
import { RowStore } from '../../../engine/state/index.ts';

const HORIZON = 1_000;

function opened(idsMax = 1_000_000) {
  const keys = new KeyTable(seededRandom(1));
  const keyId = keys.intern(new Uint8Array([1]), 0, 1);
  const rows = new RowStore(keys, CHUNK_BYTES);
  const options = { horizonMs: HORIZON, idsMax };
  const known = new KnownIds(rows, options);
  return {
    rows,
    known,
    reopened: () => new KnownIds(rows, options),
    add: (pair: number, id: number, time: number, watermark = time, last = -1, receivedMs = time) =>
      known.add(keyId, pair, last, id * 7, id, { time, satisfaction: id, weight: 1 }, receivedMs, watermark),
  };
}

t.test('what was added is found by its pair and id, also after the rows were read again', (t) => {
  const { known, add, reopened } = opened();
  const numbers = new Map<string, number>();
  for (let id = 0; id < 5_000; id++) for (const pair of [3, 4]) numbers.set(`${pair} ${id}`, add(pair, id, 100));
  for (const ids of [known, reopened()])
    for (let id = 0; id < 5_100; id++)
      for (const pair of [3, 4, 5])
        if (ids.find(pair, id * 7, id, 100) !== (numbers.get(`${pair} ${id}`) ?? -1)) t.fail(`${pair} ${id}`);
  t.equal(known.size, 10_000);
  t.end();
});

t.test('what has passed the horizon is forgotten, its memory with it', (t) => {
  const { known, add, rows } = opened();
  for (let time = 0; time < 100_000; time++) add(1, time, time);
  t.equal(known.find(1, 98_999 * 7, 98_999, 100_000), -1);
  t.ok(known.find(1, 99_000 * 7, 99_000, 100_000) >= 0);
  t.ok(known.size < HORIZON + 3 * 64, `${known.size} are known`);
  t.ok(rows.size < 20);
  t.end();
});

t.test('more than may be known make the horizon shorter, and no clock that is ahead says by how much', (t) => {
  const { known, add } = opened(1_000);
  add(1, 0, 1e9, 0, -1, 500);
  for (let id = 1; id < 3_000; id++) add(1, id, 500 + Math.floor(id / 10), 0);
  t.ok(known.size <= 1_000);
  t.equal(known.find(1, 7, 1, 0), -1);
  t.ok(known.isForgotten(600, 0));
  t.notOk(known.isForgotten(790, 0));
  t.ok(known.find(1, 2_999 * 7, 2_999, 0) >= 0);
  t.end();
});

t.test('after a rollback and a restart it is as the rows are', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ id: fc.nat(60), gap: fc.nat(40), undo: fc.nat(6) }), { maxLength: 400 }),
      (steps) => {
        const { rows, known, add, reopened } = opened(256);
        let time = 0;
        const last = new Map<number, number>();
        for (const { id, gap, undo } of steps) {
          time += gap;
          const isUndone = undo === 0;
          const marks = [rows.slotsMark, rows.blocksMark] as const;
          const number = add(id % 5, id, time, time, last.get(id % 5) ?? -1);
          if (isUndone) {
            rows.rollback(...marks);
            known.rebuild();
          } else last.set(id % 5, number);
          rows.settle();
        }
        const again = reopened();
        if (again.size !== known.size) throw new Error(`${again.size} and ${known.size}`);
        for (let id = 0; id <= 60; id++) {
          const found = known.find(id % 5, id * 7, id, time);
          // Two entries of one id may both be known: which is found may differ, not whether.
          if (again.find(id % 5, id * 7, id, time) < 0 !== found < 0) throw new Error(`id ${id}`);
        }
        for (const [pair, number] of last)
          for (let entry = known.numberOf(number, pair); entry >= 0; entry = known.before(entry))
            if (again.before(entry) !== known.before(entry)) throw new Error(`entry ${entry}`);
      },
    ),
    { numRuns: 200 },
  );
  t.end();
});
