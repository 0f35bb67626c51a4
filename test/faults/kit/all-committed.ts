import { type LogReader, pause, systemClock } from '../../../engine/index.ts';
import { whileDown } from './while-down.ts';

const LOOK_MS = 20;
const PATIENCE_MS = 30_000;

/**
 * Resolves when the group has committed all that the topic holds by now, whoever did it: partitions may be another
 * process's in the end. `waits` is told, once, of a wait that is longer than it should be.
 */
export async function allCommitted(
  reader: LogReader,
  group: string,
  topic: string,
  partitions: number,
  waits: (state: unknown) => Promise<void> = async () => {},
): Promise<void> {
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  const bounds = await Promise.all(numbers.map((partition) => whileDown(() => reader.bounds(topic, partition))));
  let tellAt = systemClock.monotonic() + PATIENCE_MS;
  for (;;) {
    const committed = await whileDown(() => reader.committed(group, topic));
    if (bounds.every(({ end }, partition) => (committed[partition] ?? 0) >= end)) return;
    await pause(systemClock, LOOK_MS);
    if (systemClock.monotonic() < tellAt) continue;
    tellAt = Number.POSITIVE_INFINITY;
    await waits({ bounds, committed });
  }
}
