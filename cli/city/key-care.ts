/** Destroys day keys as soon as they may go, and at the hard deadline whatever happens; looks every minute. */
import { type Clock, type Emit, errorData, type LogReader, type Plan, type Timer } from '../../engine/index.ts';
import { type DayKeys, ReadDays } from '../../services/day-keys/index.ts';

const LOOK_MS = 60_000;

export interface KeyCare {
  close(): Promise<void>;
}

/** `sealed`: topics with sealed payloads, in the order in which these pass through them. The reader becomes its own. */
export function careForKeys(
  keys: DayKeys,
  reader: LogReader,
  plan: Plan,
  sealed: readonly string[],
  clock: Clock,
  emit: Emit,
): KeyCare {
  const topics = sealed.flatMap((name) => {
    const config = plan.topics.find((topic) => topic.name === name);
    return config === undefined
      ? []
      : [{ topic: name, partitions: config.partitions, requiredReaders: config.requiredReaders ?? [] }];
  });
  const days = new ReadDays(reader, topics);
  let timer: Timer | undefined;
  let isClosed = false;
  const round = async () => {
    try {
      const nowMs = clock.now();
      await days.update(keys.list(), nowMs);
      const gone = keys.retire({ committedPast: (keyId) => days.isRead(keyId), nowMs });
      for (const keyId of gone)
        emit('dayKeyDestroyed', { keyId, because: days.isRead(keyId) ? 'read by all' : 'its deadline' });
    } catch (error) {
      const { code, message } = errorData(error);
      emit('unexpectedError', { where: 'day keys', code, error: message });
    }
  };
  let running = round();
  const again = () => {
    if (isClosed) return;
    timer = clock.after(LOOK_MS, () => {
      running = round().then(again);
    });
  };
  running = running.then(again);
  return {
    async close() {
      isClosed = true;
      timer?.cancel();
      await running;
      await reader.close();
    },
  };
}
