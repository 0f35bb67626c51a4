/** A log in memory with the two topics of devices, for the tests of services. */
import { systemClock } from '../../engine/base/index.ts';
import { EmbeddedLog } from '../../engine/log/embedded/embedded-log.ts';
import { LocalEnds } from '../../engine/log/embedded/ends.ts';
import { MemoryStore } from '../../engine/log/embedded/memory-store.ts';

export async function memoryLog(partitions = 4): Promise<EmbeddedLog> {
  const log = new EmbeddedLog(new MemoryStore(), new LocalEnds(), systemClock, { groupCommitMs: 0 });
  await log.createTopics([
    { name: 'device.frames', partitions, cleanup: 'delete' },
    { name: 'device.registry', partitions, cleanup: 'compact' },
  ]);
  return log;
}
