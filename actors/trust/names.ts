/**
 * Trustors and services, by numbers that outlive a restart: the number is that of a row which holds nothing else.
 */
import { type KeyTable, MsecError, type RowStore } from '../../engine/index.ts';
import { NAMES_MAX } from './pair-rows.ts';

export const NAME_ROW_BYTES = 64;

export const TRUSTOR = 0;
export const SERVICE = 1;
export type NameKind = typeof TRUSTOR | typeof SERVICE;

export const NAME_BYTES_MAX = 128;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

export class Names {
  readonly #rows: RowStore;
  readonly #keys: KeyTable;
  /** Of trustors, by number: pairs that have it. Beside the rows. */
  #pairs = new Int32Array(64);

  constructor(rows: RowStore, keys: KeyTable) {
    this.#rows = rows;
    this.#keys = keys;
  }

  /** -1 where it has none yet. */
  find(keyId: number, kind: NameKind): number {
    return this.#rows.find(keyId, kind);
  }

  add(keyId: number, kind: NameKind): number {
    const number = this.#rows.create(keyId, kind);
    if (number >= NAMES_MAX)
      throw new MsecError('ASSERTION_FAILED', `a partition has no more than ${NAMES_MAX} trustors and services`);
    return number;
  }

  /** One more pair has it. */
  hold(number: number): void {
    if (number >= this.#pairs.length) {
      const grown = new Int32Array(2 ** (32 - Math.clz32(number)));
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[number] = this.#pairs[number]! + 1;
  }

  /** One pair less; with the last one the name is forgotten. */
  release(number: number): void {
    this.#pairs[number] = this.#pairs[number]! - 1;
    if (this.#pairs[number] === 0) this.#rows.remove(number);
  }

  /** After a restore or a rollback: `trustors`, one for each pair. */
  recount(trustors: Iterable<number>): void {
    this.#pairs.fill(0);
    for (const number of trustors) this.hold(number);
  }

  keyIdOf(number: number): number {
    return this.#rows.keyIdOf(number);
  }

  /** Every number of the kind. */
  *all(kind: NameKind): Generator<number> {
    for (const row of this.#rows.rows()) if (this.#rows.subOf(row) === kind) yield row;
  }

  textOf(number: number): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#keys.bytesOf(this.#rows.keyIdOf(number)));
  }
}

/** UTF-8 of 1 to 128 bytes, without spaces and control characters: they stand between names in keys, and end lines. */
export function isName(bytes: Uint8Array, start: number, end: number): boolean {
  if (end <= start || end - start > NAME_BYTES_MAX) return false;
  let isAscii = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte <= 0x20 || byte === 0x7f) return false;
    if (byte > 0x7f) isAscii = false;
  }
  if (isAscii) return true;
  try {
    strictUtf8.decode(bytes.subarray(start, end));
    return true;
  } catch {
    return false;
  }
}
