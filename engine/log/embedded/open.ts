/**
 * The embedded log on a disk: opened once for writing, read from any thread of that process through a descriptor, and
 * from other processes read-only.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, MsecError, systemClock } from '../../base/index.ts';
import type { Log, LogReader, PartitionBounds, TopicDescription } from '../port.ts';
import { EmbeddedLog, type EmbeddedLogOptions } from './embedded-log.ts';
import { EmbeddedReader } from './embedded-reader.ts';
import { PolledEnds, SharedEnds } from './ends.ts';
import { decodeJson, decodePartition, decodeSegment, offsetOf, partitionKey, segmentKey, TOPIC_RANGE } from './keys.ts';
import { diskRoom, LmdbStore } from './lmdb-store.ts';
import { BEAT_MS, beat, claimStore, releaseStore } from './owner-claim.ts';
import type { Store } from './store.ts';
import type { TopicRecord } from './topic-record.ts';

/** Plain data: crosses to a worker as it is. Of use only within the process whose log it describes. */
export interface EmbeddedReaderDescriptor {
  readonly path: string;
  readonly ends: SharedArrayBuffer;
}

/** Of what the disk has for the log at the start; the rest is the tree's, the copies of changed pages, and others'. */
const DISK_SHARE = 0.8;

export class EmbeddedLogOnDisk extends EmbeddedLog {
  readonly #path: string;
  readonly #store: LmdbStore;
  readonly #ends: SharedEnds;
  readonly #clock: Clock;
  #timer: ReturnType<Clock['after']>;

  constructor(path: string, store: LmdbStore, ends: SharedEnds, clock: Clock, options: EmbeddedLogOptions) {
    super(store, ends, clock, options);
    this.#path = path;
    this.#store = store;
    this.#ends = ends;
    this.#clock = clock;
    this.#timer = this.#forgetDeadReaders();
  }

  /** For `openEmbeddedReader` in a worker; valid as long as this log is open. */
  readerDescriptor(): EmbeddedReaderDescriptor {
    return { path: this.#path, ends: this.#ends.memory };
  }

  /** What the files take; it does not shrink, free pages inside are used again. */
  diskBytes(): number {
    return this.#store.diskBytes();
  }

  /** Lives on. A reader of another process that was killed would keep free pages from being used again. */
  #forgetDeadReaders(): ReturnType<Clock['after']> {
    return this.#clock.after(BEAT_MS, () => {
      beat(this.#path, this.#clock.now());
      this.#store.forgetDeadReaders();
      this.#timer = this.#forgetDeadReaders();
    });
  }

  protected override async closeStore(): Promise<void> {
    this.#timer.cancel();
    releaseStore(this.#store);
    await this.#store.close();
  }
}

/** Opens or makes the log in the directory. LOG_LOCKED, CONFIG_INVALID (written by a newer version). */
export async function openEmbeddedLog(
  path: string,
  options: EmbeddedLogOptions = {},
  clock: Clock = systemClock,
): Promise<EmbeddedLogOnDisk> {
  const store = new LmdbStore({ path });
  let isClaimed = false;
  try {
    claimStore(store, path, clock.now());
    isClaimed = true;
    return new EmbeddedLogOnDisk(path, store, new SharedEnds(), clock, withinDisk(options, store, path));
  } catch (error) {
    if (isClaimed) releaseStore(store);
    await store.close();
    throw error;
  }
}

/** A quota that the disk cannot hold would never be reached, and what was read never make room for what comes. */
function withinDisk(options: EmbeddedLogOptions, store: LmdbStore, path: string): EmbeddedLogOptions {
  if (options.quotaBytes === undefined) return options;
  const disk = (store.diskBytes() + diskRoom(path).leftBytes) * DISK_SHARE;
  return { ...options, quotaBytes: Math.min(options.quotaBytes, disk) };
}

/** A reader in the calling thread, of a log that is open in this process. Closing it leaves the log open. */
export function openEmbeddedReader(descriptor: EmbeddedReaderDescriptor, clock: Clock = systemClock): LogReader {
  const store = new LmdbStore({ path: descriptor.path, readOnly: true });
  return new EmbeddedReader(store, new SharedEnds(descriptor.ends), clock, () => store.close());
}

export type ReadOnlyLog = Pick<Log, 'describe' | 'openReader' | 'close'>;

/**
 * The log of another process, or of none, without disturbing it: `wait` looks again every `pollMs`. CONFIG_INVALID
 * where there is no log.
 */
export function openEmbeddedLogReadOnly(path: string, pollMs = 50, clock: Clock = systemClock): Promise<ReadOnlyLog> {
  if (!existsSync(join(path, 'data.mdb'))) {
    return Promise.reject(new MsecError('CONFIG_INVALID', `${path} holds no log`, { field: 'path' }));
  }
  const store = new LmdbStore({ path, readOnly: true });
  const readers = new Set<LogReader>();
  return Promise.resolve({
    describe: async (names) => describeStore(store).filter(({ name }) => names?.includes(name) ?? true),
    openReader: () => {
      const forget = async () => void readers.delete(reader);
      const reader = new EmbeddedReader(store, new PolledEnds(store, clock, pollMs), clock, forget);
      readers.add(reader);
      return reader;
    },
    close: async () => {
      for (const reader of [...readers]) await reader.close();
      await store.close();
    },
  });
}

function describeStore(store: LmdbStore): TopicDescription[] {
  store.refresh();
  const topics = [...store.keys(TOPIC_RANGE)].map((key) => decodeJson(store.get(key)!) as TopicRecord);
  return topics.map(({ id, config }) => {
    const bounds: PartitionBounds[] = [];
    for (let i = 0; i < config.partitions; i++) {
      const { start, end } = decodePartition(store.get(partitionKey(id + i))!);
      bounds.push({ start, end });
    }
    let bytes = 0;
    const segments = { from: segmentKey(id, 0), to: segmentKey(id + config.partitions, 0) };
    for (const key of [...store.keys(segments)]) bytes += decodeSegment(offsetOf(key), store.get(key)!).bytes;
    return { ...config, bounds, bytes };
  });
}

/**
 * A store for what is no log, in a directory that is this process's until it is closed; LOG_LOCKED. For the main thread:
 * LMDB, when its thread is terminated while it writes, damages the memory of the process.
 */
export function openLocalStore(path: string, clock: Clock = systemClock): Store {
  const store = new LmdbStore({ path });
  try {
    claimStore(store, path, clock.now());
  } catch (error) {
    void store.close();
    throw error;
  }
  const live = (): ReturnType<Clock['after']> =>
    clock.after(BEAT_MS, () => {
      beat(path, clock.now());
      store.forgetDeadReaders();
      timer = live();
    });
  let timer = live();
  return {
    commit: (batch) => store.commit(batch),
    get: (key) => store.get(key),
    keys: (range) => store.keys(range),
    rest: () => store.rest(),
    refresh: () => store.refresh(),
    diskBytes: () => store.diskBytes(),
    async close() {
      timer.cancel();
      releaseStore(store);
      await store.close();
    },
  };
}
