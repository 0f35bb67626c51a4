/**
 * A bridge over an embedded log in a process of its own, to be killed. With `hold` appends become durable and the
 * parent is told, but nobody else is; with a number the process kills itself once so many frames are durable, before
 * the last of them is acknowledged.
 *   intake-process.ts FOLDER [hold | N]
 */
import { join } from 'node:path';
import { Intake, unsignedFrom } from '../../../bridges/intake/index.ts';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { systemClock } from '../../../engine/base/index.ts';
import { openEmbeddedLog, RecordAppender } from '../../../engine/log/index.ts';
import { DAY_KEY, MemoryDirectory, PATIENCE_MS, privacyOf } from '../bridge-fixture.ts';

const [folder = '', end] = process.argv.slice(2);
let durable = 0;
const log = await openEmbeddedLog(join(folder, 'log'));
await log.createTopics([{ name: 'device.frames', partitions: 1, cleanup: 'delete' }]);
const appender = new RecordAppender(log);
const intake = new Intake({
  topic: 'device.frames',
  partitions: 1,
  directory: new MemoryDirectory().add('meter-1'),
  privacyOf,
  keys: { sealingKey: () => DAY_KEY },
  appender: {
    append: async (...record) => {
      const offset = await appender.append(...record);
      durable += 1;
      if (durable === Number(end)) process.kill(process.pid, 'SIGKILL');
      if (end !== 'hold') return offset;
      process.send?.('durable');
      return new Promise<number>(() => undefined);
    },
  },
  clock: systemClock,
  unsigned: unsignedFrom([]),
  limits: { rate: { perSecond: 1e6, burst: 1e6 } },
});
const bridge = await MqttBridge.open({ intake, port: 0, limits: { connectTimeoutMs: PATIENCE_MS } });
process.send?.(bridge.port);
process.once('disconnect', () => process.exit(0));
