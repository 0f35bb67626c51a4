/**
 * A partition as a broker keeps it, with transactions, markers, gaps of compaction and leader epochs; and what of it a
 * consumer may see, known from how it was written and from nothing that is read.
 */
import { BatchEncoder, type Compression, hideBatch, rewriteBaseOffsets } from '../../../../../engine/batch/index.ts';

export interface Seen {
  readonly offset: number;
  readonly value: string;
}

interface StoredBatch {
  readonly base: number;
  readonly last: number;
  readonly bytes: Uint8Array;
}

interface Aborted {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

const AT_LEADER_EPOCH = 12;
const RECORD_BYTES_MAX = 16 * 1024 * 1024;

export class ModelPartition {
  leader = 0;
  epoch = 0;
  start = 0;
  end = 0;
  readonly batches: StoredBatch[] = [];
  readonly aborted: Aborted[] = [];
  /** Where each epoch began. */
  epochs: { readonly epoch: number; readonly start: number }[] = [{ epoch: 0, start: 0 }];
  /** By producer: the first offset of its open transaction and what is in it. */
  readonly #open = new Map<number, { first: number; seen: Seen[] }>();
  readonly #visible: Seen[] = [];
  #gap = 0;
  readonly #whenWritten = new Set<() => void>();

  /** The first offset that is not decided yet. */
  get stableEnd(): number {
    let end = this.end;
    for (const { first } of this.#open.values()) end = Math.min(end, first);
    return end;
  }

  /** In order: what a consumer may see from an offset on, up to the stable end. */
  visible(from: number): Seen[] {
    const end = this.stableEnd;
    return this.#visible.filter(({ offset }) => offset >= from && offset < end).sort((a, b) => a.offset - b.offset);
  }

  append(values: readonly string[], compression: Compression = 'none'): void {
    this.#visible.push(...this.#write(values, -1, compression));
  }

  /** Part of the producer's transaction, which begins with the first. */
  appendIn(producerId: number, values: readonly string[], compression: Compression = 'none'): void {
    const seen = this.#write(values, producerId, compression);
    const first = seen[0]!.offset;
    const open = this.#open.get(producerId);
    if (open === undefined) this.#open.set(producerId, { first, seen });
    else open.seen.push(...seen);
  }

  decide(producerId: number, commits: boolean): void {
    const open = this.#open.get(producerId);
    if (open === undefined) return;
    this.#write([commits ? 'commit' : 'abort'], producerId, 'none', true);
    if (commits) this.#visible.push(...open.seen);
    else this.aborted.push({ producerId, firstOffset: open.first, lastOffset: this.end - 1 });
    this.#open.delete(producerId);
    this.#written();
  }

  decideAll(commits: (producerId: number) => boolean): void {
    for (const producerId of [...this.#open.keys()]) this.decide(producerId, commits(producerId));
  }

  /** Compaction took what would have stood there; it never takes the last batch. */
  skip(count: number): void {
    this.#gap += count;
  }

  truncateBefore(offset: number): void {
    this.start = Math.max(this.start, Math.min(offset, this.stableEnd));
    while (this.batches.length > 0 && this.batches[0]!.last < this.start) this.batches.shift();
  }

  moveTo(leader: number): void {
    this.leader = leader;
    this.epoch++;
    this.epochs.push({ epoch: this.epoch, start: this.end });
    this.#written();
  }

  /** An unclean election: what lies from `offset` on was never on the new leader. */
  loseFrom(offset: number, leader: number): void {
    while (this.batches.length > 0 && this.batches.at(-1)!.base >= offset) this.batches.pop();
    this.end = Math.min(this.end, offset);
    const kept = this.#visible.filter((seen) => seen.offset < offset);
    this.#visible.splice(0, Infinity, ...kept);
    this.epochs = this.epochs.filter(({ start }) => start < offset);
    this.moveTo(leader);
  }

  onWritten(run: () => void): () => void {
    this.#whenWritten.add(run);
    return () => this.#whenWritten.delete(run);
  }

  #write(values: readonly string[], producerId: number, compression: Compression, isMarker = false): Seen[] {
    const encoder = new BatchEncoder({
      compression: isMarker ? 'none' : compression,
      recordBytesMax: RECORD_BYTES_MAX,
    });
    if (producerId >= 0) {
      encoder.producerId = producerId;
      encoder.producerEpoch = 0;
      encoder.baseSequence = 0;
      encoder.isTransactional = true;
    }
    for (const value of values) {
      const bytes = Buffer.from(value);
      encoder.append(1000, bytes, -1, -1, bytes, 0, bytes.length);
    }
    const bytes = encoder.finish();
    if (isMarker) hideBatch(bytes, 0, bytes.length);
    const base = this.end + this.#gap;
    this.#gap = 0;
    this.end = rewriteBaseOffsets(bytes, base);
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(AT_LEADER_EPOCH, this.epoch);
    this.batches.push({ base, last: this.end - 1, bytes });
    this.#written();
    return values.map((value, i) => ({ offset: base + i, value }));
  }

  #written(): void {
    for (const run of [...this.#whenWritten]) run();
  }
}
