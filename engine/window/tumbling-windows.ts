/**
 * Event-time tumbling windows over a row store: one row for each (key, window), found by the window's start. A window
 * closes, finally and once, when the watermark has passed its end and the grace; records for a closed window are late.
 * Epoch-aligned, as Kafka Streams' and Flink's are. Nothing but the rows is state: what is kept beside them is rebuilt.
 */
import type { RowStore } from '../state/index.ts';

export interface TumblingWindowOptions {
  readonly sizeMs: number;
  /** How long after its end a window still takes records, in event time. */
  readonly graceMs: number;
}

export class TumblingWindows {
  readonly sizeMs: number;
  readonly graceMs: number;
  readonly #store: RowStore;
  /** Start of each open window → its rows; may hold rows that were rolled back, which `closeDue` passes over. */
  readonly #rowsOf = new Map<number, number[]>();
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
    this.#rowsOf.clear();
    this.due[0] = Number.POSITIVE_INFINITY;
    for (const row of this.#store.rows()) this.#remember(row, this.#store.subOf(row));
  }

  /**
   * The row of the key's window that `timestamp` falls into, all zero when it is new; -1 when the window has closed for
   * the record's own input, whose watermark is given: then the record is late.
   */
  rowFor(keyId: number, timestamp: number, inputWatermark: number): number {
    // Not with %: on doubles it is a call into C. Exact for safe integers.
    const start = Math.floor(timestamp / this.sizeMs) * this.sizeMs;
    if (start + this.sizeMs + this.graceMs <= inputWatermark) return -1;
    const row = this.#store.find(keyId, start);
    return row >= 0 ? row : this.#create(keyId, start);
  }

  #create(keyId: number, start: number): number {
    const created = this.#store.create(keyId, start);
    this.#remember(created, start);
    return created;
  }

  /** Whether `closeDue` would have anything to do; cheap enough for each record. */
  isDue(watermark: number): boolean {
    return watermark >= this.due[0];
  }

  /**
   * Hands over each window that is due, older ones first and within one window by key bytes, so that the order does
   * not depend on the way here; removes its row afterwards.
   */
  closeDue(watermark: number, keys: KeyOrder, close: (row: number, start: number, end: number) => void): void {
    if (watermark < this.due[0]) return;
    const due = [...this.#rowsOf.keys()].filter((start) => start + this.sizeMs + this.graceMs <= watermark);
    for (const start of due.sort((a, b) => a - b)) {
      const rows = this.#rowsOf.get(start) ?? [];
      for (const row of this.#inKeyOrder(rows, start, keys)) {
        close(row, start, start + this.sizeMs);
        this.#store.remove(row);
      }
      this.#rowsOf.delete(start);
    }
    this.due[0] = Number.POSITIVE_INFINITY;
    for (const start of this.#rowsOf.keys()) this.due[0] = Math.min(this.due[0], start + this.sizeMs + this.graceMs);
  }

  #inKeyOrder(rows: readonly number[], start: number, keys: KeyOrder): number[] {
    const store = this.#store;
    const live = [...new Set(rows)].filter((row) => store.isLive(row) && store.subOf(row) === start);
    return live.sort((a, b) => compareKeys(keys, store.keyIdOf(a), store.keyIdOf(b)));
  }

  #remember(row: number, start: number): void {
    const rows = this.#rowsOf.get(start);
    if (rows !== undefined) rows.push(row);
    else {
      this.#rowsOf.set(start, [row]);
      this.due[0] = Math.min(this.due[0], start + this.sizeMs + this.graceMs);
    }
  }
}

/** What is needed of the key table to put keys in the order of their bytes. */
export interface KeyOrder {
  readonly arena: Uint8Array;
  startOf(id: number): number;
  endOf(id: number): number;
}

function compareKeys(keys: KeyOrder, a: number, b: number): number {
  const { arena } = keys;
  const [aStart, aEnd, bStart, bEnd] = [keys.startOf(a), keys.endOf(a), keys.startOf(b), keys.endOf(b)];
  const common = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < common; i++) {
    const difference = arena[aStart + i] - arena[bStart + i];
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}
