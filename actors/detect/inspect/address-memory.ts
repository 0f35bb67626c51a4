/**
 * What rules remember of addresses, beyond any flow, in a form that can be kept and put back: counters of thresholds, bits, hosts that are tagged, and what they put into sets. Rules
 * are named by their numbers and bits by their names, which mean the same in another process.
 */
import type { KeptMap } from './kept-map.ts';
import type { Names } from './names.ts';
import type { SetMemory } from './set-memory.ts';
import { Tags } from './tags.ts';
import { Counter } from './threshold.ts';

export interface MemoryItem {
  readonly name: string;
  readonly numbers: readonly number[];
}

export interface MemoryChange {
  readonly name: string;
  /** null: it is forgotten. */
  readonly numbers: readonly number[] | null;
  /** It has begun, behind all others: what began first gives way first. */
  readonly isNew: boolean;
}

const COUNTER = 'c ';
const BIT = 'b ';
const SET = 's ';
const TAGS = 't ';

export class AddressMemory {
  readonly #counters: KeptMap<Counter>;
  readonly #bits: KeptMap<number>;
  readonly #sets: SetMemory;
  readonly #hosts: KeptMap<Tags>;
  readonly #names: Names;

  constructor(counters: KeptMap<Counter>, bits: KeptMap<number>, sets: SetMemory, hosts: KeptMap<Tags>, names: Names) {
    this.#hosts = hosts;
    this.#sets = sets;
    this.#counters = counters;
    this.#bits = bits;
    this.#names = names;
  }

  /** From now on, instead of all that it knows; in the order in which they began. What changes then is given by `changes`. */
  load(items: Iterable<MemoryItem>): void {
    this.#counters.clear();
    this.#bits.clear();
    this.#hosts.clear();
    const inSets: [string, number][] = [];
    for (const { name, numbers } of items) {
      const key = name.slice(COUNTER.length);
      const [first = 0, count = 0, since = -1, ...ports] = numbers;
      const held = { count, since, ports: ports.length === 0 ? null : new Set(ports) };
      if (name.startsWith(COUNTER)) this.#counters.set(key, Object.assign(new Counter(first), held));
      else if (name.startsWith(TAGS)) this.#hosts.set(key, Tags.of(numbers));
      else if (name.startsWith(SET)) inSets.push([key, first]);
      else this.#bits.set(this.#numbered(key), first);
    }
    this.#sets.load(inSets);
    this.#counters.follow();
    this.#bits.follow();
    this.#hosts.follow();
  }

  /** Since the last call. */
  *changes(): Generator<MemoryChange> {
    for (const { key, value, isNew } of this.#counters.changes())
      yield { name: COUNTER + key, numbers: value === null ? null : numbersOf(value), isNew };
    for (const { key, value, isNew } of this.#bits.changes())
      yield { name: BIT + this.#named(key), numbers: value === null ? null : [value], isNew };
    for (const { key, value, isNew } of this.#hosts.changes())
      yield { name: TAGS + key, numbers: value?.numbers ?? null, isNew };
    for (const { key, value, isNew } of this.#sets.kept.changes())
      yield { name: SET + key, numbers: value === null ? null : [value], isNew };
  }

  #named(key: string): string {
    const end = key.indexOf(' ');
    // A name may have blanks.
    return `${encodeURIComponent(this.#names.addressBitName(Number(key.slice(0, end))))}${key.slice(end)}`;
  }

  #numbered(key: string): string {
    const end = key.indexOf(' ');
    return `${this.#names.addressBit(decodeURIComponent(key.slice(0, end)))}${key.slice(end)}`;
  }
}

const numbersOf = ({ startUs, count, since, ports }: Counter): number[] => [startUs, count, since, ...(ports ?? [])];
