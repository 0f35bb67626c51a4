/**
 * The rows of a keyed store: (key id, sub) ↔ slot number, with exact undo for one record and a list of what a
 * transaction created and removed. A removed slot is not used again before the record that removed it has settled, so
 * its content is still there when the removal is undone.
 */
import { assert } from '../base/index.ts';
import type { KeyTable } from '../batch/index.ts';
import { IntList } from './int-list.ts';

/** Flags of a slot; without LIVE it is free, or freed by the present record. */
const LIVE = 1;
/** Created by the present transaction. */
const NEW = 2;

/** Of (key id, subs[at]): a number that is handed over by itself would be boxed. */
function hash(keyId: number, subs: Float64Array, at: number): number {
  const sub = subs[at];
  const low = sub | 0;
  const high = (sub / 2 ** 32) | 0;
  let h = Math.imul(keyId, 0x9e3779b1) ^ Math.imul(low, 0x85ebca77) ^ Math.imul(high, 0xc2b2ae3d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

export class Slots {
  /** Slots ever used; all slot numbers are below it. */
  used = 0;
  live = 0;
  keyIds = new Int32Array(64);
  subs = new Float64Array(64);
  readonly #keys: KeyTable;
  #states = new Uint8Array(64);
  #index = new Int32Array(128);
  /**
   * Key id → the slot that was last found or put for it, plus 1; 0 for none. A live slot of that very key, always: it
   * saves the walk through the index where a key is asked for the same row again, which is nearly every time.
   */
  #recent = new Int32Array(64);
  readonly #wanted = new Float64Array(1);
  readonly #free = new IntList();
  readonly #freedByRecord = new IntList();
  /** +slot+1 for a creation, -(slot+1) for a removal, in order, since the record began. */
  readonly #undo = new IntList();
  readonly #created = new IntList();
  readonly #removed = new IntList();

  constructor(keys: KeyTable) {
    this.#keys = keys;
  }

  get capacity(): number {
    return this.#states.length;
  }

  isLive(slot: number): boolean {
    return slot < this.used && (this.#states[slot] & LIVE) !== 0;
  }

  /** -1 where there is none. */
  find(keyId: number, sub: number): number {
    const recent = keyId < this.#recent.length ? this.#recent[keyId] - 1 : -1;
    return recent >= 0 && this.subs[recent] === sub ? recent : this.#search(keyId, sub);
  }

  /** `find` under sub[0] for each of keyIds[from, to), into the same places of `slots`. An array, so that no double is boxed. */
  findEach(keyIds: Int32Array, from: number, to: number, sub: Float64Array, slots: Int32Array): void {
    const wanted = sub[0]!;
    this.#wanted[0] = wanted;
    const recents = this.#recent;
    const { subs } = this;
    for (let i = from; i < to; i++) {
      const keyId = keyIds[i]!;
      const recent = keyId < recents.length ? recents[keyId]! - 1 : -1;
      slots[i] = recent >= 0 && subs[recent] === wanted ? recent : this.#searchWanted(keyId);
    }
  }

  /**
   * `find` of keyIds[i] under subs[i] for i in [from, to), into the same places of `slots`; a key id below 0 has none. For
   * pairs that are all over the memory: the first looks into the index wait for it together, and so do those at the slots.
   */
  findPairs(keyIds: Int32Array, subs: Float64Array, from: number, to: number, slots: Int32Array): void {
    const index = this.#index;
    const mask = index.length - 1;
    for (let i = from; i < to; i++) slots[i] = index[hash(keyIds[i]!, subs, i) & mask]! - 1;
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      const keyId = keyIds[i]!;
      if (slot >= 0 && this.keyIds[slot] === keyId && this.subs[slot] === subs[i]) continue;
      slots[i] = slot < 0 || keyId < 0 ? -1 : this.#searchFrom(keyId, subs, i);
    }
  }

  /** Without leaving a trace: they are not asked for one after the other. */
  #searchFrom(keyId: number, subs: Float64Array, i: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = hash(keyId, subs, i) & mask; ; at = (at + 1) & mask) {
      const slot = index[at]! - 1;
      if (slot < 0 || (this.keyIds[slot] === keyId && this.subs[slot] === subs[i])) return slot;
    }
  }

  #search(keyId: number, sub: number): number {
    this.#wanted[0] = sub;
    return this.#searchWanted(keyId);
  }

  #searchWanted(keyId: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    const sub = this.#wanted[0]!;
    for (let at = hash(keyId, this.#wanted, 0) & mask; ; at = (at + 1) & mask) {
      const slot = index[at] - 1;
      if (slot < 0) return -1;
      if (this.keyIds[slot] === keyId && this.subs[slot] === sub) {
        this.#recent[keyId] = slot + 1;
        return slot;
      }
    }
  }

  /** The pair must not exist. */
  create(keyId: number, sub: number): number {
    this.#wanted[0] = sub;
    return this.createUnder(keyId, this.#wanted);
  }

  /** `create` under sub[0]. */
  createUnder(keyId: number, sub: Float64Array): number {
    const slot = this.#free.length > 0 ? this.#free.pop() : this.used++;
    if (slot >= this.#states.length) this.#grow();
    this.#put(slot, keyId, sub);
    this.#states[slot] |= NEW;
    this.#created.push(slot);
    this.#undo.push(slot + 1);
    return slot;
  }

  remove(slot: number): void {
    assert(this.isLive(slot), 'only a live slot can be removed');
    this.#take(slot);
    if (!this.isNew(slot)) this.#removed.push(slot);
    this.#freedByRecord.push(slot);
    this.#undo.push(-(slot + 1));
  }

  get undoLength(): number {
    return this.#undo.length;
  }

  rollback(undoLength: number): void {
    while (this.#undo.length > undoLength) {
      const entry = this.#undo.pop();
      if (entry > 0) {
        const slot = entry - 1;
        this.#take(slot);
        this.#states[slot] = 0;
        this.#created.pop();
        this.#keys.release(this.keyIds[slot]);
        this.#free.push(slot);
      } else {
        const slot = -entry - 1;
        this.#freedByRecord.pop();
        if (!this.isNew(slot)) this.#removed.pop();
        this.#insert(slot);
      }
    }
  }

  /** The record is done: nothing of it can be undone any more. */
  settle(): void {
    if (this.#undo.length === 0) return;
    this.#undo.clear();
    const freed = this.#freedByRecord;
    if (freed.length === 0) return;
    for (let i = 0; i < freed.length; i++) {
      const slot = freed.at(i);
      this.#keys.release(this.keyIds[slot]);
      this.#free.push(slot);
    }
    freed.clear();
  }

  /** Slots that were there before this transaction and are gone, or were replaced. */
  get removed(): IntList {
    return this.#removed;
  }

  /** Slots that this transaction created; some may be gone again, some listed twice. */
  get created(): IntList {
    return this.#created;
  }

  isNew(slot: number): boolean {
    return (this.#states[slot] & NEW) !== 0;
  }

  beginTransaction(): void {
    const created = this.#created;
    for (let i = 0; i < created.length; i++) this.#states[created.at(i)] &= LIVE;
    created.clear();
    this.#removed.clear();
  }

  /** Puts a slot where a changelog says it was; replaces what it held. */
  restore(slot: number, keyId: number, sub: number): void {
    while (slot >= this.#states.length) this.#grow();
    if (slot >= this.used) this.used = slot + 1;
    if (this.isLive(slot)) this.restoreRemoval(slot);
    this.#wanted[0] = sub;
    this.#put(slot, keyId, this.#wanted);
  }

  restoreRemoval(slot: number): void {
    if (!this.isLive(slot)) return;
    this.#take(slot);
    this.#keys.release(this.keyIds[slot]);
  }

  /** Empty again, in the middle of a restore. */
  forget(): void {
    for (let slot = 0; slot < this.used; slot++) this.restoreRemoval(slot);
    this.used = 0;
  }

  /** After the last restored change: what is not live is free, lowest numbers first to be used. */
  endRestore(): void {
    this.#free.clear();
    for (let slot = this.used - 1; slot >= 0; slot--) if (!this.isLive(slot)) this.#free.push(slot);
  }

  #put(slot: number, keyId: number, sub: Float64Array): void {
    this.keyIds[slot] = keyId;
    this.subs[slot] = sub[0]!;
    this.#keys.retain(keyId);
    this.#insert(slot);
  }

  #insert(slot: number): void {
    this.#states[slot] |= LIVE;
    this.live++;
    const keyId = this.keyIds[slot];
    if (keyId >= this.#recent.length) this.#growRecent(keyId);
    this.#recent[keyId] = slot + 1;
    if (this.live * 2 > this.#index.length) this.#rebuild(this.#index.length * 2);
    else this.#link(slot);
  }

  #link(slot: number): void {
    const mask = this.#index.length - 1;
    let at = hash(this.keyIds[slot], this.subs, slot) & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = slot + 1;
  }

  /** Takes the slot out of the index by shifting the rest of its run back (Knuth, vol. 3, 6.4, algorithm R). */
  #take(slot: number): void {
    this.#states[slot] &= ~LIVE;
    this.live--;
    if (this.#recent[this.keyIds[slot]] === slot + 1) this.#recent[this.keyIds[slot]] = 0;
    const index = this.#index;
    const mask = index.length - 1;
    let hole = hash(this.keyIds[slot], this.subs, slot) & mask;
    while (index[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const other = index[at] - 1;
      const home = hash(this.keyIds[other], this.subs, other) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        index[hole] = other + 1;
        hole = at;
      }
    }
    index[hole] = 0;
  }

  #rebuild(size: number): void {
    this.#index = new Int32Array(size);
    for (let slot = 0; slot < this.used; slot++) if (this.isLive(slot)) this.#link(slot);
  }

  #growRecent(keyId: number): void {
    const grown = new Int32Array(2 ** (32 - Math.clz32(keyId)));
    grown.set(this.#recent);
    this.#recent = grown;
  }

  #grow(): void {
    const capacity = this.#states.length * 2;
    const copy = <A extends Int32Array | Float64Array | Uint8Array>(grown: A, from: A): A => {
      grown.set(from);
      return grown;
    };
    this.keyIds = copy(new Int32Array(capacity), this.keyIds);
    this.subs = copy(new Float64Array(capacity), this.subs);
    this.#states = copy(new Uint8Array(capacity), this.#states);
  }
}
