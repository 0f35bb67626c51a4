import { join } from 'node:path';
import t from 'tap';
import { openCityLog } from '../../../cli/city/city-log.ts';
import { dataFolder } from '../../../cli/city/data-folder.ts';
import { parseConfig } from '../../../cli/config/load.ts';
import { openEmbeddedLog } from '../../../engine/index.ts';
import { ManualClock } from '../../engine/log/manual-clock.ts';

t.test('an engine waits a moment for a command that has the log, and no longer', async (t) => {
  const path = t.testdir({});
  const { config } = parseConfig('', 'msec.yaml');
  const folder = dataFolder(path, join(path, 'keys'));
  const held = await openEmbeddedLog(folder.log);
  const clock = new ManualClock();
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const open = () => openCityLog(config, folder, clock, () => undefined);
  let isOver = false;
  const tooLong = t.rejects(open(), { code: 'LOG_LOCKED' }).finally(() => {
    isOver = true;
  });
  await pass(1_500);
  t.notOk(isOver);
  while (!isOver) await pass(100);
  await tooLong;
  const waiting = open();
  await pass(500);
  await held.close();
  const ticking = setInterval(() => clock.advance(50), 1);
  const log = await waiting.finally(() => clearInterval(ticking));
  await log.close();
});
