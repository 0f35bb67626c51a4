/**
 * Chains the interactions that counted: each entry holds the hash of the one before it, and all of them are leaves of a
 * Merkle tree whose root is signed now and then. What it needs to go on is one row, which commits with the entries: an
 * entry that is not written was never chained, and none is written twice. Time is event time.
 */
import type { KeyObject } from 'node:crypto';
import {
  type ActorContext,
  type ActorRecord,
  type ActorTask,
  ByteSlice,
  ByteWriter,
  type RowStore,
  type RowsDeclaration,
  rows,
} from '../../engine/index.ts';
import type { TrustLogTopics } from '../../schemas/topics/index.ts';
import {
  type Accepted,
  appendLeaf,
  encodeEntry,
  entryHash,
  HASH_BYTES,
  levelOf,
  logStart,
  signState,
  TREE_BYTES,
  treePeaks,
  treeRoot,
} from '../../schemas/trust-log/index.ts';

export interface ChainOptions {
  /** A checkpoint after so many entries. */
  readonly entries: number;
  /** And where there are new ones, whenever event time passes a multiple of it. */
  readonly intervalMs: number;
  /** Ed25519, private; null: checkpoints are not signed. */
  readonly key: KeyObject | null;
}

type Inputs = Pick<TrustLogTopics, 'accepted'>;
type Outputs = Pick<TrustLogTopics, 'log' | 'checkpoints'>;

/** A row: size f64 · size at the last checkpoint f64 · when the next is due f64 · unused 8 · head 32 · the tree's hashes. */
const AT_SIZE = 0;
const AT_CHECKED = 1;
const AT_DUE = 2;
const AT_HEAD = 32;
const AT_TREE = 64;
const BLOCK_BYTES = 64;

export const chainState: { readonly chain: RowsDeclaration } = { chain: rows(AT_TREE + TREE_BYTES) };

export type ChainContext = ActorContext<Inputs, Outputs, typeof chainState>;

export class ChainTask implements ActorTask<Inputs> {
  readonly #context: ChainContext;
  readonly #options: ChainOptions;
  readonly #rows: RowStore;
  readonly #start: Uint8Array;
  readonly #writer = new ByteWriter(512);
  readonly #entry = new ByteSlice();
  readonly watermarkDue: Float64Array = Float64Array.of(Number.POSITIVE_INFINITY);
  /** The partition's one row; -1 before the first entry. */
  #row = -1;

  constructor(context: ChainContext, options: ChainOptions) {
    this.#context = context;
    this.#options = options;
    this.#rows = context.state.chain;
    this.#start = logStart(context.partition);
    this.onRollback();
  }

  process({ keyId, timestamp, value }: ActorRecord<Accepted>): void {
    if (this.#row < 0) this.#begin(keyId);
    const row = this.#row;
    const rows = this.#rows;
    rows.touch(row, 0);
    const { f64, u8 } = rows;
    const first = row * (rows.rowBytes / 8);
    const at = row * rows.rowBytes;
    const size = f64[first + AT_SIZE]!;
    const writer = this.#writer;
    writer.clear();
    const { keys } = this.#context;
    const previous = u8.subarray(at + AT_HEAD, at + AT_HEAD + HASH_BYTES);
    encodeEntry(writer, size, previous, keys.arena, keys.startOf(keyId), keys.endOf(keyId), value);
    const leaf = entryHash(writer.bytes.subarray(0, writer.position));
    rows.touch(row, Math.floor((AT_TREE + levelOf(size) * HASH_BYTES) / BLOCK_BYTES));
    appendLeaf({ bytes: u8, at: at + AT_TREE }, size, leaf);
    u8.set(leaf, at + AT_HEAD);
    f64[first + AT_SIZE] = size + 1;
    const entry = this.#entry;
    entry.bytes = writer.bytes;
    entry.start = 0;
    entry.end = writer.position;
    this.#context.out.log.emitFor(keyId, entry, timestamp);
    if (size + 1 - f64[first + AT_CHECKED]! >= this.#options.entries) this.#checkpoint(timestamp);
    else if (f64[first + AT_DUE] === Number.POSITIVE_INFINITY) {
      const { intervalMs } = this.#options;
      this.#setDue((Math.floor(timestamp / intervalMs) + 1) * intervalMs);
    }
  }

  onWatermark(watermark: number): void {
    if (this.#row < 0 || watermark < this.watermarkDue[0]!) return;
    this.#rows.touch(this.#row, 0);
    this.#checkpoint(watermark);
  }

  onRollback(): void {
    this.#row = -1;
    for (const row of this.#rows.rows()) this.#row = row;
    this.watermarkDue[0] =
      this.#row < 0 ? Number.POSITIVE_INFINITY : this.#rows.f64[this.#row * (this.#rows.rowBytes / 8) + AT_DUE]!;
  }

  /** Under the key that happens to come first: the row is the partition's, and state lies under keys. */
  #begin(keyId: number): void {
    const rows = this.#rows;
    this.#row = rows.create(keyId);
    rows.u8.set(this.#start, this.#row * rows.rowBytes + AT_HEAD);
    rows.f64[this.#row * (rows.rowBytes / 8) + AT_DUE] = Number.POSITIVE_INFINITY;
  }

  /** Block 0 was touched. */
  #checkpoint(timeMs: number): void {
    const rows = this.#rows;
    const at = this.#row * rows.rowBytes;
    const first = at / 8;
    const size = rows.f64[first + AT_SIZE]!;
    rows.f64[first + AT_CHECKED] = size;
    this.#setDue(Number.POSITIVE_INFINITY);
    const { partition } = this.#context;
    const memory = { bytes: rows.u8, at: at + AT_TREE };
    const head = rows.u8.slice(at + AT_HEAD, at + AT_HEAD + HASH_BYTES);
    const state = { partition, size, head, root: treeRoot(memory, size) };
    const signature = this.#options.key === null ? new Uint8Array(0) : signState(state, this.#options.key);
    const checkpoint = { ...state, peaks: treePeaks(memory, size), timeMs, signature };
    this.#context.out.checkpoints.emitFor(rows.keyIdOf(this.#row), checkpoint, timeMs);
  }

  #setDue(dueAt: number): void {
    this.#rows.f64[this.#row * (this.#rows.rowBytes / 8) + AT_DUE] = dueAt;
    this.watermarkDue[0] = dueAt;
  }
}
