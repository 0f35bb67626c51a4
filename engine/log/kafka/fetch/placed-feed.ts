/** A feed with its place in the cluster: who leads its partition, what is known of the partition, which line asks for it. */
import type { PartitionBounds } from '../../port.ts';
import { ZERO_UUID } from '../protocol/index.ts';
import type { HeldFrame } from './chunk.ts';
import { PartitionFeed } from './partition-feed.ts';

/** A broker's line of requests, as a feed sees it (session-line.ts). */
export interface Line {
  readonly broker: number;
  /** Whether the broker is about to answer for exactly where the feed stands. */
  covers(feed: PlacedFeed): boolean;
  /** Sends the next request where none is under way and there is something to ask for. */
  ask(): void;
  remove(feed: PlacedFeed): void;
}

/** What the thread knows of one partition, from whichever answer; -1: nothing. All feeds of the partition share it. */
export class KnownBounds {
  start = -1;
  end = -1;
  /** Under which leader: another may lag behind what was known of the last. */
  #epoch = -1;
  #snapshot: PartitionBounds = { start: -1, end: -1 };

  /** Of answers of one leader the furthest end holds: they may be worked on out of order. */
  learn(start: number, end: number): void {
    if (start > this.start) this.start = start;
    if (end > this.end) this.end = end;
  }

  under(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.end = -1;
  }

  /** The topic was made anew. */
  reset(): void {
    this.#epoch = -1;
    this.start = -1;
    this.end = -1;
  }

  /** One object for as long as nothing changes. */
  snapshot(): PartitionBounds {
    const { start, end } = this;
    if (this.#snapshot.start !== start || this.#snapshot.end !== end) this.#snapshot = { start, end };
    return this.#snapshot;
  }
}

export class PlacedFeed extends PartitionFeed {
  readonly bounds: KnownBounds;
  topicId = ZERO_UUID;
  /** Of the leader that the position was last checked with; -1 before the first. */
  leaderEpoch = -1;
  /** Where its next answers come from. */
  line: Line | null = null;
  isPlacing = false;
  /** Failures since it was last given an answer. */
  losses = 0;
  /** A request of its own is under way, so the line leaves it out. */
  isAskedDirectly = false;
  /** Something is wrong that the reader's next fetch has to find out. */
  isTroubled = false;
  /** When its line last gave it something. */
  fedAt = Number.NEGATIVE_INFINITY;
  /** Its reader has let go of it. */
  isOver = false;
  /** For the reader: when it last asked for this feed, in fetches. */
  usedAt = 0;
  /** There may be something new: batches, or trouble. */
  readonly arrived: () => void;

  constructor(topic: string, partition: number, bounds: KnownBounds, spent: HeldFrame[], arrived: () => void) {
    super(topic, partition, spent);
    this.bounds = bounds;
    this.arrived = arrived;
  }
}
