/**
 * What one reader wants of one partition: its position, the chunks that lie ready for it, and where the next request
 * asks. Bounded: at most one answer is worked on and another is ready. No input or output here.
 */
import { BatchHeads } from '../../../batch/index.ts';
import type { FetchedBatches, PartitionBounds } from '../../port.ts';
import type { AbortedTransaction } from './aborted.ts';
import { hideAborted } from './aborted.ts';
import type { Chunk, HeldFrame } from './chunk.ts';

/** Small answers are bounded by their number: each keeps a frame. */
const CHUNKS_MAX = 16;
const heads = new BatchHeads();

/** The part of an answer that is the feed's. */
export interface FedAnswer {
  /** The offset that was asked for. */
  readonly offset: number;
  readonly records: Uint8Array;
  readonly aborted: readonly AbortedTransaction[];
}

export class PartitionFeed {
  readonly topic: string;
  readonly partition: number;
  /** Where the next request asks: the offset after everything that lies ready. */
  fetchOffset = -1;
  /** Of the last batch that was received before `fetchOffset`; -1 where the position was not reached by reading. */
  lastEpoch = -1;
  /** As much as the reader asks for at a time. */
  bytesMax = 1;
  readonly #spent: HeldFrame[];
  readonly #chunks: Chunk[] = [];
  #bytes = 0;

  /** `spent` takes the frames that are done with: the reader's view may lie in one until its next fetch. */
  constructor(topic: string, partition: number, spent: HeldFrame[]) {
    this.topic = topic;
    this.partition = partition;
    this.#spent = spent;
  }

  /** Bytes that lie ready or are worked on. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one more answer may be asked for. */
  get hasRoom(): boolean {
    return this.#bytes <= this.bytesMax && this.#chunks.length < CHUNKS_MAX;
  }

  /** Whether something lies ready at or after the offset that was last moved to. */
  get isReady(): boolean {
    return this.#chunks.length > 0;
  }

  /** The reader is at `offset` now. What lies before is done with; what does not follow is dropped. True where it jumped. */
  moveTo(offset: number): boolean {
    for (;;) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      if (offset < chunk.offset) {
        this.drop();
        break;
      }
      if (offset < chunk.offsetNext) {
        this.#advance(chunk, offset);
        return false;
      }
      this.#chunks.shift();
      this.#bytes -= chunk.end - chunk.start;
      this.#spent.push(chunk.frame);
    }
    if (offset === this.fetchOffset) return false;
    this.fetchOffset = offset;
    this.lastEpoch = -1;
    return true;
  }

  /** What lies ready at the offset last moved to, up to `bytesMax` but at least a batch; null where nothing does. */
  take(bytesMax: number, bounds: PartitionBounds): FetchedBatches | null {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return null;
    const { bytes, start, end } = chunk;
    if (end - start <= bytesMax) return { bytes, start, end, bounds };
    heads.reset(bytes, start, end);
    let taken = start;
    while (heads.next() && (taken === start || heads.end - start <= bytesMax)) taken = heads.end;
    return { bytes, start, end: taken, bounds };
  }

  /**
   * Takes an answer's batches in; true where there were any. What was asked for at another position than the present is
   * left alone. A last batch that is cut off is left out. `records` belong to `frame` and may be changed. BATCH_CORRUPT.
   */
  accept({ offset, records, aborted }: FedAnswer, frame: HeldFrame): boolean {
    if (offset !== this.fetchOffset) return false;
    heads.reset(records);
    while (heads.next()) if (heads.lastOffset >= offset) break;
    const { start } = heads;
    if (heads.lastOffset < offset) return false;
    let offsetNext = offset;
    do {
      offsetNext = heads.lastOffset + 1;
      this.lastEpoch = heads.leaderEpoch;
    } while (heads.next());
    const { end } = heads;
    // An aborted transaction may begin in a batch before the first that is wanted.
    if (aborted.length > 0) hideAborted(records, 0, end, aborted);
    this.#chunks.push({ frame: frame.use(), bytes: records, start, end, offset, offsetNext });
    this.#bytes += end - start;
    this.fetchOffset = offsetNext;
    return true;
  }

  /** Nothing lies ready any more, and the next position is a jump. */
  drop(): void {
    for (const chunk of this.#chunks.splice(0)) this.#spent.push(chunk.frame);
    this.#bytes = 0;
    this.fetchOffset = -1;
    this.lastEpoch = -1;
  }

  #advance(chunk: Chunk, offset: number): void {
    if (offset === chunk.offset) return;
    chunk.offset = offset;
    heads.reset(chunk.bytes, chunk.start, chunk.end);
    while (heads.next() && heads.lastOffset < offset) {}
    this.#bytes -= heads.start - chunk.start;
    chunk.start = heads.start;
  }
}
