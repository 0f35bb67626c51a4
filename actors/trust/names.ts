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

  keyIdOf(number: number): number {
    return this.#rows.keyIdOf(number);
  }

  /** Every number of the kind. */
  *all(kind: NameKind): Generator<number> {
    for (const row of this.#rows.rows()) if (this.#rows.subOf(row) === kind) yield row;
  }

  textOf(number: number): string {
    return new TextDecoder().decode(this.#keys.bytesOf(this.#rows.keyIdOf(number)));
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
