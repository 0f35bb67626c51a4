/**
 * Keeps the local copy of one stage's state close behind its commits, a slice of pages with each of them, so that no
 * commit waits for long. A round writes every page that was dirty at its beginning; when the last one is on the disk,
 * the copy is good from the position at which the round began. Only what is committed is ever written.
 */
import { assert, type Clock } from '../base/index.ts';
import { joinPage, restorePage } from './page-bytes.ts';
import type { PageRun, SavedPage, SnapshotCopies, SnapshotOf } from './snapshot-copies.ts';
import type { DirtyPage, StageState } from './stage-state.ts';

export interface StageSnapshotOptions {
  /** From the end of one round to the beginning of the next. */
  readonly intervalMs: number;
  /** Bytes of pages that are copied at one commit. */
  readonly sliceBytes: number;
}

export const STAGE_SNAPSHOT_OPTIONS: StageSnapshotOptions = { intervalMs: 5_000, sliceBytes: 4 * 1024 * 1024 };

/** Slices on their way to the disk; a disk that does not keep up is left behind. */
const SAVES_IN_FLIGHT_MAX = 2;

interface Round {
  readonly pages: readonly DirtyPage[];
  /** Pages before this index have been copied. */
  next: number;
  /** Where the changelog ended with the commit at which the round began; null until that is known. */
  position: number | null;
  readonly watermarks: Readonly<Record<string, number>>;
  readonly slots: Readonly<Record<string, number>>;
}

/** What was copied at one commit, until that is acknowledged. */
export interface SnapshotSlice {
  readonly round: Round;
  readonly pages: readonly SavedPage[];
  readonly ends: boolean;
}

export class StageSnapshot {
  readonly #copies: SnapshotCopies;
  readonly #of: SnapshotOf;
  readonly #state: StageState;
  readonly #clock: Clock;
  readonly #options: StageSnapshotOptions;
  readonly #failed: (thrown: unknown) => void;
  #round: Round | null = null;
  /** Where the changelog ended with the last commit. */
  #position: number | null = null;
  #quietSince: number;
  #saves: Promise<void>[] = [];
  #isOff = false;

  /** `failed` is told once; without a copy the task goes on. */
  constructor(
    copies: SnapshotCopies,
    of: SnapshotOf,
    state: StageState,
    clock: Clock,
    failed: (thrown: unknown) => void,
    options: StageSnapshotOptions = STAGE_SNAPSHOT_OPTIONS,
  ) {
    this.#copies = copies;
    this.#of = of;
    this.#state = state;
    this.#clock = clock;
    this.#failed = failed;
    this.#options = options;
    this.#quietSince = clock.monotonic();
  }

  /**
   * Loads the copy into the state, which is empty, and gives the changelog's offset to go on from; null where all of it
   * must be read. What is restored from there on is missing in the copy, and noted.
   */
  async open(changelog: { readonly start: number; readonly end: number }): Promise<number | null> {
    const position = await this.#load(changelog);
    if (position === null) await this.#copies.discard(this.#of);
    this.#state.trackPages();
    this.#position = changelog.end;
    return position;
  }

  async #load(changelog: { readonly start: number; readonly end: number }): Promise<number | null> {
    const head = await this.#copies.head(this.#of);
    // Below the start the changes that are missing are gone; beyond the end it is another changelog's.
    if (head === null || head.position < changelog.start || head.position > changelog.end) return null;
    const state = this.#state;
    for (const [store, slots] of Object.entries(head.slots)) state.reserve(store, slots);
    let run: PageRun | null = await this.#copies.read(this.#of, null);
    while (run !== null) {
      // The next pages come while these are restored.
      const coming: Promise<PageRun> | null = run.next === null ? null : this.#copies.read(this.#of, run.next);
      try {
        for (const page of run.pages) restorePage(state, page);
      } finally {
        run = await coming;
      }
    }
    for (const [input, watermark] of Object.entries(head.watermarks)) state.watermarks.set(input, watermark);
    return head.position;
  }

  /** At the boundary of two transactions, after the state was collected for the first of them. */
  slice(): SnapshotSlice | null {
    return this.#saves.length < SAVES_IN_FLIGHT_MAX ? this.#slice(this.#options.sliceBytes) : null;
  }

  /**
   * The transaction is committed, and the stage's changelog ends at `position` with it; with what `slice` gave for it.
   * In the order of the transactions.
   */
  committed(slice: SnapshotSlice | null, position: number): void {
    this.#position = position;
    if (slice === null || this.#isOff) return;
    const { round } = slice;
    round.position ??= position;
    const saved = this.#save(slice).catch((thrown: unknown) => {
      if (this.#isOff) return;
      this.#isOff = true;
      this.#failed(thrown);
    });
    const tracked = saved.finally(() => {
      this.#saves = this.#saves.filter((other) => other !== tracked);
    });
    this.#saves.push(tracked);
  }

  /** After the last commit: what is there now is written, so that the next start reads no changelog. */
  async finish(): Promise<void> {
    if (this.#position === null) return;
    // What is left of a round, and then what changed since it began.
    for (let slice = this.#slice(); slice !== null; slice = this.#slice()) {
      this.committed(slice, this.#position);
      await Promise.all(this.#saves);
    }
  }

  #slice(bytesMax = Number.POSITIVE_INFINITY): SnapshotSlice | null {
    if (this.#isOff) return null;
    const round = this.#round ?? this.#beginRound(bytesMax === Number.POSITIVE_INFINITY ? 0 : this.#options.intervalMs);
    if (round === null) return null;
    const pages: SavedPage[] = [];
    for (let bytes = 0; round.next < round.pages.length && bytes < bytesMax; ) {
      const { store, page, chunks } = this.#state.writePage(round.pages[round.next++] as DirtyPage);
      const saved = { store, page, bytes: joinPage(chunks) };
      bytes += saved.bytes.length;
      pages.push(saved);
    }
    const ends = round.next === round.pages.length;
    this.#round = ends ? null : round;
    return { round, pages, ends };
  }

  #beginRound(intervalMs: number): Round | null {
    if (this.#clock.monotonic() - this.#quietSince < intervalMs) return null;
    const pages = this.#state.takeDirtyPages();
    if (pages.length === 0) return null;
    const watermarks = Object.fromEntries([...this.#state.watermarks].filter(([, at]) => Number.isFinite(at)));
    return { pages, next: 0, position: null, watermarks, slots: this.#state.slotsUsed() };
  }

  async #save({ round, pages, ends }: SnapshotSlice): Promise<void> {
    await this.#copies.save(this.#of, pages);
    if (!ends) return;
    assert(round.position !== null, 'a round has its position before it ends');
    const { position, watermarks, slots } = round;
    await this.#copies.publish(this.#of, { position, watermarks, slots });
    this.#quietSince = this.#clock.monotonic();
  }
}
