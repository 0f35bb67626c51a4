/**
 * The log port's reader over a thread's fetcher. What lies ready is given out as it was received; what was announced is
 * waited for; everything else is asked for at once. One call at a time, but for `close`.
 */
import { MsecError, pause } from '../../../base/index.ts';
import type { FetchedBatches, LogReader, PartitionBounds, PartitionPosition } from '../../port.ts';
import type { HeldFrame } from './chunk.ts';
import type { Fetcher } from './fetcher.ts';
import { outOfRange } from './offsets.ts';
import { PlacedFeed } from './placed-feed.ts';

const NOTHING = new Uint8Array(0);
/** Answers of the line without anything for the reader, before it asks by itself. */
const ARRIVALS_MAX = 3;
/** An offset after the end may only be a new leader's end that lags; after this long it is believed. */
const AHEAD_MS_MAX = 2000;
const AHEAD_PAUSE_MS = 20;
/** A feed that was not asked for in so many fetches is let go. */
const UNUSED_FETCHES_MAX = 64;

export class FetchReader implements LogReader {
  readonly #fetcher: Fetcher;
  readonly #whenClosed: () => void;
  readonly #feeds: PlacedFeed[] = [];
  /** Frames that are done with, but in which the view that was given last may lie. */
  readonly #spent: HeldFrame[] = [];
  readonly #closing = new AbortController();
  #fetches = 0;
  #wake: (() => void) | null = null;

  constructor(fetcher: Fetcher, whenClosed: () => void = () => {}) {
    this.#fetcher = fetcher;
    this.#whenClosed = whenClosed;
  }

  async fetch(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedBatches> {
    this.#assertOpen();
    const feed = this.#feed(topic, partition);
    feed.usedAt = ++this.#fetches;
    if (this.#fetches % UNUSED_FETCHES_MAX === 0)
      this.#letGo((other) => this.#fetches - other.usedAt > UNUSED_FETCHES_MAX);
    feed.bytesMax = Math.max(bytesMax, 1);
    const jumped = feed.moveTo(this.#reachable(feed, offset));
    this.#release();
    // Who reads on will want the next answer too; a single look is answered alone.
    if (!jumped) this.#fetcher.place(feed);
    feed.line?.ask();
    return feed.take(bytesMax, feed.bounds.snapshot()) ?? (await this.#await(feed, bytesMax));
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    this.#assertOpen();
    return await this.#fetcher.bounds(topic, partition);
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    this.#assertOpen();
    return await this.#fetcher.committed(group, topic);
  }

  async wait(positions: readonly PartitionPosition[], timeoutMs: number): Promise<boolean> {
    if (this.#closing.signal.aborted || positions.length === 0) return false;
    const feeds = positions.map(({ topic, partition, offset }) => {
      const feed = this.#feed(topic, partition);
      feed.usedAt = this.#fetches;
      if (feed.moveTo(this.#reachable(feed, offset))) feed.isTroubled = false;
      this.#fetcher.place(feed);
      feed.line?.ask();
      return feed;
    });
    if (this.#feeds.length > feeds.length) this.#letGo((feed) => !feeds.includes(feed));
    const isReady = () => feeds.some((feed) => feed.isReady || feed.isTroubled);
    if (isReady()) return true;
    return await new Promise((resolve) => {
      const finish = (ready: boolean) => {
        timer.cancel();
        this.#wake = null;
        resolve(ready);
      };
      const timer = this.#fetcher.clock.after(timeoutMs, () => finish(false));
      this.#wake = () => {
        if (this.#closing.signal.aborted) finish(false);
        else if (isReady()) finish(true);
      };
    });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#letGo(() => true);
    this.#release();
    this.#wake?.();
    this.#whenClosed();
  }

  /** Nothing lies ready: either it was announced, or it is asked for. */
  async #await(feed: PlacedFeed, bytesMax: number): Promise<FetchedBatches> {
    const { bounds } = feed;
    const deadline = this.#fetcher.clock.monotonic() + AHEAD_MS_MAX;
    for (let arrivals = 0; ; ) {
      if (feed.line?.covers(feed) === true && arrivals < ARRIVALS_MAX && bounds.end >= 0) {
        // The line tells as soon as there is more than is known of.
        if (feed.fetchOffset === bounds.end) return nothing(bounds.snapshot());
        if (feed.fetchOffset < bounds.end) {
          await this.#arrival();
          this.#assertOpen();
          arrivals++;
          const arrived = feed.take(bytesMax, bounds.snapshot());
          if (arrived !== null) return arrived;
          continue;
        }
      }
      feed.isTroubled = false;
      const { end } = await this.#fetcher.look(feed);
      this.#assertOpen();
      const found = feed.take(bytesMax, bounds.snapshot());
      if (found !== null) return found;
      const offset = this.#reachable(feed, feed.fetchOffset);
      if (feed.moveTo(offset)) continue;
      // A leader that has something at an offset below its end sends it, however little was asked for: what stands there
      // was compacted away, and what follows is not decided yet.
      if (offset <= end) return nothing({ start: bounds.start, end: offset });
      if (this.#fetcher.clock.monotonic() >= deadline) {
        throw outOfRange(feed.topic, feed.partition, offset, { start: bounds.start, end });
      }
      await pause(this.#fetcher.clock, AHEAD_PAUSE_MS, this.#closing.signal);
    }
  }

  /** By policy, the first offset that is left. */
  #reachable({ bounds }: PlacedFeed, offset: number): number {
    return this.#fetcher.skipsToStart && offset < bounds.start ? bounds.start : offset;
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }

  #feed(topic: string, partition: number): PlacedFeed {
    for (const feed of this.#feeds) if (feed.partition === partition && feed.topic === topic) return feed;
    const bounds = this.#fetcher.boundsKnown(topic, partition);
    const feed = new PlacedFeed(topic, partition, bounds, this.#spent, () => this.#wake?.());
    this.#feeds.push(feed);
    return feed;
  }

  #letGo(which: (feed: PlacedFeed) => boolean): void {
    for (let i = this.#feeds.length - 1; i >= 0; i--) {
      const feed = this.#feeds[i]!;
      if (!which(feed)) continue;
      this.#feeds.splice(i, 1);
      feed.isOver = true;
      this.#fetcher.unplace(feed);
      feed.drop();
    }
  }

  #release(): void {
    for (const frame of this.#spent.splice(0)) frame.done();
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new MsecError('CLOSED', 'the reader was closed');
  }
}

function nothing(bounds: PartitionBounds): FetchedBatches {
  return { bytes: NOTHING, start: 0, end: 0, bounds };
}
