/**
 * Shows the actors of a source the records before its position once more, where they ask for that (`ActorTask.replay`): an
 * actor whose knowledge does not fit into its state makes it anew from what the log still has. It goes no further than what
 * is committed, so what it leads to has been told, and is not told again.
 */
import { assert, type Clock, MsecError, pause } from '../base/index.ts';
import type { BatchCursor, KeyTable } from '../batch/index.ts';
import type { LogReader } from '../log/index.ts';
import type { WorkerPosition } from './position.ts';
import type { StageRunner } from './stage-runner.ts';
import type { CondemnedRecord } from './thread-messages.ts';

export interface ReplaySetup {
  readonly reader: LogReader;
  readonly partition: number;
  readonly slot: number;
  readonly clock: Clock;
  readonly position: WorkerPosition;
  readonly condemned: readonly CondemnedRecord[];
  readonly fetchBytes: number;
  /** The task's: it tells the actor where the record lies. */
  readonly cursor: BatchCursor;
  readonly keys: KeyTable;
  readonly signal: AbortSignal;
}

export interface ReplayedSource {
  readonly index: number;
  readonly topic: string;
  readonly isResend: boolean;
  readonly feeds: readonly {
    readonly stage: Pick<StageRunner, 'replayFrom' | 'replay'>;
    readonly input: number;
    readonly decode: (bytes: Uint8Array, start: number, end: number) => unknown;
  }[];
  /** What comes from there on is new. */
  readonly position: number;
}

const RETRY_MS = 100;

/** False where it was told to stop half way. */
export async function replayRecords(setup: ReplaySetup, source: ReplayedSource): Promise<boolean> {
  if (source.isResend) return true;
  const starts = source.feeds.map(({ stage, input }) => stage.replayFrom(input) ?? Number.POSITIVE_INFINITY);
  const { reader, cursor, partition, fetchBytes, signal } = setup;
  const first = Math.min(...starts);
  if (first >= source.position) return true;
  let offset = Math.max(first, (await reader.bounds(source.topic, partition)).start);
  while (offset < source.position) {
    if (signal.aborted) return false;
    const fetched = await reader.fetch(source.topic, partition, offset, fetchBytes);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    try {
      while (cursor.next()) {
        if (cursor.offset >= source.position) return true;
        offset = cursor.offset;
        showRecord(setup, source, starts);
      }
    } catch (thrown) {
      if (!(thrown instanceof MsecError && thrown.retriable)) throw thrown;
      setup.position.leave();
      await pause(setup.clock, RETRY_MS, signal);
      continue;
    } finally {
      setup.position.leave();
    }
    assert(cursor.offsetNext > offset, 'a fetch below a position that was reached brings at least one batch');
    offset = cursor.offsetNext;
  }
  return true;
}

/** Records that no actor was shown are not shown now. */
function showRecord(setup: ReplaySetup, { index, feeds }: ReplayedSource, starts: readonly number[]): void {
  const { cursor, keys, slot, position, condemned } = setup;
  const { offset, bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
  if (valueStart < 0 || condemned.some((record) => record.source === index && record.offset === offset)) return;
  // What it does to the thread is told of it here, too.
  position.enter(slot, index, offset);
  const keyId = keyStart < 0 ? keys.intern(bytes, 0, 0) : keys.intern(bytes, keyStart, keyEnd);
  for (const [i, { stage, input, decode }] of feeds.entries()) {
    if (offset < starts[i]!) continue;
    let value: unknown;
    try {
      value = decode(bytes, valueStart, valueEnd);
    } catch (thrown) {
      if (thrown instanceof MsecError && thrown.retriable) throw thrown;
      // It went to the dead letters.
      continue;
    }
    stage.replay(input, keyId, cursor.timestamp, value);
  }
}
