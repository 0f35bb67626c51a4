/** Packets around what a transport carries: both versions of IP, tags, options, fragments, tunnels. */
import { bytesOf, type Ends, ethernet, ipv4, ipv6, n16, n32, udpDatagram } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Kind } from './kind.ts';
import { RARE_TUNNELS, rareTunnel, type Tunnel } from './tunnels.ts';

export interface Endpoints {
  readonly version: 4 | 6;
  /** 4 or 16 bytes. */
  readonly client: Uint8Array;
  readonly server: Uint8Array;
  readonly clientPort: number;
}

/** Sends what the transport carries. */
export type Send = (direction: 0 | 1, protocol: number, body: (ends: Ends) => Uint8Array) => void;

const IPV6_FRAGMENT = 44;
const IPV6_HOP_BY_HOP = 0;
const GRE = 47;
const IP_IN_IPV6 = 41;
const VXLAN_PORT = 4789;
const ETHER_TYPES = { 4: 0x0800, 6: 0x86dd } as const;
const IPV6_EXTENSIONS: readonly (readonly [number, Uint8Array])[] = [
  [IPV6_HOP_BY_HOP, Uint8Array.of(0, 1, 4, 0, 0, 0, 0)],
  [IPV6_HOP_BY_HOP, Uint8Array.of(0, 5, 2, 0, 0, 1, 0)],
  [60, Uint8Array.of(0, 1, 4, 0, 0, 0, 0)],
  [60, Uint8Array.of(0, 0xc9, 4, 1, 2, 3, 4)],
  [43, Uint8Array.of(0, 0, 0, 0, 0, 0, 0)],
  [43, Uint8Array.of(2, 2, 1, ...new Uint8Array(20))],
  [44, Uint8Array.of(0, 0, 0, 0, 0, 0, 9)],
  [51, Uint8Array.of(4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, ...new Uint8Array(12))],
  [135, Uint8Array.of(0, 0, 0, 0, 0, 0, 0)],
];

export class Network {
  readonly frames: Uint8Array[] = [];
  readonly #dice: Dice;
  readonly #ends: Endpoints;
  readonly #tags: readonly (readonly [number, number])[];
  readonly #tunnel: Tunnel;
  readonly #isWide: boolean;
  readonly #hasFragments: boolean;
  readonly #losesFragments: boolean;
  readonly #options: Uint8Array;
  readonly #hasHopOptions: boolean;
  #id: number;

  /** `wide`: with more of what is rare; `torn`: of some packets a fragment is lost. */
  constructor(dice: Dice, ends: Endpoints, kind: Kind) {
    const isWide = kind === 'wide';
    this.#dice = dice;
    this.#ends = ends;
    this.#isWide = isWide;
    this.#tags = dice.weighted<readonly (readonly [number, number])[]>([
      [isWide ? 15 : 95, []],
      [4, [[0x8100, dice.int(1, 4000)]]],
      [
        1,
        [
          [0x88a8, dice.int(1, 4000)],
          [0x8100, dice.int(1, 4000)],
        ],
      ],
    ]);
    this.#hasFragments = dice.chance(isWide ? 0.12 : 0.07);
    this.#losesFragments = kind === 'torn' && this.#hasFragments;
    this.#tunnel = dice.weighted<Tunnel>([
      [isWide ? 40 : 97, 'none'],
      [1, 'gre'],
      [1, 'vxlan'],
      [ends.version === 6 ? 1 : 0, '6in4'],
      ...(isWide ? RARE_TUNNELS : []),
    ]);
    // No operation, or the route that was taken.
    this.#options = dice.chance(isWide ? 0.1 : 0.03)
      ? Uint8Array.of(1, 1, 1, 1, ...(dice.chance(0.5) ? [7, 7, 4, 0, 0, 0, 0, 0] : []))
      : new Uint8Array();
    this.#hasHopOptions = dice.chance(isWide ? 0.15 : 0.04);
    this.#id = dice.int(1, 60_000);
  }

  readonly send: Send = (direction, protocol, body) => {
    const { client, server, version } = this.#ends;
    const way = direction === 0 ? { from: client, to: server } : { from: server, to: client };
    const carried = body(way);
    this.#id = (this.#id + 1) & 0xffff;
    for (const packet of this.#packets(way, protocol, carried)) {
      const [type, whole] = this.#tunnelled(way, this.#isWide ? this.#damaged(packet) : packet);
      this.frames.push(ethernet(type ?? ETHER_TYPES[version], whole, this.#tags));
    }
  };

  #packets(way: Ends, protocol: number, carried: Uint8Array): Uint8Array[] {
    if (!this.#hasFragments || carried.length <= 40) return [this.#packet(way, protocol, carried, 0, false, false)];
    const dice = this.#dice;
    const pieces: Uint8Array[] = [];
    const places = [0];
    while (places.length < 4 && places.at(-1)! + 8 < carried.length && (places.length === 1 || dice.chance(0.4)))
      places.push(places.at(-1)! + 8 * dice.int(1, Math.max(1, (carried.length - 1 - places.at(-1)!) >> 3)));
    for (const [i, at] of places.entries()) {
      const next = places[i + 1] ?? carried.length;
      // Some bytes of the next one, too: the same ones.
      const end = i + 1 < places.length && dice.chance(0.08) ? Math.min(carried.length & ~7, next + 8) : next;
      pieces.push(
        this.#packet(way, protocol, carried.subarray(at, Math.max(end, next)), at, i + 1 < places.length, true),
      );
    }
    if (dice.chance(0.3)) pieces.reverse();
    if (dice.chance(0.05)) pieces.push(pieces[0]!);
    if (this.#losesFragments && dice.chance(0.3)) pieces.splice(dice.int(0, pieces.length - 1), 1);
    return pieces;
  }

  #packet(
    way: Ends,
    protocol: number,
    payload: Uint8Array,
    offset: number,
    more: boolean,
    isFragment: boolean,
  ): Uint8Array {
    if (this.#ends.version === 4) return ipv4(way, protocol, payload, this.#options, { id: this.#id, offset, more });
    const extensions: (readonly [number, Uint8Array])[] = [];
    if (this.#hasHopOptions)
      extensions.push(
        this.#isWide ? this.#dice.pick(IPV6_EXTENSIONS) : [IPV6_HOP_BY_HOP, Uint8Array.of(0, 1, 4, 0, 0, 0, 0)],
      );
    if (isFragment) extensions.push([IPV6_FRAGMENT, bytesOf(0, n16(offset | (more ? 1 : 0)), n32(this.#id))]);
    return ipv6(way, protocol, payload, extensions);
  }

  /** Between the same two, so that rules about their addresses see what is around, too. */
  #tunnelled(way: Ends, packet: Uint8Array): [type: number | null, packet: Uint8Array] {
    const { version } = this.#ends;
    const type = ETHER_TYPES[version];
    const outer = (protocol: number, payload: Uint8Array): Uint8Array =>
      version === 4 ? ipv4(way, protocol, payload) : ipv6(way, protocol, payload);
    if (this.#tunnel === 'gre') return [null, outer(GRE, bytesOf(n16(0), n16(type), packet))];
    if (this.#tunnel === 'vxlan') {
      const inner = bytesOf(8, 0, 0, 0, 0, 0, 7, 0, ethernet(type, packet));
      return [null, outer(17, udpDatagram(way, 40_001, VXLAN_PORT, inner))];
    }
    if (this.#tunnel === '6in4') {
      const ends = { from: v4Of(way.from), to: v4Of(way.to) };
      return [ETHER_TYPES[4], ipv4(ends, IP_IN_IPV6, packet)];
    }
    const rare = rareTunnel(this.#tunnel, type, packet, {
      way,
      outer,
      to4: { from: v4Of(way.from), to: v4Of(way.to) },
    });
    return rare ?? [null, packet];
  }

  /** Now and then a header of IP that is not as it should be. */
  #damaged(packet: Uint8Array): Uint8Array {
    const dice = this.#dice;
    if (!dice.chance(0.02)) return packet;
    const copy = Uint8Array.from(packet);
    const change = dice.int(0, 4);
    if (change === 0) copy[0] = dice.pick([0x35, 0x65, 0x43, 0x4f, 0x45]);
    else if (change === 1) return copy.subarray(0, dice.int(1, copy.length));
    else if (change === 2 && this.#ends.version === 4) copy[2 + dice.int(0, 1)]! ^= 1 << dice.int(0, 7);
    else if (change === 2) copy[4 + dice.int(0, 1)]! ^= 1 << dice.int(0, 7);
    else if (change === 3)
      copy[this.#ends.version === 4 ? 9 : 6] = dice.pick([0, 1, 2, 6, 17, 43, 44, 50, 58, 59, 60, 200]);
    else if (this.#ends.version === 4) copy[6] = dice.pick([0x20, 0x40, 0x80, 0, 0x1f]);
    return copy;
  }
}

/** The addresses that a case has in version 4. */
const v4Of = (address: Uint8Array): Uint8Array =>
  address.length === 4 ? address : Uint8Array.of(10, address[5]!, address[14]!, address[15]!);
