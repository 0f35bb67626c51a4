/**
 * What clients did and what was read, as the checker takes it. Moments are numbers that grow with each event of the
 * run, so `a.ended < b.begun` means that a was over before b began. All values appended to a key are different.
 */

export interface Append {
  readonly key: string;
  readonly value: number;
}

/**
 * `ok`: the client said that it is committed. `fail`: the client was never asked to commit it, or said that it is
 * aborted. `info`: nobody can say; it may have happened or not.
 */
export type Outcome = 'ok' | 'fail' | 'info';

/** One transaction of appends. `owner` is the transactional id, `instance` the takeover of it that began this one. */
export interface Transaction {
  readonly id: number;
  readonly owner: string;
  readonly instance: number;
  readonly appends: readonly Append[];
  /** The offset it commits for its owner's group, growing with each transaction of the owner; null without one. */
  readonly offset: number | null;
  readonly begun: number;
  readonly ended: number;
  readonly outcome: Outcome;
}

/** An owner was taken over by a new instance: every earlier one is fenced from `ended` on. */
export interface Takeover {
  readonly owner: string;
  readonly instance: number;
  readonly begun: number;
  readonly ended: number;
}

/** The whole list of each key that is in it, read under read committed. */
export interface Read {
  readonly reader: string;
  readonly begun: number;
  readonly ended: number;
  readonly lists: ReadonlyMap<string, readonly number[]>;
}

/** The stable committed offset of an owner's group; null where there is none. */
export interface OffsetRead {
  readonly owner: string;
  readonly begun: number;
  readonly ended: number;
  readonly offset: number | null;
}

export interface History {
  readonly transactions: readonly Transaction[];
  readonly takeovers: readonly Takeover[];
  /** While clients were at work. */
  readonly reads: readonly Read[];
  readonly offsetReads: readonly OffsetRead[];
  /** After every client had ended and every owner was taken over once more: all keys, and all owners. */
  readonly finalRead: Read;
  readonly finalOffsets: readonly OffsetRead[];
  /**
   * Whether the client promises that what is committed of one instance is a beginning of what it was handed, in the order
   * of `begun`.
   */
  readonly isOrdered?: boolean;
  /** Keys whose partition stands still behind a transaction that nobody will end. */
  readonly hangingKeys: ReadonlySet<string>;
}
