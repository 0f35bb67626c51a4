import t from 'tap';
import { WorkerPosition } from '../../../engine/runtime/index.ts';

t.test('the main thread finds the record that the worker is at, also beyond 32 bits', (t) => {
  const inWorker = new WorkerPosition();
  const inMain = new WorkerPosition(inWorker.memory);
  t.equal(inMain.read(), null, 'idle at first');
  for (const offset of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    inWorker.enter(3, 1, offset);
    t.same(inMain.read(), { slot: 3, source: 1, offset, span: 1 });
  }
  inWorker.enter(3, 1, 2 ** 33 - 2);
  for (const offset of [2 ** 33 - 2, 2 ** 33 - 1, 2 ** 33, 2 ** 33 + 9]) {
    inWorker.move(offset | 0);
    t.same(inMain.read(), { slot: 3, source: 1, offset, span: 1 });
  }
  inWorker.spread(7);
  t.match(inMain.read(), { offset: 2 ** 33 + 9, span: 7 }, 'one of seven');
  inWorker.enter(3, 1, 5);
  t.match(inMain.read(), { offset: 5, span: 1 }, 'this one again');
  inWorker.leave();
  t.equal(inMain.read(), null);
  t.end();
});

t.test('the beat changes whenever something begins or ends', (t) => {
  const position = new WorkerPosition();
  const seen = [position.beat];
  position.enter(1, 0, 5);
  seen.push(position.beat);
  position.enter(1, 0, 5);
  seen.push(position.beat);
  position.leave();
  seen.push(position.beat);
  t.equal(new Set(seen).size, 4, 'also for the same record again');
  t.end();
});
