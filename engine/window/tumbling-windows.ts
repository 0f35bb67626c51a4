/**
 * Event-time tumbling windows over a row store: one row for each (key, window), found by the window's start. A window
 * closes, finally and once, when the watermark has passed its end and the grace; records for a closed window are late.
 * Epoch-aligned, as Kafka Streams' and Flink's are. Nothing but the rows is state, and the
 * store holds no others: what is kept beside them is rebuilt.
 */
import type { RowStore } from '../state/index.ts';

/** Places in the last window's bounds. */
const START = 0;
const END = 1;

export interface TumblingWindowOptions {
  readonly sizeMs: number;
  /** How long after its end a window still takes records, in event time. */
  readonly graceMs: number;
}

/** What a window needs to know of a record; a `RecordWalk` is one. */
export interface WindowedRecord {
  readonly keyId: number;
  readonly timestamp: number;
  /** How far event time of the record's own input had come before it. */
  readonly inputWatermark: number;
}

/** Records of a loop; a `RecordWalk` in a run is some. */
export interface WindowedRun {
  readonly columns: { readonly timestamps: Float64Array; readonly keyIds: Int32Array };
  readonly from: number;
  readonly to: number;
  /** How far event time of their input had come before the first. */
  readonly inputWatermark: number;
  endRun(to: number): void;
}

interface RunWithEnd {
  readonly to: number;
  endRun(to: number): void;
}

/** Values under one key, in a loop; a `HandedRun` is some. */
export interface WindowedValues {
  readonly keyId: number;
  readonly timestamps: Float64Array;
  readonly from: number;
  readonly to: number;
  /** How far event time of their input had come before the first. */
  readonly inputWatermark: number;
  endRun(to: number): void;
}

export class TumblingWindows {
  readonly #record = { keyId: 0, timestamp: Number.NEGATIVE_INFINITY, inputWatermark: Number.NEGATIVE_INFINITY };
  readonly sizeMs: number;
  readonly graceMs: number;
  readonly #store: RowStore;
  /** Starts of open windows; some may have no row, because it was rolled back. */
  readonly #starts = new Set<number>();
  /** One of them, which most new rows are of; NaN: none. A set is asked with a number in a box. */
  readonly #known = Float64Array.of(Number.NaN);
  /**
   * Of the window that closes. Fields that have held no number hold objects for ever, so that the same boxes are handed
   * over for all of its rows and not three more for each.
   */
  readonly #closing: { start: number | null; end: number | null; last: number | null } = {
    start: null,
    end: null,
    last: null,
  };
  /** Bounds of the window that the last record fell into: the next one mostly falls into it too. */
  readonly #last = new Float64Array(2);
  /** Of the last run. */
  #runRows = new Int32Array(0);
  /** Where the values of the last `spanOf` end. */
  spanEnd = 0;
  /** For sorting. */
  #scratch = new Int32Array(0);
  /** The watermark at which the next window closes, alone in its array: for `ActorTask.watermarkDue`. */
  readonly due: Float64Array = Float64Array.of(Number.POSITIVE_INFINITY);

  constructor(store: RowStore, { sizeMs, graceMs }: TumblingWindowOptions) {
    this.#store = store;
    this.sizeMs = sizeMs;
    this.graceMs = graceMs;
    this.rebuild();
  }

  /** After a restore or a rollback. */
  rebuild(): void {
    this.#starts.clear();
    for (const row of this.#store.rows()) this.#starts.add(this.#store.subOf(row));
    this.#startsChanged();
  }

  /**
   * The row of the key's window that `timestamp` falls into, all zero when it is new; -1 when the window has closed for
   * the record's own input, whose watermark is given: then the record is late.
   */
  rowFor(keyId: number, timestamp: number, inputWatermark: number): number {
    const record = this.#record;
    record.keyId = keyId;
    record.timestamp = timestamp;
    record.inputWatermark = inputWatermark;
    return this.rowOf(record);
  }

  /** As `rowFor`, of a record at hand: times that are handed over by themselves would each be boxed, for each record. */
  rowOf(record: WindowedRecord): number {
    const { timestamp } = record;
    const last = this.#last;
    if (!(timestamp >= last[START] && timestamp < last[END])) this.#enter(record);
    if (last[END] + this.graceMs <= record.inputWatermark) return -1;
    const row = this.#store.find(record.keyId, last[START]);
    return row >= 0 ? row : this.#create(record.keyId);
  }

  /**
   * As `rowFor`, for each record of the run, in its place of the columns; valid until the next call. The run is ended where
   * a window that it has opened becomes due.
   */
  rowsOf(run: WindowedRun): Int32Array {
    if (this.#runRows.length < run.to) this.#runRows = new Int32Array(run.to);
    const { timestamps } = run.columns;
    const last = this.#last;
    const record = this.#record;
    record.inputWatermark = run.inputWatermark;
    for (let at = run.from; at < run.to; ) {
      record.timestamp = timestamps[at]!;
      if (!(record.timestamp >= last[START]! && record.timestamp < last[END]!)) this.#enter(record);
      if (last[END]! + this.graceMs <= record.inputWatermark) this.#runRows[at++] = -1;
      else at = this.#rowsOfWindow(run, at);
    }
    return this.#runRows;
  }

  /**
   * As `rowFor`, of values that lie in one window: those from `at` up to `spanEnd`. Called for the first of the run, then
   * for where the last span ended. The run is ended where a window that it has opened becomes due.
   */
  spanOf(run: WindowedValues, at: number): number {
    const record = this.#record;
    if (at === run.from) record.inputWatermark = run.inputWatermark;
    record.keyId = run.keyId;
    record.timestamp = run.timestamps[at]!;
    const row = this.rowOf(record);
    this.spanEnd = this.#spanEnd(run, run.timestamps, at);
    return row;
  }

  /** How far event time had come before each value of the last span, where it was late. */
  get spanWatermark(): number {
    return this.#record.inputWatermark;
  }

  /** Of the records from `at` on that lie in the last window; gives where the next one begins. */
  #rowsOfWindow(run: WindowedRun, at: number): number {
    const rows = this.#runRows;
    const { timestamps, keyIds } = run.columns;
    const to = this.#spanEnd(run, timestamps, at);
    this.#store.findEach(keyIds, at, to, this.#last, rows);
    for (let i = at; i < to; i++) {
      if (rows[i]! >= 0) continue;
      // It may have been made a moment ago.
      this.#store.findEach(keyIds, i, i + 1, this.#last, rows);
      if (rows[i]! < 0) rows[i] = this.#create(keyIds[i]!);
    }
    return to;
  }

  /** Behind those from `at` on that lie in the last window; they move #record's watermark. */
  #spanEnd(run: RunWithEnd, timestamps: Float64Array, at: number): number {
    const start = this.#last[START]!;
    const end = this.#last[END]!;
    // No record of an open window can close it: what goes for the first of them goes for all.
    let latest = this.#record.inputWatermark;
    const due = this.due[0]!;
    const runEnd = run.to;
    let to = at;
    while (to < runEnd) {
      const timestamp = timestamps[to]!;
      if (timestamp < start || timestamp >= end) break;
      to++;
      if (timestamp <= latest) continue;
      latest = timestamp;
      if (latest < due) continue;
      run.endRun(to);
      break;
    }
    this.#record.inputWatermark = latest;
    return to;
  }

  #enter({ timestamp }: WindowedRecord): void {
    // Not with %: on doubles it is a call into C. Exact for safe integers.
    this.#last[START] = Math.floor(timestamp / this.sizeMs) * this.sizeMs;
    this.#last[END] = this.#last[START] + this.sizeMs;
  }

  #create(keyId: number): number {
    const created = this.#store.createUnder(keyId, this.#last);
    if (this.#known[0] !== this.#last[START]) this.#open();
    return created;
  }

  #open(): void {
    const start = this.#last[START]!;
    if (!this.#starts.has(start)) {
      this.#starts.add(start);
      this.#startsChanged();
    }
    this.#known[0] = start;
  }

  /** Whether `closeDue` would have anything to do; cheap enough for each record. */
  isDue(watermark: number): boolean {
    return watermark >= this.due[0];
  }

  /**
   * Hands over each window that is due, older ones first and within one window by key bytes, so that the order does
   * not depend on the way here; removes its row afterwards.
   */
  closeDue(watermark: number, keys: KeyOrder, close: CloseWindow): void {
    if (watermark < this.due[0]) return;
    const store = this.#store;
    const due = [...this.#starts].filter((start) => start + this.sizeMs + this.graceMs <= watermark);
    for (const start of due.sort((a, b) => a - b)) {
      const rows = this.#rowsOf(start, keys);
      const closing = this.#closing;
      closing.start = start;
      closing.end = start + this.sizeMs;
      closing.last = closing.end - 1;
      for (let i = 0; i < rows.length; ) {
        const row = rows[i++];
        close(row, closing.start, closing.end, closing.last);
        store.remove(row);
      }
      this.#starts.delete(start);
    }
    this.#startsChanged();
  }

  /**
   * In the order of their keys' bytes. Found by a walk over the store, once a window: a list of each window's rows would
   * cost every key more memory than the walk costs time.
   */
  #rowsOf(start: number, keys: KeyOrder): Int32Array {
    const store = this.#store;
    let count = 0;
    for (let row = 0; row < store.slotsUsed; row++) if (store.isLive(row) && store.subOf(row) === start) count++;
    const rows = new Int32Array(count);
    for (let row = 0, at = 0; at < count; row++) if (store.isLive(row) && store.subOf(row) === start) rows[at++] = row;
    if (this.#scratch.length < count) this.#scratch = new Int32Array(2 * count);
    sortStable(rows, this.#scratch, (a, b) => compareKeys(keys, store.keyIdOf(a), store.keyIdOf(b)));
    return rows;
  }

  #startsChanged(): void {
    this.#known[0] = Number.NaN;
    this.due[0] = Number.POSITIVE_INFINITY;
    for (const start of this.#starts) this.due[0] = Math.min(this.due[0], start + this.sizeMs + this.graceMs);
  }
}

/** `last`: the window's last millisecond, for the time of what is told of it. */
export type CloseWindow = (row: number, start: number, end: number, last: number) => void;

/** What is needed of the key table to put keys in the order of their bytes. */
export interface KeyOrder {
  readonly arena: Uint8Array;
  startOf(id: number): number;
  endOf(id: number): number;
}

/** By merging runs from below, in place: the built-in sort copies a typed array onto V8's heap. */
function sortStable(items: Int32Array, scratch: Int32Array, compare: (a: number, b: number) => number): void {
  const { length } = items;
  for (let width = 1; width < length; width *= 2) {
    for (let start = 0; start + width < length; start += 2 * width) {
      const middle = start + width;
      const end = Math.min(middle + width, length);
      if (compare(items[middle - 1], items[middle]) <= 0) continue;
      for (let i = start; i < middle; i++) scratch[i] = items[i];
      let left = start;
      let right = middle;
      for (let at = start; left < middle; at++)
        items[at] = right < end && compare(scratch[left], items[right]) > 0 ? items[right++] : scratch[left++];
    }
  }
}

function compareKeys(keys: KeyOrder, a: number, b: number): number {
  const { arena } = keys;
  const aStart = keys.startOf(a);
  const bStart = keys.startOf(b);
  const aLength = keys.endOf(a) - aStart;
  const bLength = keys.endOf(b) - bStart;
  const common = Math.min(aLength, bLength);
  for (let i = 0; i < common; i++) {
    const difference = arena[aStart + i] - arena[bStart + i];
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
