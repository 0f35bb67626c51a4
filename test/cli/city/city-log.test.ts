import { join } from 'node:path';
import t from 'tap';
import { openCityLog } from '../../../cli/city/city-log.ts';
import { dataFolder } from '../../../cli/city/data-folder.ts';
import { parseConfig } from '../../../cli/config/load.ts';
import { type Clock, openEmbeddedLog, type Timer } from '../../../engine/index.ts';

/** Time passes while somebody waits, and at no other time. */
class WaitedClock implements Clock {
  nowMs = 0;
  readonly #meanwhile: (nowMs: number) => Promise<void>;

  constructor(meanwhile: (nowMs: number) => Promise<void>) {
    this.#meanwhile = meanwhile;
  }

  now = (): number => this.nowMs;
  monotonic = (): number => this.nowMs;

  after(delayMs: number, run: () => void): Timer {
    this.nowMs += delayMs;
    const stop = new AbortController();
    void this.#meanwhile(this.nowMs).then(() => setImmediate(() => stop.signal.aborted || run()));
    return { cancel: () => stop.abort() };
  }
}

t.test('an engine waits a moment for a command that has the log, and no longer', async (t) => {
  const path = t.testdir({});
  const { config } = parseConfig('', 'msec.yaml');
  const folder = dataFolder(path, join(path, 'keys'));
  const held = await openEmbeddedLog(folder.log);
  const open = (clock: Clock) => openCityLog(config, folder, clock, () => undefined);
  const whole = new WaitedClock(() => Promise.resolve());
  await t.rejects(open(whole), { code: 'LOG_LOCKED' });
  t.ok(whole.nowMs > 1_500 && whole.nowMs < 3_000, `after ${whole.nowMs} ms`);
  let isHeld = true;
  const log = await open(
    new WaitedClock(async (nowMs) => {
      if (!isHeld || nowMs < 1_500) return;
      isHeld = false;
      await held.close();
    }),
  );
  t.notOk(isHeld);
  await log.close();
});
