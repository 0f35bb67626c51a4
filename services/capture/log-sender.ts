/** Batches of this process's own captures straight into the log. */
import { partitionForKey, type RecordAppender } from '../../engine/index.ts';
import { vantageKey } from '../../schemas/network/index.ts';
import { NETWORK_PACKETS } from '../../schemas/topics/index.ts';
import type { SendBatch } from './publisher.ts';

export function sendToLog(
  appender: Pick<RecordAppender, 'append'>,
  partitions: number,
  vantage: string,
  now: () => number,
): SendBatch {
  const keys: Uint8Array[] = [];
  return async (lane, batch) => {
    keys[lane] ??= Buffer.from(vantageKey(vantage, lane));
    const key = keys[lane];
    await appender.append(NETWORK_PACKETS, partitionForKey(key, 0, key.length, partitions), now(), key, batch);
  };
}
