/**
 * Whether the log of one partition is the one that was written: every entry at its place and linked to the one before it,
 * every checkpoint that of the entries before it and signed, and nothing cut off behind the newest. It goes on behind a
 * fault, so that one is told from many, but names the first.
 */
import type { KeyObject } from 'node:crypto';
import { errorData } from '../../engine/index.ts';
import {
  type Checkpoint,
  decodeEntry,
  entryHash,
  isSignedBy,
  type LogEntry,
  LogTree,
  logStart,
  type Note,
  WIRE_HEADER_BYTES,
} from '../../schemas/trust-log/index.ts';

export type FaultKind =
  | 'entry-unreadable'
  | 'entry-missing'
  | 'entry-repeated'
  | 'link-broken'
  | 'key-differs'
  | 'checkpoint-differs'
  | 'checkpoint-unreadable'
  | 'checkpoint-unsigned'
  | 'log-truncated'
  | 'log-forked'
  | 'beginning-unproven';

export interface Fault {
  readonly kind: FaultKind;
  readonly partition: number;
  /** Of the entry or, of a checkpoint, its size. */
  readonly index: number;
  /** In trust.log; -1 where no record is meant. */
  readonly offset: number;
  readonly says: string;
}

export interface LogRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: Uint8Array;
}

export interface ChainResult {
  readonly partition: number;
  /** Index of the first entry that is there; 0 unless retention has deleted older ones. */
  readonly first: number;
  /** Entries ever, those that are gone included. */
  readonly size: number;
  /** Checkpoints that hold, those that somebody kept included. */
  readonly checkpoints: number;
  /** Entries behind the newest checkpoint: nothing signed covers them yet. */
  readonly uncovered: number;
  readonly faults: readonly Fault[];
  /** So many more than are listed. */
  readonly more: number;
}

const FAULTS_MAX = 20;

type Witness = Note & {
  readonly isKept: boolean;
  readonly timeMs: number;
  readonly peaks: readonly Uint8Array[] | null;
};

export class ChainCheck {
  readonly #partition: number;
  readonly #key: KeyObject | null;
  /** By size; those of one size in the order in which they came. */
  readonly #witnesses: readonly Witness[];
  #next = 0;
  #first = -1;
  #index = 0;
  #leaf: Uint8Array;
  /** Null until a checkpoint gives it, where the log's beginning is gone. */
  #tree: LogTree | null = new LogTree();
  #held = 0;
  #coveredTo = 0;
  readonly #faults: Fault[] = [];
  #more = 0;

  /** `kept`: notes that somebody kept outside of the log. `key`: public; null where signatures are not looked at. */
  constructor(partition: number, checkpoints: readonly Checkpoint[], kept: readonly Note[], key: KeyObject | null) {
    this.#partition = partition;
    this.#key = key;
    this.#leaf = logStart(partition);
    this.#witnesses = [
      ...checkpoints.map((checkpoint) => ({ ...checkpoint, isKept: false })),
      ...kept.map((note) => ({ ...note, isKept: true, timeMs: Number.NaN, peaks: null })),
    ].sort((a, b) => a.size - b.size);
  }

  /** The entry where it can be read, whatever is wrong with its place. */
  take({ offset, key, value }: LogRecord): LogEntry | null {
    let entry: LogEntry;
    try {
      entry = decodeEntry(value);
    } catch (thrown) {
      if (this.#first < 0) this.#first = 0;
      this.#fault('entry-unreadable', this.#index, offset, errorData(thrown).message);
      this.#link(value);
      this.#goTo(this.#index + 1);
      return null;
    }
    if (this.#first < 0) this.#begin(entry, offset);
    const expected = this.#index;
    this.#checkPlace(entry, expected, offset);
    if (key !== entry.trustee)
      this.#fault('key-differs', expected, offset, `it is about ${entry.trustee}, and lies under the key ${key}`);
    this.#link(value);
    // Behind a gap it goes on from where the log does.
    if (entry.index >= expected) this.#goTo(entry.index + 1);
    return entry;
  }

  result(): ChainResult {
    for (; this.#next < this.#witnesses.length; this.#next++) {
      const { size, timeMs, isKept } = this.#witnesses[this.#next]!;
      const told = isKept ? 'a checkpoint that was kept' : `the checkpoint of ${new Date(timeMs).toISOString()}`;
      this.#fault('log-truncated', size, -1, `it ends after ${this.#index} entries, but ${told} is of ${size}`);
    }
    return {
      partition: this.#partition,
      first: Math.max(this.#first, 0),
      size: this.#index,
      checkpoints: this.#held,
      uncovered: this.#index - this.#coveredTo,
      faults: this.#faults,
      more: this.#more,
    };
  }

  #begin({ index, previous }: LogEntry, offset: number): void {
    // Retention never deletes what lies at the partition's first offset and leaves something there.
    this.#first = offset === 0 ? 0 : index;
    if (this.#first === 0) return;
    this.#index = index;
    this.#leaf = previous;
    this.#tree = null;
    while (this.#next < this.#witnesses.length && this.#witnesses[this.#next]!.size < index) this.#next++;
    if (this.#next === this.#witnesses.length)
      this.#fault(
        'beginning-unproven',
        index,
        -1,
        `entries before ${index} are gone, and no checkpoint covers the rest`,
      );
    // What is linked to entries that are gone is proved by the next checkpoint's head; of one of this size, at once.
    this.#goTo(index);
  }

  #checkPlace({ index, previous }: LogEntry, expected: number, offset: number): void {
    if (index < expected)
      this.#fault('entry-repeated', expected, offset, `entry ${index} stands where ${expected} belongs`);
    else if (index > expected)
      this.#fault('entry-missing', expected, offset, `entry ${index} stands where ${expected} belongs`);
    if (!Buffer.from(this.#leaf).equals(previous))
      this.#fault(
        'link-broken',
        expected,
        offset,
        expected === 0
          ? 'the first entry does not begin the log of this partition'
          : `entry ${expected} was linked to another entry than the ${expected - 1} that stands before it: one of the two is not what was written`,
      );
  }

  #link(value: Uint8Array): void {
    this.#leaf = entryHash(value.subarray(WIRE_HEADER_BYTES));
    this.#tree?.append(this.#leaf);
  }

  #goTo(size: number): void {
    this.#index = size;
    for (; this.#next < this.#witnesses.length && this.#witnesses[this.#next]!.size <= size; this.#next++) {
      const witness = this.#witnesses[this.#next]!;
      if (witness.size < size) this.#differs(witness);
      else if (this.#holds(witness)) {
        this.#held++;
        this.#coveredTo = size;
      }
    }
  }

  #holds(witness: Witness): boolean {
    const { size, root, head, signature, isKept, peaks } = witness;
    const told = isKept ? 'the checkpoint that was kept' : 'the checkpoint';
    if (this.#key !== null && !isSignedBy(witness, signature, this.#key)) {
      this.#fault('checkpoint-unsigned', size, -1, `${told} of ${size} entries is not signed by the log's key`);
      return false;
    }
    const hasRoot = this.#tree === null || Buffer.from(this.#tree.root()).equals(root);
    const isSame = hasRoot && Buffer.from(this.#leaf).equals(head);
    if (!isSame) this.#differs(witness);
    // From here on the tree is the one that was signed, so that what comes next is told by itself.
    if ((this.#tree === null || !isSame) && peaks !== null) this.#tree = LogTree.from(size, peaks);
    return isSame;
  }

  #differs({ size, isKept }: Witness): void {
    const told = isKept ? 'the checkpoint that was kept' : 'the checkpoint';
    const kind = isKept ? 'log-forked' : 'checkpoint-differs';
    this.#fault(kind, size, -1, `${told} of ${size} entries is of other entries than those of the log`);
  }

  #fault(kind: FaultKind, index: number, offset: number, says: string): void {
    if (this.#faults.length >= FAULTS_MAX) this.#more++;
    else this.#faults.push({ kind, partition: this.#partition, index, offset, says });
  }
}
