/** Where the log of a run lies: in a folder, or on a Kafka that outlives every process of the run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EmbeddedReaderDescriptor,
  type KafkaReaderDescriptor,
  LocalSnapshots,
  type LocalState,
  type Log,
  type LogReader,
  type Network,
  openEmbeddedLog,
  openEmbeddedLogReadOnly,
  openLocalStore,
  type PartitionShare,
  type TopicDescription,
} from '../../../engine/index.ts';
import { openKafkaLog, openKafkaShare } from '../../../engine/log/kafka/index.ts';
import { ignoringFences } from './planted-log.ts';

export type LogPlace =
  | { readonly kind: 'embedded'; readonly folder: string }
  | {
      readonly kind: 'kafka';
      readonly kafka: KafkaReaderDescriptor;
      /** Of one process at a time. */
      readonly stateFolder: string;
      /** A planted fault; see planted-log.ts. */
      readonly ignoresFences?: boolean;
    };

export interface OpenedLog {
  readonly log: Log;
  readonly descriptor: EmbeddedReaderDescriptor | KafkaReaderDescriptor;
  /** Copies of state on the local disk, where the log is elsewhere. */
  readonly localState?: (changelogs: readonly string[]) => Promise<LocalState>;
  /** Membership of the group in which processes share the topic's partitions. */
  readonly share?: (topic: string) => PartitionShare;
}

/** A process says rather often that it lives, because it is soon taken for gone (kafka-series.ts). */
const HEARTBEAT_MS = 200;

/** Tasks share transactions almost from their start, so that kills meet them so. */
const RIDE_SOON = { commits: 2, withinMs: 1_000, aloneMs: 500 };

export async function openPlace(place: LogPlace, network?: Network): Promise<OpenedLog> {
  if (place.kind === 'embedded') {
    const log = await openEmbeddedLog(place.folder, { groupCommitMs: 2 });
    return { log, descriptor: log.readerDescriptor() };
  }
  const { kafka, stateFolder, ignoresFences = false } = place;
  const opened = openKafkaLog({ ...kafka, ride: RIDE_SOON }, network);
  const log = ignoresFences ? ignoringFences(opened) : opened;
  return {
    log,
    descriptor: kafka,
    async localState(changelogs) {
      const described = await log.describe(changelogs);
      const known = described.map(({ name, identity }) => [name, identity ?? 'unknown'] as const);
      return { copies: new LocalSnapshots(openLocalStore(stateFolder)), changelogs: Object.fromEntries(known) };
    },
    share(topic) {
      const note = `${stateFolder}.member`;
      const lastMember = {
        load: () => (existsSync(note) ? readFileSync(note, 'utf8') || null : null),
        save: (memberId: string | null) => writeFileSync(note, memberId ?? ''),
      };
      const options = { ...kafka, topic, lastMember, heartbeatIntervalMs: HEARTBEAT_MS };
      return openKafkaShare({ ...options, ...(network === undefined ? {} : { network }) });
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
