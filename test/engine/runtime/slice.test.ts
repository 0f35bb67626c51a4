/** For how long a task of a thread handles records before the others have their turn. */
import t from 'tap';
import type { Clock } from '../../../engine/base/index.ts';
import { Slice } from '../../../engine/runtime/slice.ts';

const UNTIL_COMMIT_MS = 200;

/** Milliseconds until the slice is over, a record each. */
function lasts(untilCommitMs: number, { tasks = 1, fullAfter = Number.POSITIVE_INFINITY } = {}) {
  let now = 5_000;
  const clock = { monotonic: () => now } as Clock;
  let handled = 0;
  const slice = new Slice({ clock, tasks: () => tasks, isFull: () => handled >= fullAfter });
  slice.begin(untilCommitMs);
  while (!slice.look()) {
    handled++;
    now++;
  }
  return { ms: now - 5_000, isLong: slice.isLong };
}

t.test('a task that is not busy has a short one; one that is has until its commit is due', async (t) => {
  t.same(lasts(0), { ms: 50, isLong: false });
  t.same(lasts(UNTIL_COMMIT_MS), { ms: 200, isLong: true });
  t.same(lasts(120), { ms: 120, isLong: true });
  t.same(lasts(10), { ms: 50, isLong: false }, 'and no less than others');
  t.same(lasts(60_000), { ms: 200, isLong: true }, 'but not for as long as it likes');
});

t.test('among many tasks a round of turns takes a second', async (t) => {
  t.same(lasts(UNTIL_COMMIT_MS, { tasks: 5 }), { ms: 200, isLong: true });
  t.same(lasts(UNTIL_COMMIT_MS, { tasks: 10 }), { ms: 100, isLong: true });
  t.same(lasts(UNTIL_COMMIT_MS, { tasks: 40 }), { ms: 50, isLong: false });
});

t.test('without room it is over at once', async (t) => {
  t.same(lasts(UNTIL_COMMIT_MS, { fullAfter: 3 }), { ms: 3, isLong: true });
});

t.test('the clock is asked now and then, and not for each record', async (t) => {
  let asked = 0;
  const clock = {
    monotonic() {
      asked++;
      return asked === 1 ? 0 : 1_000;
    },
  } as Clock;
  const slice = new Slice({ clock, tasks: () => 1, isFull: () => false });
  slice.begin(0);
  let handled = 1;
  while (!slice.count()) handled++;
  t.equal(handled, 129);
  t.equal(asked, 2);
  t.equal(slice.isOver, true);
  slice.begin(0);
  t.equal(slice.isOver, false);
});
