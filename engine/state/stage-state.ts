/**
 * All stores of one stage in one task, their savepoints, and their way to the changelog and back.
 *
 * The changelog needs no snapshots: each transaction writes, beside what it changed, about as many bytes of rows that
 * it did not change, going round all of them. When a round is complete, everything before its beginning may go. So the
 * changelog stays within a few times the state's size, and no commit is longer than its own changes make it.
 */
import type { KeyTable } from '../batch/index.ts';
import { ChangeReader, ChangeWriter } from './changes.ts';
import type { StateDeclaration } from './declaration.ts';
import type { DirtyPages } from './dirty-pages.ts';
import { RowStore } from './row-store.ts';
import { ValueStore } from './value-store.ts';

const SWEEP_BYTES_MIN = 512;
const WATERMARKS = '';

type Store = RowStore | ValueStore<unknown>;

/** Where a round of the sweep begins in the changelog; null until the transaction before it is committed. */
interface RoundStart {
  offset: number | null;
}

export interface StateChange {
  /** Valid until the next `collect`; their number for ever. */
  readonly chunks: readonly Uint8Array[];
  /** Set when a round of the sweep was completed and its place is known: what lies before this offset may go. */
  readonly truncateBefore: number | null;
  /** The round that begins behind these chunks. */
  readonly roundNext: RoundStart | null;
}

/** A page of a store that has changed since it was last written to the local copy. */
export interface DirtyPage {
  readonly store: string;
  readonly page: number;
}

export interface PageContent extends DirtyPage {
  /** Valid until the next page is written. None: the page holds nothing any more. */
  readonly chunks: readonly Uint8Array[];
}

export class StageState {
  readonly stores: Readonly<Record<string, Store>>;
  readonly watermarks: Map<string, number>;
  readonly list: readonly Store[];
  readonly #named: readonly (readonly [string, Store])[];
  readonly #changes = new ChangeWriter();
  readonly #writtenWatermarks = new Map<string, number>();
  #round: RoundStart = { offset: 0 };
  /** Starts of completed rounds before which nothing was truncated yet, in order. */
  readonly #completed: RoundStart[] = [];
  readonly #pages = new Map<string, DirtyPages>();
  readonly #pageWriter = new ChangeWriter();
  #sweepStore = 0;

  constructor(declared: Readonly<Record<string, StateDeclaration>>, inputs: readonly string[], keys: KeyTable) {
    this.#named = Object.entries(declared).map(([name, declaration]) => [
      name,
      declaration.kind === 'rows'
        ? new RowStore(keys, declaration.rowBytes)
        : new ValueStore<unknown>(keys, declaration.codec),
    ]);
    this.stores = Object.fromEntries(this.#named);
    this.list = this.#named.map(([, store]) => store);
    this.watermarks = new Map(inputs.map((input) => [input, Number.NEGATIVE_INFINITY]));
  }

  get bytes(): number {
    return this.#named.reduce((sum, [, store]) => sum + store.bytes, 0);
  }

  /**
   * What changed since the last call. The chunks go into the changelog one record each, in one append of the
   * transaction; `committed` is told where they came to lie, in the order of the calls. Where that is cannot be
   * counted here: Kafka's transaction markers take offsets too, and commits overlap.
   */
  collect(): StateChange {
    const changes = this.#changes;
    this.#collectWatermarks(false);
    for (const [name, store] of this.#named) {
      changes.section(name, store instanceof RowStore ? store.rowBytes : 0);
      store.collect(changes);
    }
    if (!changes.hasChanges) {
      changes.take();
      return { chunks: [], truncateBefore: this.#takeTruncation(), roundNext: null };
    }
    const roundDone = this.#sweep(Math.max(changes.bytes, SWEEP_BYTES_MIN));
    if (roundDone) this.#collectWatermarks(true);
    const chunks = changes.take();
    if (!roundDone) return { chunks, truncateBefore: this.#takeTruncation(), roundNext: null };
    this.#completed.push(this.#round);
    this.#round = { offset: null };
    return { chunks, truncateBefore: this.#takeTruncation(), roundNext: this.#round };
  }

  /** The transaction of `change` is committed, its first chunk at `baseOffset` of the changelog. */
  committed(change: StateChange, baseOffset: number): void {
    if (change.roundNext !== null) change.roundNext.offset = baseOffset + change.chunks.length;
  }

  /** From now on what is collected or restored is noted by page, for a local copy. */
  trackPages(): void {
    for (const [name, store] of this.#named) this.#pages.set(name, store.trackPages());
  }

  /** The pages that changed since the last call, up to the last `collect`. */
  takeDirtyPages(): DirtyPage[] {
    return [...this.#pages].flatMap(([store, pages]) => pages.take().map((page) => ({ store, page })));
  }

  /** The page as it is now; between two transactions. */
  writePage({ store: name, page }: DirtyPage): PageContent {
    const writer = this.#pageWriter;
    const store = this.stores[name] as Store;
    writer.section(name, store instanceof RowStore ? store.rowBytes : 0);
    store.writePage(writer, page);
    return { store: name, page, chunks: writer.take() };
  }

  /** Slots in use, by store. */
  slotsUsed(): Record<string, number> {
    return Object.fromEntries(this.#named.map(([name, store]) => [name, store.slotsUsed]));
  }

  reserve(name: string, slots: number): void {
    this.stores[name]?.reserve(slots);
  }

  /** Applies one chunk of the changelog, in its order, or rows of the local copy. */
  restoreChunk(chunk: Uint8Array): void {
    const changes = new ChangeReader(chunk);
    const byName = new Map(this.#named);
    while (changes.nextSection()) {
      const store = byName.get(changes.sectionName);
      if (store !== undefined) store.restore(changes);
      else
        while (changes.next())
          if (changes.sectionName === WATERMARKS && this.watermarks.has(changes.keyText()))
            this.watermarks.set(changes.keyText(), changes.number());
    }
  }

  /** Empty again, in the middle of a restore. */
  forget(): void {
    for (const [, store] of this.#named) store.forget();
    for (const input of this.watermarks.keys()) this.watermarks.set(input, Number.NEGATIVE_INFINITY);
  }

  /** `end`: the changelog's end offset, also when it was empty. */
  endRestore(end: number): void {
    for (const [, store] of this.#named) store.endRestore();
    for (const [input, watermark] of this.watermarks) this.#writtenWatermarks.set(input, watermark);
    this.#round = { offset: end };
  }

  /**
   * The start of the newest completed round whose place is known. It goes with the transaction that completes the round
   * or a later one: those of an owner commit in order, so what it cuts off is always repeated behind it.
   */
  #takeTruncation(): number | null {
    const known = this.#completed.findLastIndex(({ offset }) => offset !== null);
    if (known < 0) return null;
    const offset = this.#completed[known]!.offset;
    this.#completed.splice(0, known + 1);
    return offset;
  }

  #collectWatermarks(all: boolean): void {
    let isOpen = false;
    for (const [input, watermark] of this.watermarks) {
      if (watermark === Number.NEGATIVE_INFINITY || (!all && this.#writtenWatermarks.get(input) === watermark))
        continue;
      if (!isOpen) this.#changes.section(WATERMARKS, 0);
      isOpen = true;
      this.#changes.named(input, watermark);
      this.#writtenWatermarks.set(input, watermark);
    }
  }

  /** True when the round is complete with this call. */
  #sweep(bytesMax: number): boolean {
    const changes = this.#changes;
    const limit = changes.bytes + bytesMax;
    while (this.#sweepStore < this.#named.length) {
      const [name, store] = this.#named[this.#sweepStore];
      changes.section(name, store instanceof RowStore ? store.rowBytes : 0);
      if (!store.sweep(changes, limit - changes.bytes)) return false;
      this.#sweepStore++;
    }
    this.#sweepStore = 0;
    return true;
  }
}
