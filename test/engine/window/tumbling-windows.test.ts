import fc from 'fast-check';
import t from 'tap';
import { KeyTable } from '../../../engine/batch/index.ts';
import { RowStore } from '../../../engine/state/index.ts';
import { TumblingWindows } from '../../../engine/window/index.ts';

function make(sizeMs = 1000, graceMs = 500) {
  const keys = new KeyTable();
  const store = new RowStore(keys, 64);
  const key = (name: string) => {
    const bytes = Buffer.from(name);
    return keys.intern(bytes, 0, bytes.length);
  };
  return { keys, store, key, windows: new TumblingWindows(store, { sizeMs, graceMs }) };
}

function closed(subject: ReturnType<typeof make>, watermark: number): string[] {
  const found: string[] = [];
  const { windows, keys, store } = subject;
  windows.closeDue(watermark, keys, (row, start, end) =>
    found.push(`${Buffer.from(keys.bytesOf(store.keyIdOf(row))).toString()} ${start}-${end}`),
  );
  return found;
}

t.test('a window holds its start and not its end, also before 1970', (t) => {
  const { windows, store, key } = make();
  for (const [time, start] of [
    [0, 0],
    [999, 0],
    [1000, 1000],
    [-1, -1000],
    [-1000, -1000],
    [1_700_000_000_123, 1_700_000_000_000],
  ] as const)
    t.equal(store.subOf(windows.rowFor(key('a'), time, Number.NEGATIVE_INFINITY)), start, `${time}`);
  t.end();
});

t.test('one row for each key and window', (t) => {
  const { windows, key } = make();
  const first = windows.rowFor(key('a'), 100, 0);
  t.equal(windows.rowFor(key('a'), 900, 0), first);
  t.not(windows.rowFor(key('b'), 900, 0), first);
  t.not(windows.rowFor(key('a'), 1100, 0), first);
  t.end();
});

t.test('a record is late from the moment on at which its window closes', (t) => {
  const { windows, key } = make();
  t.not(windows.rowFor(key('a'), 999, 1499), -1, 'the grace is not over');
  t.equal(windows.rowFor(key('a'), 999, 1500), -1);
  t.end();
});

t.test('windows close once, older ones first, and one window in the order of key bytes', (t) => {
  const subject = make();
  const { windows, key, store } = subject;
  for (const [name, time] of [
    ['b', 1500],
    ['ab', 100],
    ['a', 200],
    ['c', 100],
    ['a', 1100],
  ] as const)
    windows.rowFor(key(name), time, 0);
  t.same(closed(subject, 1499), []);
  t.equal(windows.isDue(1499), false);
  t.equal(windows.isDue(1500), true);
  t.same(closed(subject, 2500), ['a 0-1000', 'ab 0-1000', 'c 0-1000', 'a 1000-2000', 'b 1000-2000']);
  t.equal(store.size, 0);
  t.same(closed(subject, 9999), []);
  t.end();
});

t.test('many windows that are due at once close in the order of their starts, also where rows were used again', (t) => {
  const subject = make();
  const { windows, key, store } = subject;
  for (const time of [5100, 300, 2100, 4100]) for (const name of ['y', 'x']) windows.rowFor(key(name), time, 0);
  t.same(closed(subject, 1500), ['x 0-1000', 'y 0-1000']);
  store.settle();
  for (const name of ['z', 'w']) windows.rowFor(key(name), 3100, 0);
  t.equal(windows.due[0], 3500);
  const starts = closed(subject, 5500);
  t.same(starts, ['x 2000-3000', 'y 2000-3000', 'w 3000-4000', 'z 3000-4000', 'x 4000-5000', 'y 4000-5000']);
  t.equal(windows.due[0], 6500);
  t.end();
});

t.test('any number of keys is told in the order of their bytes, shorter ones first', (t) => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-c]{0,6}$/), { maxLength: 300 });
  fc.assert(
    fc.property(names, (some) => {
      const subject = make();
      for (const name of some) subject.windows.rowFor(subject.key(name), 100, 0);
      const told = closed(subject, 10_000).map((text) => text.split(' ')[0]);
      return JSON.stringify(told) === JSON.stringify(some.toSorted());
    }),
  );
  t.pass('in order');
  t.end();
});

t.test('a window that closed opens again only where it is not late', (t) => {
  const subject = make();
  const { windows, key } = subject;
  windows.rowFor(key('a'), 100, 0);
  t.same(closed(subject, 1500), ['a 0-1000']);
  t.equal(windows.due[0], Number.POSITIVE_INFINITY);
  windows.rowFor(key('a'), 200, 1499);
  t.equal(windows.due[0], 1500, 'by the watermark of its own input it is in time');
  t.same(closed(subject, 1500), ['a 0-1000']);
  t.end();
});

t.test('after a rollback and `rebuild` what was undone is not due, and what was closed is due again', (t) => {
  const subject = make();
  const { windows, key, store } = subject;
  windows.rowFor(key('kept'), 100, 0);
  store.settle();
  const marks = [store.slotsMark, store.blocksMark] as const;
  windows.rowFor(key('undone'), 100, 0);
  t.same(closed(subject, 1500), ['kept 0-1000', 'undone 0-1000']);
  store.rollback(...marks);
  windows.rebuild();
  t.same(closed(subject, 1500), ['kept 0-1000']);
  t.end();
});

t.test('a record that is in time by its own input never meets a window that has closed', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(5000), fc.boolean()), { maxLength: 60 }), (records) => {
      const subject = make(700, 300);
      const { windows, key } = subject;
      const watermarks = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
      const done = new Set<string>();
      for (const [keyIndex, time, isSecond] of records) {
        const input = isSecond ? 1 : 0;
        const row = windows.rowFor(key(`${keyIndex}`), time, watermarks[input]!);
        if (row >= 0 && done.has(`${keyIndex} ${Math.floor(time / 700) * 700}-${Math.floor(time / 700) * 700 + 700}`))
          return false;
        if (row >= 0) watermarks[input] = Math.max(watermarks[input]!, time);
        for (const window of closed(subject, Math.min(...watermarks))) {
          if (done.has(window)) return false;
          done.add(window);
        }
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.end();
});
