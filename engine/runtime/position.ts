/**
 * Where a worker is, in memory that outlives it: the main thread finds the record that hangs or has killed a thread.
 *
 * The worker writes with plain stores before each record (an atomic store would cost more than the record itself in the
 * fastest stages). The main thread reads the record's fields only when they cannot be changing: after the thread has
 * ended, or when the beat has stood still for the whole limit; joining the thread, or the limit's seconds, make the
 * stores visible.
 */
const BEAT = 0;
const SLOT = 1;
const SOURCE = 2;
const OFFSET_LOW = 3;
const OFFSET_HIGH = 4;
const SPAN = 5;
const WORDS = 16;

export interface RecordPosition {
  /** The number that the main thread gave the task when it assigned it. */
  readonly slot: number;
  /** Index of the task's source. */
  readonly source: number;
  readonly offset: number;
  /** Offsets from there on, where several records are handled in one loop: it may be any of them. */
  readonly span: number;
}

export class WorkerPosition {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(WORDS * 4)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Before a record is handled. `slot` counts from 1; 0 says idle. */
  enter(slot: number, source: number, offset: number): void {
    const words = this.#words;
    words[SLOT] = slot;
    words[SOURCE] = source;
    words[OFFSET_LOW] = offset | 0;
    words[OFFSET_HIGH] = (offset * 2 ** -32) | 0;
    words[SPAN] = 1;
    words[BEAT] = (words[BEAT] + 1) | 0;
  }

  /** Before another record of the same stretch is handled: `low` is the lower half of its offset, more or less 2^32. */
  move(low: number): void {
    const words = this.#words;
    const before = words[OFFSET_LOW];
    words[OFFSET_LOW] = low | 0;
    // Offsets only grow within a stretch: a lower half that is smaller has gone past its end.
    if (before >>> 0 > low >>> 0) words[OFFSET_HIGH] = (words[OFFSET_HIGH] + 1) | 0;
    words[BEAT] = (words[BEAT] + 1) | 0;
  }

  /** The records of the next `span` offsets are handled in one loop. */
  spread(span: number): void {
    this.#words[SPAN] = span;
  }

  leave(): void {
    this.#words[SLOT] = 0;
    this.#words[BEAT] = (this.#words[BEAT] + 1) | 0;
  }

  /** Changes whenever the worker begins or ends something. */
  get beat(): number {
    return Atomics.load(this.#words, BEAT);
  }

  /** Null when idle. */
  read(): RecordPosition | null {
    const slot = Atomics.load(this.#words, SLOT);
    if (slot === 0) return null;
    const low = Atomics.load(this.#words, OFFSET_LOW) >>> 0;
    const high = Atomics.load(this.#words, OFFSET_HIGH);
    const [source, span] = [Atomics.load(this.#words, SOURCE), Atomics.load(this.#words, SPAN)];
    return { slot, source, offset: high * 2 ** 32 + low, span };
  }
}
