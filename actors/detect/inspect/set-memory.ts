/**
 * What rules have put into sets and taken out of them (dataset:set, unset), beside what was loaded. It outlives flows, and
 * it is bounded: what was put in first gives way, and is counted.
 */
import type { Flow } from '../flow/index.ts';
import type { SetsAtHand } from '../match/index.ts';
import { passes } from '../rules/numbers.ts';
import type { DataSetTerm } from '../rules/rule.ts';
import { changedEntry, type DataSet, entryIn } from '../rules/sets.ts';
import type { Answers } from './answers.ts';
import { KeptMap } from './kept-map.ts';

const SET_CHANGES_MAX = 200_000;
const SET_BYTES_MAX: number = 32 * 1024 * 1024;
/** A longer text is put into no set. */
const SET_ENTRY_BYTES_MAX = 30_000;

const IN = 1;
const OUT = 0;

interface Changed {
  /** Keys, in the order in which they came. */
  readonly added: Set<string>;
  /** So many of what was loaded are gone. */
  removed: number;
}

export class SetMemory {
  /** Null: nobody takes packets once more. */
  answers: Answers | null = null;
  /** The flow of the packet at hand. */
  asker: Flow | null = null;
  /** Entries that gave way or found no room. */
  evicted = 0;
  readonly #kept = new KeptMap<number>();
  readonly #sets = new Map<string, Changed>();
  #bytes = 0;

  get kept(): KeptMap<number> {
    return this.#kept;
  }

  /** Instead of all that it knows: keys of `kept` with their values. */
  load(items: Iterable<readonly [string, number]>): void {
    this.#kept.clear();
    this.#sets.clear();
    this.#bytes = 0;
    for (const [key, value] of items) this.#put(setOfKey(key), key, value);
    this.#kept.follow();
  }

  holds(term: DataSetTerm, buffer: Uint8Array): boolean {
    const ask = (): number => Number(this.#holds(term, buffer));
    return (this.answers === null ? ask() : this.answers.to(this.asker, ask)) === 1;
  }

  /** All that is in the set now. */
  *entriesOf(set: DataSet): Generator<string> {
    const name = nameOf(set);
    for (const entry of set.entries.keys()) if (this.#kept.get(name + entry) !== OUT) yield entry;
    for (const key of this.#sets.get(name)?.added ?? []) yield key.slice(name.length);
  }

  #holds({ set, action, reputation }: DataSetTerm, buffer: Uint8Array): boolean {
    const name = nameOf(set);
    if (action === 'isset' || action === 'isnotset') {
      const entry = entryIn(set.type, buffer);
      const number = entry === null ? null : this.#numberOf(set, name, entry);
      const isThere = number !== null && (reputation === null || passes(reputation, number));
      return isThere === (action === 'isset');
    }
    const entry = changedEntry(set.type, buffer, action);
    if (entry === null) return false;
    const isIn = this.#numberOf(set, name, entry) !== null;
    if (isIn === (action === 'set')) return false;
    return action === 'set' ? this.#add(set, name, entry) : this.#remove(set, name, entry);
  }

  #numberOf({ entries }: DataSet, name: string, entry: string): number | null {
    const change = this.#kept.get(name + entry);
    if (change === IN) return 0;
    return change === OUT ? null : (entries.get(entry) ?? null);
  }

  #add(set: DataSet, name: string, entry: string): boolean {
    if (entry.length > SET_ENTRY_BYTES_MAX || set.most < 1) {
      this.evicted += 1;
      return false;
    }
    const key = name + entry;
    const changed = this.#sets.get(name);
    if (set.entries.size - (changed?.removed ?? 0) + (changed?.added.size ?? 0) >= set.most) this.#makeRoom(set, name);
    // What was loaded and taken out is put in anew, with no number.
    this.#forget(name, key);
    this.#put(name, key, IN);
    while (this.#kept.size > SET_CHANGES_MAX || this.#bytes > SET_BYTES_MAX) {
      const [oldest] = this.#kept.keys();
      this.#forget(setOfKey(oldest!), oldest!);
      this.evicted += 1;
    }
    return true;
  }

  #remove(set: DataSet, name: string, entry: string): boolean {
    const key = name + entry;
    this.#forget(name, key);
    if (set.entries.has(entry)) this.#put(name, key, OUT);
    return true;
  }

  #makeRoom(set: DataSet, name: string): void {
    this.evicted += 1;
    const [first] = this.#sets.get(name)?.added ?? [];
    if (first !== undefined) {
      this.#remove(set, name, first.slice(name.length));
      return;
    }
    for (const entry of set.entries.keys())
      if (this.#kept.get(name + entry) !== OUT) {
        this.#put(name, name + entry, OUT);
        return;
      }
  }

  #put(name: string, key: string, value: number): void {
    let changed = this.#sets.get(name);
    if (changed === undefined) {
      changed = { added: new Set(), removed: 0 };
      this.#sets.set(name, changed);
    }
    if (value === IN) changed.added.add(key);
    else changed.removed += 1;
    this.#kept.set(key, value);
    this.#bytes += key.length;
  }

  #forget(name: string, key: string): void {
    const value = this.#kept.get(key);
    const changed = this.#sets.get(name);
    if (value === undefined || changed === undefined) return;
    if (value === IN) changed.added.delete(key);
    else changed.removed -= 1;
    this.#kept.delete(key);
    this.#bytes -= key.length;
  }
}

/** Of a key what stands before the entry: type and name, which have no blanks. */
const nameOf = ({ type, name }: DataSet): string => `${type} ${name} `;
const setOfKey = (key: string): string => key.slice(0, key.indexOf(' ', key.indexOf(' ') + 1) + 1);

/** Of the rules of a set, which sensors share: whose sets they are asked about is told with each packet. */
export class SetDesk implements SetsAtHand {
  memory: SetMemory = new SetMemory();

  holds(term: DataSetTerm, buffer: Uint8Array): boolean {
    return this.memory.holds(term, buffer);
  }
}
