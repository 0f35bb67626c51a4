/**
 * Bits of xbits: they belong to an address or to a pair of addresses, and end after a time. Their number is bounded: the
 * one that was set longest ago gives way, and is counted.
 */
import type { Flow } from '../flow/index.ts';
import type { Packet } from '../packet/index.ts';
import { destinationKey, pairKey, sourceKey } from './address-key.ts';
import type { Answers } from './answers.ts';
import { KeptMap } from './kept-map.ts';

export type Track = 'ip_src' | 'ip_dst' | 'ip_pair';

const ADDRESS_BITS_MAX = 200_000;

export class AddressBits {
  evicted = 0;
  /** Null: nobody takes packets once more. */
  answers: Answers | null = null;
  /** The flow of the packet at hand. */
  asker: Flow | null = null;
  /** To the last second of a bit. */
  readonly #ends = new KeptMap<number>();

  get kept(): KeptMap<number> {
    return this.#ends;
  }

  isSet(packet: Packet, track: Track, id: number): boolean {
    return this.#asked(() => this.#isSet(packet, track, id));
  }

  /** One that is over and that nobody has asked for since is taken away. */
  toggle(packet: Packet, track: Track, id: number, seconds: number): void {
    if (this.#asked(() => this.#ends.has(keyOf(packet, track, id)))) this.unset(packet, track, id);
    else this.set(packet, track, id, seconds);
  }

  #asked(question: () => boolean): boolean {
    const ask = (): number => Number(question());
    return (this.answers === null ? ask() : this.answers.to(this.asker, ask)) === 1;
  }

  #isSet(packet: Packet, track: Track, id: number): boolean {
    const key = keyOf(packet, track, id);
    const end = this.#ends.get(key);
    if (end === undefined) return false;
    if (end >= secondOf(packet)) return true;
    this.#ends.delete(key);
    return false;
  }

  set(packet: Packet, track: Track, id: number, seconds: number): void {
    const key = keyOf(packet, track, id);
    // One that is set keeps its end, also one that is over and that nobody has asked for since.
    if (this.#ends.has(key)) return;
    this.#ends.set(key, secondOf(packet) + seconds);
    if (this.#ends.size <= ADDRESS_BITS_MAX) return;
    const [oldest] = this.#ends.keys();
    this.#ends.delete(oldest!);
    this.evicted += 1;
  }

  unset(packet: Packet, track: Track, id: number): void {
    this.#ends.delete(keyOf(packet, track, id));
  }
}

const secondOf = (packet: Packet): number => Math.floor(packet.timeUs / 1_000_000);

/** An address is one place, whichever side of a packet it stands on. */
function keyOf(packet: Packet, track: Track, id: number): string {
  if (track === 'ip_pair') return `${id} ${pairKey(packet)}`;
  return `${id} ${track === 'ip_src' ? sourceKey(packet) : destinationKey(packet)}`;
}
