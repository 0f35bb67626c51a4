/**
 * Destroys day keys as soon as they may go, and at the hard deadline whatever happens. It looks every minute. The
 * deadline needs neither the log nor its readers, so that a log that hangs or fails does not hold a key.
 */
import { type Clock, type Emit, errorData, type LogReader, type Plan } from '../../engine/index.ts';
import { DayKeys, ReadDays } from '../../services/day-keys/index.ts';

const LOOK_MS = 60_000;

export interface KeyCare {
  close(): Promise<void>;
}

/** Keys whose deadline has passed while nothing ran are gone before anything can read what they open. */
export function openDayKeys(folder: string, clock: Clock, emit: Emit): DayKeys {
  const keys = new DayKeys({ folder, clock });
  destroyOverdue(keys, clock, emit);
  return keys;
}

/** A log that does not open must not keep keys. Where another process has it, that one cares for them. */
export function destroyOverdueWithoutLog(why: unknown, folder: string, clock: Clock, emit: Emit): void {
  if (errorData(why).code === 'LOG_LOCKED') return;
  try {
    openDayKeys(folder, clock, emit);
  } catch (error) {
    report(emit, error);
  }
}

function destroyOverdue(keys: DayKeys, clock: Clock, emit: Emit): void {
  try {
    const gone = keys.retire({ committedPast: () => false, nowMs: clock.now() });
    for (const keyId of gone) emit('dayKeyDestroyed', { keyId, because: 'its deadline' });
  } catch (error) {
    report(emit, error);
  }
}

/**
 * `sealed`: topics with sealed payloads, in the order in which these pass through them, each with the groups that must have read
 * it beside those that its retention waits for. The reader becomes its own.
 */
export function careForKeys(
  keys: DayKeys,
  reader: LogReader,
  plan: Plan,
  sealed: readonly { readonly topic: string; readonly readers: readonly string[] }[],
  clock: Clock,
  emit: Emit,
): KeyCare {
  const topics = sealed.flatMap(({ topic, readers }) => {
    const config = plan.topics.find(({ name }) => name === topic);
    if (config === undefined) return [];
    const requiredReaders = [...(config.requiredReaders ?? []), ...readers];
    return [{ topic, partitions: config.partitions, requiredReaders }];
  });
  const days = new ReadDays(reader, topics);
  const destroyRead = async () => {
    try {
      const nowMs = clock.now();
      await days.update(keys.list(), nowMs);
      const gone = keys.retire({ committedPast: (keyId) => days.isRead(keyId), nowMs });
      for (const keyId of gone) emit('dayKeyDestroyed', { keyId, because: 'read by all' });
    } catch (error) {
      report(emit, error);
    }
  };
  let reading: Promise<void> | undefined;
  const look = () => {
    destroyOverdue(keys, clock, emit);
    reading ??= destroyRead().finally(() => {
      reading = undefined;
    });
    return clock.after(LOOK_MS, () => {
      timer = look();
    });
  };
  let timer = look();
  return {
    async close() {
      timer.cancel();
      await reading;
      await reader.close();
    },
  };
}

function report(emit: Emit, error: unknown): void {
  const { code, message } = errorData(error);
  emit('unexpectedError', { where: 'day keys', code, error: message });
}
