import t from 'tap';
import { LoopDelay } from '../../../engine/observe/index.ts';

t.test('a loop that is never late has no delay: the ticks of the measurement itself do not count', (t) => {
  let tickMs = 10.2;
  let resets = 0;
  const delay = new LoopDelay({ percentile: () => tickMs * 1e6, reset: () => void resets++ });
  t.ok(delay.takeP99Ms() < 1);
  tickMs = 45;
  t.ok(Math.abs(delay.takeP99Ms() - 35) < 1e-6);
  tickMs = 511 / 1e6;
  t.equal(delay.takeP99Ms(), 0, 'no tick yet');
  t.equal(resets, 3);
  t.end();
});

t.test('a loop that was held up says for how long', async (t) => {
  const delay = new LoopDelay();
  const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));
  for (let i = 0; i < 5; i++) {
    await turn();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80);
  }
  await turn();
  const told = delay.takeP99Ms();
  t.ok(told >= 50, `${told} ms`);
});
