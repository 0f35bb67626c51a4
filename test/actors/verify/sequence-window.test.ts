import fc from 'fast-check';
import t from 'tap';
import { ROW_BYTES, WINDOW } from '../../../actors/verify/device-row.ts';
import {
  CONFLICTING,
  FRESH,
  OLD_EPOCH,
  OLD_SEQUENCE,
  REPEATED,
  SequenceWindow,
} from '../../../actors/verify/sequence-window.ts';
import { seededRandom } from '../../../engine/base/index.ts';
import { KeyTable } from '../../../engine/batch/index.ts';
import { RowStore } from '../../../engine/state/index.ts';

/** What the specification says, with a map that forgets nothing. */
class Model {
  epoch = -1;
  highest = -1;
  readonly seen = new Map<number, number>();

  offer(epoch: number, sequence: number, tag: number): number {
    if (epoch < this.epoch) return OLD_EPOCH;
    if (epoch > this.epoch) {
      this.epoch = epoch;
      this.highest = -1;
      this.seen.clear();
    }
    if (sequence <= this.highest - 1024) return OLD_SEQUENCE;
    const before = this.seen.get(sequence);
    if (before !== undefined) return before === tag ? REPEATED : CONFLICTING;
    this.seen.set(sequence, tag);
    this.highest = Math.max(this.highest, sequence);
    return FRESH;
  }
}

function makeWindow(): { rows: RowStore; window: SequenceWindow } {
  const rows = new RowStore(new KeyTable(seededRandom(1)), ROW_BYTES);
  return { rows, window: new SequenceWindow(rows) };
}

function offer(rows: RowStore, window: SequenceWindow, epoch: number, sequence: number, tag: number): number {
  let row = rows.find(0);
  const verdict = window.verdict(row, epoch, sequence, tag);
  if (verdict === FRESH) {
    if (row < 0) row = rows.create(0);
    window.accept(row, epoch, sequence, tag);
  }
  return verdict;
}

/** Steps that hover about the window's edges, with leaps, and frames around the highest number. */
const steps = fc.array(
  fc.record({
    epoch: fc.oneof(
      { weight: 30, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -1, max: 2 }) },
    ),
    from: fc.oneof(
      { weight: 10, arbitrary: fc.integer({ min: -3, max: 3 }) },
      { weight: 3, arbitrary: fc.integer({ min: -1030, max: -1018 }) },
      { weight: 2, arbitrary: fc.integer({ min: 1018, max: 1030 }) },
      { weight: 2, arbitrary: fc.integer({ min: -1100, max: 3000 }) },
    ),
    tag: fc.integer({ min: 1, max: 2 }),
  }),
  { maxLength: 300, size: 'max' },
);
const starts = fc.constantFrom(0, 1, 1023, 1024, 2 ** 31 - 2, 2 ** 31, 2 ** 32 - 1030, 2 ** 32 - 5);

t.test('the window says of any order of frames what a map that forgets nothing says', async (t) => {
  fc.assert(
    fc.property(starts, steps, (start, list) => {
      const model = new Model();
      const { rows, window } = makeWindow();
      let highest = start;
      let epoch = 5;
      for (const step of list) {
        epoch = Math.max(epoch, epoch + Math.min(step.epoch, 1));
        const sequence = Math.min(2 ** 32 - 1, Math.max(0, highest + step.from));
        const asked = epoch + (step.epoch < 0 ? -1 : 0);
        const wanted = model.offer(asked, sequence, step.tag);
        if (offer(rows, window, asked, sequence, step.tag) !== wanted) return false;
        highest = model.highest < 0 ? start : model.highest;
        rows.settle();
      }
      return true;
    }),
    { numRuns: 200 },
  );
  t.pass();
});

t.test('a place in the ring never speaks for a sequence 1,024 before', async (t) => {
  const places = fc.record({ turn: fc.nat(3), place: fc.nat(5), tag: fc.integer({ min: 1, max: 2 }) });
  fc.assert(
    fc.property(starts, fc.array(places, { maxLength: 60, size: 'max' }), (start, list) => {
      const model = new Model();
      const { rows, window } = makeWindow();
      return list.every(({ turn, place, tag }) => {
        const sequence = Math.min(2 ** 32 - 1, start + turn * WINDOW + place);
        return offer(rows, window, 1, sequence, tag) === model.offer(1, sequence, tag);
      });
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('frames in random order are each accepted once as long as they are within the window', async (t) => {
  const { rows, window } = makeWindow();
  const random = seededRandom(3);
  const order = Array.from({ length: WINDOW }, (_, i) => i).sort(() => (random.u32() & 1) - 0.5);
  for (const sequence of order) t.equal(offer(rows, window, 1, sequence, sequence + 1), FRESH);
  for (const sequence of order) t.equal(offer(rows, window, 1, sequence, sequence + 1), REPEATED);
  for (const sequence of order) t.equal(offer(rows, window, 1, sequence, sequence + 2), CONFLICTING);
});

t.test('what a record did to the window is undone with it', async (t) => {
  fc.assert(
    fc.property(starts, steps, fc.nat(3000), (start, list, leap) => {
      const { rows, window } = makeWindow();
      let highest = start;
      for (const { from, tag } of list) {
        const sequence = Math.min(2 ** 32 - 1, Math.max(0, highest + from));
        if (offer(rows, window, 1, sequence, tag) === FRESH) highest = Math.max(highest, sequence);
        rows.settle();
      }
      const row = rows.find(0);
      if (row < 0) return true;
      const before = rows.u8.slice(0, ROW_BYTES);
      const [slots, blocks] = [rows.slotsMark, rows.blocksMark];
      const sequence = Math.min(2 ** 32 - 1, highest + leap);
      if (window.verdict(row, 2, sequence, 9) === FRESH) window.accept(row, leap % 2 === 0 ? 1 : 2, sequence, 9);
      window.markSuspect(row);
      rows.rollback(slots, blocks);
      return Buffer.compare(before, rows.u8.subarray(0, ROW_BYTES)) === 0;
    }),
    { numRuns: 100 },
  );
  t.pass();
});
