/**
 * A log whose topics all carry a prefix that its user does not see: what is written through it can never be a topic of
 * the operator's. The engine's workers read without it, so their plan carries the prefix in its names.
 */
import type { Log, LogReader, PartitionPosition, TopicDescription } from '../../engine/index.ts';

export function prefixedLog(log: Log, prefix: string): Log {
  const named = <T extends { readonly topic: string }>(one: T): T => ({ ...one, topic: prefix + one.topic });
  const shown = (topic: TopicDescription): TopicDescription => ({ ...topic, name: topic.name.slice(prefix.length) });
  return {
    createTopics: (topics) => log.createTopics(topics.map((topic) => ({ ...topic, name: prefix + topic.name }))),
    async describe(topics) {
      const described = await log.describe(topics?.map((name) => prefix + name));
      return described.filter(({ name }) => name.startsWith(prefix)).map(shown);
    },
    acquire: (owner) => log.acquire(owner),
    commit: (transaction) =>
      log.commit({
        ...transaction,
        ...(transaction.appends === undefined ? {} : { appends: transaction.appends.map(named) }),
        ...(transaction.offsets === undefined ? {} : { offsets: transaction.offsets.map(named) }),
        ...(transaction.truncations === undefined ? {} : { truncations: transaction.truncations.map(named) }),
      }),
    openReader: () => prefixedReader(log.openReader(), prefix, named),
    close: () => log.close(),
  };
}

function prefixedReader(
  reader: LogReader,
  prefix: string,
  named: (position: PartitionPosition) => PartitionPosition,
): LogReader {
  return {
    fetch: (topic, partition, offset, bytesMax) => reader.fetch(prefix + topic, partition, offset, bytesMax),
    bounds: (topic, partition) => reader.bounds(prefix + topic, partition),
    committed: (group, topic) => reader.committed(group, prefix + topic),
    wait: (positions, timeoutMs) => reader.wait(positions.map(named), timeoutMs),
    close: () => reader.close(),
  };
}
