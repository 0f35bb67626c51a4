/** Where the log of a run lies: in a folder, or on a Kafka that outlives every process of the run. */
import { join } from 'node:path';
import {
  type EmbeddedReaderDescriptor,
  type KafkaReaderDescriptor,
  type LocalState,
  type Log,
  type LogReader,
  type Network,
  openEmbeddedLog,
  openEmbeddedLogReadOnly,
  type TopicDescription,
} from '../../../engine/index.ts';
import { openKafkaLog } from '../../../engine/log/kafka/index.ts';

export type LogPlace =
  | { readonly kind: 'embedded'; readonly folder: string }
  | { readonly kind: 'kafka'; readonly kafka: KafkaReaderDescriptor; readonly stateFolder: string };

export interface OpenedLog {
  readonly log: Log;
  readonly descriptor: EmbeddedReaderDescriptor | KafkaReaderDescriptor;
  /** Copies of state on the local disk, where the log is elsewhere. */
  readonly localState?: (changelogs: readonly string[]) => Promise<LocalState>;
}

export async function openPlace(place: LogPlace, network?: Network): Promise<OpenedLog> {
  if (place.kind === 'embedded') {
    const log = await openEmbeddedLog(place.folder, { groupCommitMs: 2 });
    return { log, descriptor: log.readerDescriptor() };
  }
  const log = openKafkaLog({ ...place.kafka }, network);
  return {
    log,
    descriptor: place.kafka,
    async localState(changelogs) {
      const described = await log.describe(changelogs);
      const known = described.map(({ name, identity }) => [name, identity ?? 'unknown'] as const);
      return { path: place.stateFolder, changelogs: Object.fromEntries(known) };
    },
  };
}

/** Reads without disturbing whoever writes. */
export async function readPlace<T>(
  place: LogPlace,
  use: (reader: LogReader, topics: readonly TopicDescription[]) => Promise<T>,
): Promise<T> {
  const log =
    place.kind === 'embedded' ? await openEmbeddedLogReadOnly(place.folder) : openKafkaLog({ ...place.kafka });
  const reader = log.openReader();
  try {
    return await use(reader, await log.describe());
  } finally {
    await reader.close();
    await log.close();
  }
}

export const embeddedPlace = (folder: string): LogPlace => ({ kind: 'embedded', folder: join(folder, 'log') });
