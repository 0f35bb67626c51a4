/** The log that the configuration names, of either driver, and what the engine needs of it beyond the port. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  type Clock,
  type Emit,
  type EngineStatus,
  LocalSnapshots,
  type LocalState,
  type Log,
  type LogReaderDescriptor,
  MsecError,
  openEmbeddedLog,
  openKafkaLog,
  openKafkaShare,
  openLocalStore,
  type PartitionShare,
  pause,
} from '../../engine/index.ts';
import type { Config } from '../config/index.ts';
import type { DataFolder } from './data-folder.ts';
import { isOnKafka, kafkaSettings } from './kafka-settings.ts';

export interface CityLog {
  readonly log: Log;
  /** By which a worker opens readers. */
  readonly readers: LogReaderDescriptor;
  usage(): EngineStatus['log'];
  /** Where several processes share the partitions of the topic; absent: this one has them all. */
  share?(topic: string): Promise<PartitionShare>;
  /** Where workers keep copies of their state, once the changelogs exist; absent: the log itself is at hand. */
  localState?(changelogs: readonly string[]): Promise<LocalState>;
  close(): Promise<void>;
}

/** LOG_LOCKED where another process has the data folder. Kafka is first asked for something later. */
export async function openCityLog(config: Config, folder: DataFolder, clock: Clock, emit: Emit): Promise<CityLog> {
  mkdirSync(folder.log, { recursive: true, mode: 0o700 });
  if (isOnKafka(config)) return openOnKafka(config, folder, clock, emit);
  const options = { groupCommitMs: config['log.groupCommit'], quotaBytes: config['log.quota'] };
  const log = await openFree(() => openEmbeddedLog(folder.log, options, clock), clock);
  return { log, readers: log.readerDescriptor(), usage: () => log.usage(), close: () => log.close() };
}

/** A command may have the log for a moment. */
const LOCKED_MS_MAX = 2_000;
const LOCKED_AGAIN_MS = 50;

async function openFree<T>(open: () => Promise<T>, clock: Clock): Promise<T> {
  for (const until = clock.monotonic() + LOCKED_MS_MAX; ; ) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof MsecError) || error.code !== 'LOG_LOCKED' || clock.monotonic() >= until) throw error;
      await pause(clock, LOCKED_AGAIN_MS);
    }
  }
}

/** The folder still is one process's, and no embedded log may be opened in it meanwhile. */
async function openOnKafka(config: Config, folder: DataFolder, clock: Clock, emit: Emit): Promise<CityLog> {
  const readers = kafkaSettings(config, process.env.MSEC_KAFKA_PASSWORD);
  const stores = [folder.state, folder.log].map((path) => openLocalStore(path, clock));
  const copies = new LocalSnapshots(stores[0]!);
  const log = await openKafkaLog({ ...readers, clock, emit, processId: processIdOf(folder.process) });
  const counted = countCommits(log);
  return {
    log: counted.log,
    readers,
    usage: counted.usage,
    share: (topic) => {
      const instanceId = config['kafka.instanceId'];
      const protocol = config['kafka.groupProtocol'] as 'auto' | 'consumer' | 'classic';
      const options = { ...readers, topic, protocol, clock, lastMember: memberMemory(folder.member) };
      return openKafkaShare({ ...options, ...(instanceId === null ? {} : { instanceId }) });
    },
    async localState(changelogs) {
      const described = await log.describe(changelogs);
      const known = described.flatMap(({ name, identity }) => (identity === undefined ? [] : [[name, identity]]));
      return { copies, changelogs: Object.fromEntries(known) };
    },
    async close() {
      await log.close();
      for (const store of stores) await store.close();
    },
  };
}

/** Drawn once for a data folder, which one process at a time has. */
function processIdOf(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(8).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** The folder is claimed: who noted himself there and did not leave is dead. */
function memberMemory(file: string): { load(): string | null; save(memberId: string | null): void } {
  return {
    load: () => (existsSync(file) ? readFileSync(file, 'utf8') || null : null),
    save: (memberId) => writeFileSync(file, memberId ?? '', { mode: 0o600 }),
  };
}

function countCommits(log: Log): { readonly log: Log; usage(): EngineStatus['log'] } {
  let [commits, commitQueue, usedBytes] = [0, 0, 0];
  const counted: Log = {
    createTopics: (topics) => log.createTopics(topics),
    async describe(topics) {
      const described = await log.describe(topics);
      usedBytes = described.reduce((sum, { bytes }) => sum + bytes, 0);
      return described;
    },
    acquire: (owner, places) => log.acquire(owner, places),
    release: async (ownership) => await log.release?.(ownership),
    backlog: async (places) => (await log.backlog?.(places)) ?? [],
    async commit(transaction) {
      commitQueue++;
      try {
        const committed = await log.commit(transaction);
        commits++;
        return committed;
      } finally {
        commitQueue--;
      }
    },
    openReader: () => log.openReader(),
    close: () => log.close(),
  };
  return { log: counted, usage: () => ({ usedBytes, quotaBytes: null, commits, commitQueue }) };
}
