/**
 * A bridge over an embedded log in a process of its own, to be killed. `hold` says when: then appends become durable
 * and the parent is told, but nobody else is.
 *   intake-process.ts FOLDER [hold]
 */
import { join } from 'node:path';
import { Intake, unsignedFrom } from '../../../bridges/intake/index.ts';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { systemClock } from '../../../engine/base/index.ts';
import { openEmbeddedLog, RecordAppender } from '../../../engine/log/index.ts';
import { DAY_KEY, MemoryDirectory, privacyOf } from '../bridge-fixture.ts';

const [folder = '', hold] = process.argv.slice(2);
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
      if (hold === undefined) return offset;
      process.send?.('durable');
      return new Promise<number>(() => undefined);
    },
  },
  clock: systemClock,
  unsigned: unsignedFrom([]),
  limits: { rate: { perSecond: 1e6, burst: 1e6 } },
});
const bridge = await MqttBridge.open({ intake, port: 0 });
process.send?.(bridge.port);
process.once('disconnect', () => process.exit(0));
