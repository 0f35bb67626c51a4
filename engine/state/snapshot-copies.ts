/**
 * Where local copies of state are kept, as a port. local-snapshots.ts keeps them on a disk, in the main thread; a worker
 * reaches them through runtime/remote-copies.ts, because a thread that is terminated must not hold the disk.
 */

/** Whose copy it is, and of what. */
export interface SnapshotOf {
  /** The task. */
  readonly owner: string;
  readonly stage: string;
  /** Names the one changelog that the copy goes with: cluster, topic (with its id), partition. */
  readonly changelog: string;
}

export interface SnapshotHead {
  /** Changes from this offset of the changelog on may be missing in the pages. */
  readonly position: number;
  readonly watermarks: Readonly<Record<string, number>>;
  /** Slots in use, by store. */
  readonly slots: Readonly<Record<string, number>>;
}

export interface SavedPage {
  readonly store: string;
  readonly page: number;
  /** Empty where the page has no rows any more. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Some pages in their order, in memory of the caller. */
export interface PageRun {
  readonly pages: readonly Uint8Array<ArrayBuffer>[];
  /** What to read from next; null behind the last page. */
  readonly next: Uint8Array | null;
}

/** All that changes takes effect in the order of the calls. */
export interface SnapshotCopies {
  /** Null where there is no copy that goes with this changelog. */
  head(of: SnapshotOf): Promise<SnapshotHead | null>;
  /** `from`: null for the first pages. */
  read(of: SnapshotOf, from: Uint8Array | null): Promise<PageRun>;
  /** Replaces pages. Their bytes are given away. */
  save(of: SnapshotOf, pages: readonly SavedPage[]): Promise<void>;
  /** From now on the pages go with this head. */
  publish(of: SnapshotOf, head: SnapshotHead): Promise<void>;
  /** The copy is of no use; its pages go as well, or they would be taken for those of the next one. */
  discard(of: SnapshotOf): Promise<void>;
}
