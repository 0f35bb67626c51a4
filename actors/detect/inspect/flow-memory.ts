/** What rules remember of a flow, and of its transactions. Made when the first rule has something to remember. */
import type { Transaction } from '../protocols/index.ts';
import type { Names } from './names.ts';
import type { Tags } from './tags.ts';
import { TEXT_OVERHEAD, type TextRoom } from './text-room.ts';
import type { Counter } from './threshold.ts';

/** Engines of a rule that matched, by their bits; the rule matched; it never will; it will not unless another file comes. */
export const FULL_MATCH = 1 << 30;
export const CANNOT_MATCH = 1 << 29;
export const WAITS_FOR_FILE = 1 << 28;
/** It matched when the prefilter did not look for it any more. */
export const MATCHED_LATE = 1 << 27;

export class TransactionMemory {
  /** By direction: rules whose engines matched in part, or that are done, by their order. */
  readonly states: [Map<number, number> | null, Map<number, number> | null] = [null, null];
  /** By direction: how many files rules were asked about. */
  readonly filesSeen: [number, number] = [0, 0];
  /** By direction: bits of those progresses whose prefilters need not run again. */
  readonly scanned: [number, number] = [0, 0];
  readonly isInspected: [boolean, boolean] = [false, false];
  /** Of rules about both sides, by their order: bits of the sides that matched. */
  sides: Map<number, number> | null = null;
  /** Names that rules have set of it. */
  bits: Set<string> | null = null;
  /** Its record is written. */
  isTold = false;
  /** Nothing more is to be told of it. */
  isLogged = false;
  /** By direction: files that were told, and those told with a packet of their own direction, of which alerts speak no more. */
  readonly filesTold: [number, number] = [0, 0];
  readonly filesLeft: [number, number] = [0, 0];
  eventsTold = 0;

  /** True once, with the second side. */
  completes(order: number, direction: 0 | 1): boolean {
    this.sides ??= new Map();
    const before = this.sides.get(order) ?? 0;
    const now = before | (1 << direction);
    this.sides.set(order, now);
    return before !== 3 && now === 3;
  }

  /** With another set of rules in force: `places` are the old ones' new orders. */
  renew(places: ReadonlyMap<number, number>): void {
    this.scanned[0] = 0;
    this.scanned[1] = 0;
    if (this.sides !== null) this.sides = moved(this.sides, places, (order) => order);
    for (const direction of [0, 1] as const) {
      const before = this.states[direction];
      if (before !== null) this.states[direction] = moved(before, places, (order) => order);
    }
  }
}

/** What a flow has to know of the set of rules in force. */
export interface RulesInUse {
  readonly line: { readonly names: Names };
  /** Numbers of the rules, by their order. */
  readonly ids: Int32Array;
  /** Orders in an earlier set, known by its numbers, and in this one, of the rules that are in both. */
  placesOf(before: Int32Array): ReadonlyMap<number, number>;
}

/** What rules have set. */
export interface Variables {
  readonly bits: readonly string[];
  readonly numbers: readonly (readonly [string, number])[];
  readonly texts: readonly (readonly [string, Uint8Array])[];
}

/** Bounded by the names that the rules have. */
export class FlowMemory {
  #bits: Set<number> | null = null;
  #numbers: Map<number, number> | null = null;
  #texts: Map<number, Uint8Array> | null = null;
  #textBytes = 0;
  /** By direction: the set, known by its numbers, of which the rules about addresses alone were asked. */
  readonly addressesAsked: [Int32Array | null, Int32Array | null] = [null, null];
  /** By direction: the group of the rules about its packets, as the first of them has found it. */
  readonly packetGroups: [object | null, object | null] = [null, null];
  /** Directions of which it is known what they speak, and those whose next packet is the first since: 1 and 2. */
  protocolsKnown = 0;
  protocolNews = 0;
  isPassed = false;
  /** A rule has said that nobody need look at it any more. */
  isBypassed = false;
  isDropped = false;
  /** Directions of which it was told that their packets are dropped: 1 and 2. */
  dropTold = 0;
  hasAlerted = false;
  /** Of thresholds that count in the flow: by the threshold's place in the rule and the rule's order. */
  counters: Map<number, Counter> | null = null;
  /** What tells of packets that follow an alert. */
  tags: Tags | null = null;
  /** Numbers of transactions are below this. */
  transactionsSeen = 0;
  /** Those below this are logged, with none before them that was not: one logged before an earlier one does not move it. */
  loggedTo = 0;
  /** Of the live transactions, by their ids: mostly there is one, which needs no map. */
  #oneId = -1;
  #one: TransactionMemory | null = null;
  #others: Map<number, TransactionMemory> | null = null;
  readonly #names: Names;
  /** Numbers of the rules that the orders here are about. */
  #ruleIds: Int32Array;

  constructor({ line, ids }: RulesInUse) {
    this.#names = line.names;
    this.#ruleIds = ids;
  }

  /** To be called before rules of a set are asked: of rules that are in it, too, the flow remembers what it did. */
  useRules(rules: RulesInUse): void {
    const ids = this.#ruleIds;
    if (ids === rules.ids) return;
    this.#ruleIds = rules.ids;
    this.packetGroups.fill(null);
    if (this.#one === null && this.#others === null && this.counters === null) return;
    const places = rules.placesOf(ids);
    this.#one?.renew(places);
    if (this.#others !== null) for (const transaction of this.#others.values()) transaction.renew(places);
    if (this.counters !== null) this.counters = moved(this.counters, places, orderOfCounter);
  }

  /** Another protocol follows in the flow, and counts its transactions from the first one on. */
  forgetTransactions(): void {
    this.transactionsSeen = 0;
    this.loggedTo = 0;
    this.#oneId = -1;
    this.#one = null;
    this.#others = null;
  }

  /** The server was taken for the client. Of transactions nothing is known then; a session begins anew with the rules. */
  swap(isSession: boolean): void {
    this.addressesAsked.reverse();
    if (isSession) {
      this.packetGroups.fill(null);
      this.#bits = null;
      this.#numbers = null;
      this.#texts = null;
    } else this.packetGroups.reverse();
    this.protocolsKnown = swapped(this.protocolsKnown);
    this.protocolNews = swapped(this.protocolNews);
    this.dropTold = swapped(this.dropTold);
  }

  get hasVariables(): boolean {
    return (
      (this.#bits !== null && this.#bits.size > 0) ||
      (this.#numbers !== null && this.#numbers.size > 0) ||
      this.#texts !== null
    );
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

  text(name: number): Uint8Array | undefined {
    return this.#texts?.get(name);
  }

  /** Where there is no room for it the one before stays. */
  setText(name: number, text: Uint8Array, room: TextRoom): void {
    const before = this.#texts?.get(name);
    const more = text.length - (before === undefined ? -TEXT_OVERHEAD : before.length);
    if (!room.take(more)) return;
    this.#textBytes += more;
    this.#texts ??= new Map();
    this.#texts.set(name, text);
  }

  /** With the flow's end. */
  releaseTexts(room: TextRoom): void {
    room.release(this.#textBytes);
    this.#textBytes = 0;
    this.#texts = null;
  }

  /** By their names, in the order in which they were set. */
  variables(): Variables {
    const names = this.#names;
    return {
      bits: [...(this.#bits ?? [])].map((id) => names.bitName(id)),
      numbers: [...(this.#numbers ?? [])].map(([id, value]) => [names.numberName(id), value] as const),
      texts: [...(this.#texts ?? [])].map(([id, value]) => [names.textName(id), value] as const),
    };
  }

  transaction(id: number): TransactionMemory {
    return this.#known(id) ?? this.#begin(id);
  }

  forget(id: number): void {
    if (id === this.#oneId) {
      this.#oneId = -1;
      this.#one = null;
    } else this.#others?.delete(id);
  }

  isInspected(id: number, direction: 0 | 1): boolean {
    return this.#known(id)?.isInspected[direction] === true;
  }

  #known(id: number): TransactionMemory | undefined {
    return id === this.#oneId ? this.#one! : this.#others?.get(id);
  }

  #begin(id: number): TransactionMemory {
    const begun = new TransactionMemory();
    if (this.#one === null) {
      this.#oneId = id;
      this.#one = begun;
    } else {
      this.#others ??= new Map();
      this.#others.set(id, begun);
    }
    if (id >= this.transactionsSeen) this.transactionsSeen = id + 1;
    return begun;
  }
}

const swapped = (directions: number): number => ((directions & 1) << 1) | (directions >> 1);

/** Of a threshold in its rule. */
const COUNTER_PLACE = 0x1_0000_0000;
export const counterId = (place: number, order: number): number => place * COUNTER_PLACE + order;
const orderOfCounter = (id: number): number => id % COUNTER_PLACE;

/** What is kept by a rule's order, or by a number that has it, by its new order; of rules that are gone nothing. */
function moved<V>(
  kept: ReadonlyMap<number, V>,
  places: ReadonlyMap<number, number>,
  orderOf: (key: number) => number,
): Map<number, V> {
  const now = new Map<number, V>();
  for (const [key, value] of kept) {
    const order = orderOf(key);
    const place = places.get(order);
    if (place !== undefined) now.set(key - order + place, value);
  }
  return now;
}

export const isComplete = (tx: Transaction, end: readonly [number, number]): boolean =>
  (tx.progress[0] >= end[0] || tx.isOneSided === 1) && (tx.progress[1] >= end[1] || tx.isOneSided === 0);
