/**
 * The disk of the embedded log, as a port: an ordered key-value store whose commits are atomic and durable. Keys order
 * by unsigned bytes. One writer; readers see whole commits only. lmdb-store.ts is the real one, memory-store.ts the
 * simulator's; nothing here knows topics.
 */

/** Puts and deletes in the order in which they take effect; of several for one key the last counts. */
export class WriteBatch {
  readonly keys: Uint8Array[] = [];
  /** Null deletes the key of the same index. */
  readonly values: (Uint8Array | null)[] = [];
  byteLength = 0;

  /** Neither key nor value may change until the commit has ended. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.keys.push(key);
    this.values.push(value);
    this.byteLength += key.length + value.length;
  }

  /** A key that does not exist is passed over. */
  delete(key: Uint8Array): void {
    this.keys.push(key);
    this.values.push(null);
    this.byteLength += key.length;
  }
}

export interface StoreRange {
  /** The lowest key, included. */
  readonly from: Uint8Array;
  /** The end, excluded. */
  readonly to: Uint8Array;
  /** From the highest key down. */
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Store {
  /**
   * All of the batch or nothing; resolves once it is flushed to the disk. One at a time. QUOTA_EXCEEDED where the
   * disk is full, DEPENDENCY_DOWN where it fails: nothing was written, a later commit may succeed. After any other
   * error the store is of no use.
   */
  commit(batch: WriteBatch): Promise<void>;
  /** Called now and then: memory that no commit has wanted since the last time may go. */
  rest(): void;
  /** A view that is valid until the next call of any method; undefined where there is no such key. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** The keys of the range, owned by the caller, from the same snapshot as `get`. The iteration must end within the same turn. */
  keys(range: StoreRange): Iterable<Uint8Array>;
  /**
   * Lets go of the snapshot; the next read takes the newest. Called before each poll and after it, so that no reader
   * holds back the pages of what was deleted since.
   */
  refresh(): void;
  /** What the store takes on the disk, free space inside of its file included. */
  diskBytes(): number;
  close(): Promise<void>;
}
