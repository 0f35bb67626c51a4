/**
 * The pseudonyms that one sensor heard in one window, each once: a row for each, linked from the window's row. How many
 * are kept is limited, so that a sensor that invents addresses cannot fill the memory; the count then stays there.
 */
import type { RowStore } from '../../engine/index.ts';

/** A row: next row + 1 (u32) · unused (u32) · the pseudonym (8 bytes). */
export const DISTINCT_ROW_BYTES = 64;
const WORDS = DISTINCT_ROW_BYTES / 4;
const AT_NEXT = 0;
const AT_PSEUDONYM = 2;

export const DISTINCT_MAX = 65_536;

/** Of the pair (window, pseudonym): 52 bits, where chance alone makes two of 65,536 equal once in two million windows. */
function subOf(windowStart: number, high: number, low: number): number {
  const window = Math.imul(windowStart, 0x9e3779b1);
  const upper = (high ^ window) & 0xfffff;
  return upper * 2 ** 32 + ((low ^ (high >>> 20) ^ Math.imul(window, 0x85ebca77)) >>> 0);
}

export class DistinctDevices {
  readonly #rows: RowStore;

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  /** Adds one pseudonym, 8 bytes at `at`; gives the new head of the list, or the same one where it was known. */
  add(keyId: number, windowStart: number, head: number, pseudonyms: Uint8Array, at: number): number {
    const high = word(pseudonyms, at);
    const low = word(pseudonyms, at + 4);
    const sub = subOf(windowStart, high, low);
    if (this.#rows.find(keyId, sub) >= 0) return head;
    const row = this.#rows.create(keyId, sub);
    const from = row * WORDS;
    const words = this.#rows.u32;
    words[from + AT_NEXT] = head;
    words[from + AT_PSEUDONYM] = high;
    words[from + AT_PSEUDONYM + 1] = low;
    return row + 1;
  }

  /** Forgets all that hang on `head`. */
  clear(head: number): void {
    let next = head;
    while (next !== 0) {
      const row = next - 1;
      next = this.#rows.u32[row * WORDS + AT_NEXT] as number;
      this.#rows.remove(row);
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
