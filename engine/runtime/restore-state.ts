/** Brings a stage's state back to where the task's last commit left it. */
import { assert, MsecError } from '../base/index.ts';
import { BatchCursor } from '../batch/index.ts';
import type { LogReader, PartitionBounds } from '../log/index.ts';
import type { StageSnapshot, StageState } from '../state/index.ts';

const FETCH_BYTES = 1024 * 1024;

/**
 * From the local copy, if there is a good one, and the changelog behind it. False where it was told to stop half way:
 * then the state is of no use.
 *
 * What the owner before committed may still be cut off the changelog while it is read here (on Kafka that comes later
 * than its transaction). All of that stands again behind the cut, but not what was removed before it: so the state is
 * begun anew.
 */
export async function restoreState(
  state: StageState,
  snapshot: StageSnapshot | null,
  reader: LogReader,
  topic: string,
  partition: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (let bounds = await reader.bounds(topic, partition); ; ) {
    try {
      return await restore(state, snapshot, reader, topic, partition, bounds, signal);
    } catch (thrown) {
      if (!(thrown instanceof MsecError && thrown.code === 'OFFSET_OUT_OF_RANGE')) throw thrown;
      const { start } = bounds;
      bounds = await reader.bounds(topic, partition);
      if (bounds.start <= start) throw thrown;
      state.forget();
    }
  }
}

async function restore(
  state: StageState,
  snapshot: StageSnapshot | null,
  reader: LogReader,
  topic: string,
  partition: number,
  { start, end }: PartitionBounds,
  signal: AbortSignal,
): Promise<boolean> {
  const cursor = new BatchCursor();
  let offset = (await snapshot?.open({ start, end })) ?? start;
  while (offset < end) {
    if (signal.aborted) return false;
    const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) state.restoreChunk(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
    assert(cursor.offsetNext > offset, 'a fetch below the end of a changelog brings at least one batch');
    offset = cursor.offsetNext;
  }
  state.endRestore(end);
  return true;
}
