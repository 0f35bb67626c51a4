/** What rules remember of a flow, and of its transactions. Made when the first rule has something to remember. */
import type { Transaction } from '../protocols/index.ts';
import type { Names } from './names.ts';
import type { Counter } from './threshold.ts';

/** Engines of a rule that matched, by their bits; the rule matched; it never will. */
export const FULL_MATCH = 1 << 30;
export const CANNOT_MATCH = 1 << 29;

export class TransactionMemory {
  /** By direction: rules whose engines matched in part, or that are done. */
  readonly states: [Map<number, number> | null, Map<number, number> | null] = [null, null];
  /** By direction: bits of prefilters that need not run again. */
  readonly scanned: [number, number] = [0, 0];
  readonly isInspected: [boolean, boolean] = [false, false];
  /** Its record is written. */
  isTold = false;
  /** Nothing more is to be told of it. */
  isLogged = false;
  /** By direction. */
  readonly filesTold: [number, number] = [0, 0];
  eventsTold = 0;
}

/** Bounded by the names that the rules have. */
export class FlowMemory {
  #bits: Set<number> | null = null;
  #numbers: Map<number, number> | null = null;
  /** Directions of which the rules about addresses alone were asked: 1 and 2. */
  addressesAsked = 0;
  /** Protocol detection was told of, by direction: 1 and 2. */
  protocolTold = 0;
  isPassed = false;
  isDropped = false;
  /** Directions of which it was told that their packets are dropped: 1 and 2. */
  dropTold = 0;
  hasAlerted = false;
  /** Of thresholds that count in the flow. */
  counters: Map<number, Counter> | null = null;
  /** Of the live transactions, by their ids. */
  readonly #transactions = new Map<number, TransactionMemory>();
  readonly #names: Names;

  constructor(names: Names) {
    this.#names = names;
  }

  get hasBits(): boolean {
    return (this.#bits !== null && this.#bits.size > 0) || (this.#numbers !== null && this.#numbers.size > 0);
  }

  hasBit(name: number): boolean {
    return this.#bits?.has(name) === true;
  }

  setBit(name: number): void {
    this.#bits ??= new Set();
    this.#bits.add(name);
  }

  unsetBit(name: number): void {
    this.#bits?.delete(name);
  }

  number(name: number): number | undefined {
    return this.#numbers?.get(name);
  }

  setNumber(name: number, value: number): void {
    this.#numbers ??= new Map();
    this.#numbers.set(name, value >>> 0);
  }

  /** By their names, in the order in which they were set. */
  variables(): { readonly bits: readonly string[]; readonly numbers: readonly (readonly [string, number])[] } {
    const names = this.#names;
    return {
      bits: [...(this.#bits ?? [])].map((id) => names.bitName(id)),
      numbers: [...(this.#numbers ?? [])].map(([id, value]) => [names.numberName(id), value] as const),
    };
  }

  transaction(id: number): TransactionMemory {
    let kept = this.#transactions.get(id);
    if (kept === undefined) {
      kept = new TransactionMemory();
      this.#transactions.set(id, kept);
    }
    return kept;
  }

  forget(id: number): void {
    this.#transactions.delete(id);
  }

  isInspected(id: number, direction: 0 | 1): boolean {
    return this.#transactions.get(id)?.isInspected[direction] === true;
  }
}

export const isComplete = (tx: Transaction, end: readonly [number, number]): boolean =>
  (tx.progress[0] >= end[0] || tx.isOneSided === 1) && (tx.progress[1] >= end[1] || tx.isOneSided === 0);
