/**
 * The store on LMDB: one environment in one directory, one database in it, values as they are. A commit is one LMDB
 * transaction, written and flushed by a thread of libuv's pool (fdatasync, then the meta page through O_DSYNC) before
 * it resolves; `overlappingSync` would resolve earlier and is off. The file never shrinks; its free pages are reused.
 */
import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ABORT, open, type RootDatabase } from 'lmdb';
import { MsecError } from '../../base/index.ts';
import type { Store, StoreRange, WriteBatch } from './store.ts';
import { needsCopies, UnsharedValues } from './unshared-values.ts';

export interface LmdbStoreOptions {
  /** A directory; made where it does not exist. */
  readonly path: string;
  /** For the threads and processes that only read. They may be many (126 at a time). */
  readonly readOnly?: boolean;
  /** What the disk has left for this process; the file system's word unless given. */
  readonly disk?: () => DiskRoom;
}

export interface DiskRoom {
  readonly leftBytes: number;
  readonly totalBytes: number;
}

/** What a commit may add beyond its values (pages of the tree and of the free list), and others may take meanwhile. */
const MARGIN_BYTES = 4 * 1024 * 1024;
/** Where less is left, data has to fit into free pages of the file, so that what frees and counts can go on. */
const RESERVE_BYTES = 32 * 1024 * 1024;
/** Both are less on a small disk. */
const MARGIN_SHARE = 1 / 32;
const RESERVE_SHARE = 1 / 16;
/** Up to this a commit is taken for one that only frees or counts. */
const SMALL_BYTES_MAX = 64 * 1024;

type Database = RootDatabase<Uint8Array, Uint8Array>;

/** From the operating system (errno on Linux) when there is no room: ENOSPC, EFBIG (a limit of this process), EDQUOT. */
const FULL_MESSAGES = /No space left|File too large|quota exceeded|MDB_MAP_FULL|ENOSPC|EFBIG|EDQUOT/i;
/** A write that only partly fits is EIO for LMDB, as a failing disk is. */
const SHORT_WRITE_MESSAGES = /Input\/output error|EIO/i;

export class LmdbStore implements Store {
  readonly #database: Database;
  readonly #path: string;
  readonly #disk: () => DiskRoom;
  readonly #unshared = needsCopies(process.versions.node) ? new UnsharedValues() : null;
  #isOpen = true;

  constructor(options: LmdbStoreOptions) {
    this.#path = options.path;
    this.#disk = options.disk ?? (() => diskRoom(options.path));
    this.#database = open<Uint8Array, Uint8Array>({
      path: options.path,
      noSubdir: false,
      readOnly: options.readOnly ?? false,
      encoding: 'binary',
      keyEncoding: 'binary',
      compression: false,
      cache: false,
      overlappingSync: false,
      // A commit is started by `commit` below, never by a timer of the library.
      eventTurnBatching: false,
    });
  }

  async commit(batch: WriteBatch): Promise<void> {
    this.#assertOpen();
    this.#assertRoom(batch.byteLength);
    const database = this.#database;
    const { keys } = batch;
    const values = this.#unshared?.of(batch.values) ?? batch.values;
    try {
      await database.batch(() => {
        for (let i = 0; i < keys.length; i++) {
          const value = values[i]!;
          // The whole batch settles as one, below; a promise for each write would only repeat it.
          if (value === null) void database.remove(keys[i]!);
          else void database.put(keys[i]!, value);
        }
      });
    } catch (error) {
      throw await failureOf(error, this.#path, batch.byteLength);
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    const shared = this.#database.getBinaryFast(key);
    if (shared === undefined) return undefined;
    // The library shrinks `length` alone; copying methods would still see all of its shared buffer.
    return new Uint8Array(shared.buffer, shared.byteOffset, shared.length);
  }

  keys(range: StoreRange): Iterable<Uint8Array> {
    this.#assertOpen();
    const { from, to, reverse = false, limit } = range;
    return this.#database.getKeys({
      ...(limit === undefined ? {} : { limit }),
      ...(reverse
        ? { reverse, start: to, exclusiveStart: true, end: from, inclusiveEnd: true }
        : { start: from, end: to }),
    });
  }

  refresh(): void {
    if (this.#isOpen) this.#database.resetReadTxn();
  }

  rest(): void {
    this.#unshared?.rest();
  }

  diskBytes(): number {
    return statSync(join(this.#path, 'data.mdb')).blocks * 512;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#database.close();
  }

  /** Frees the slots of readers whose process died; one of them would hold back free pages for ever. */
  forgetDeadReaders(): void {
    if (this.#isOpen) this.#database.readerCheck();
  }

  /**
   * Reads and perhaps replaces one value in a transaction that excludes every other process's. `decide` gets the
   * present value and returns the new one, or undefined to leave it.
   */
  exchange(key: Uint8Array, decide: (present: Uint8Array | undefined) => Uint8Array | undefined): void {
    this.#assertOpen();
    this.#database.transactionSync(() => {
      const next = decide(this.get(key)?.slice());
      if (next === undefined) return ABORT;
      this.#database.putSync(key, next);
      return undefined;
    });
  }

  /**
   * The library (3.5.6) does not survive writes that the disk refuses: after a few of them the process dies of a damaged
   * heap. So none is begun that might not fit. QUOTA_EXCEEDED.
   */
  #assertRoom(batchBytes: number): void {
    const { leftBytes, totalBytes } = this.#disk();
    // Also where there are enough free pages: long values need them in a row, and a hole in the file is no block yet.
    const growthMax = batchBytes * 2 + Math.min(MARGIN_BYTES, totalBytes * MARGIN_SHARE);
    if (leftBytes >= growthMax) {
      if (batchBytes <= SMALL_BYTES_MAX) return;
      if (leftBytes >= growthMax + Math.min(RESERVE_BYTES, totalBytes * RESERVE_SHARE)) return;
      if (this.#freePagesBytes() >= growthMax * 2) return;
    }
    throw new MsecError('QUOTA_EXCEEDED', `the disk is full: ${leftBytes} bytes are left for ${batchBytes}`);
  }

  #freePagesBytes(): number {
    const stats = this.#database.getStats() as TreeStats & {
      readonly free: TreeStats;
      readonly lastPageNumber: number;
    };
    return (stats.lastPageNumber - pagesOf(stats) - pagesOf(stats.free)) * stats.pageSize;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new MsecError('CLOSED', 'the store is closed');
  }
}

/** Of mdb_stat. */
interface TreeStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}

export function diskRoom(path: string): DiskRoom {
  const { bavail, blocks, bsize } = statfsSync(path);
  return { leftBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/**
 * LMDB gives up a transaction whose pages or flush failed before it writes the meta page, so a later one may succeed;
 * only after a failure of the meta page itself it refuses everything (MDB_PANIC).
 */
async function failureOf(error: unknown, path: string, batchBytes: number): Promise<MsecError> {
  const cause = await causeOf(error);
  const message = cause instanceof Error ? cause.message : String(cause);
  if (FULL_MESSAGES.test(message)) return new MsecError('QUOTA_EXCEEDED', `the disk is full: ${message}`, { cause });
  if (!SHORT_WRITE_MESSAGES.test(message)) return new MsecError('CLOSED', `the store failed: ${message}`, { cause });
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize <= batchBytes * 2
    ? new MsecError('QUOTA_EXCEEDED', `the disk is full: ${bavail * bsize} bytes are left`, { cause })
    : new MsecError('DEPENDENCY_DOWN', `the disk failed: ${message}`, { cause });
}

/** The library rejects with a wrapper whose `commitError` is a promise that rejects with the reason. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await (error.commitError as Promise<never>);
    return error;
  } catch (reason) {
    return reason;
  }
}
