/**
 * Puts IPv4 and IPv6 datagrams together from their fragments, as a target with the given policy would. Memory is bounded
 * in bytes and in datagrams: the unfinished datagram that has waited longest gives way, and is counted. Time is the packets' own.
 */
import type { Packet } from '../packet/index.ts';
import { FragmentSet } from './fragment-set.ts';
import type { OverlapPolicy } from './overlap-policy.ts';
import { wholeDatagram } from './whole-datagram.ts';

export interface DefragOptions {
  readonly policy: OverlapPolicy;
  /** From a datagram's last fragment on. */
  readonly timeoutUs: number;
  readonly maxBytes: number;
  readonly maxDatagrams: number;
}

/** As Suricata's. */
export const DEFRAG_DEFAULTS: DefragOptions = {
  policy: 'bsd',
  timeoutUs: 60_000_000,
  maxBytes: 32 * 1024 * 1024,
  maxDatagrams: 65_535,
};

const MAX_DATAGRAM_BYTES = 65_535;
/** What a datagram's fragments may hold together: its bytes four times over. Beyond that they are a flood. */
const MAX_SET_BYTES = 4 * MAX_DATAGRAM_BYTES;
/** Fragments have their own costs, whatever they hold. */
const FRAGMENT_COST_BYTES = 200;

export interface DefragCounts {
  fragments: number;
  reassembled: number;
  timedOut: number;
  /** Unfinished datagrams that gave way to others. */
  evicted: number;
  /** Fragments that end beyond the longest datagram, or of a datagram with too many. */
  refused: number;
}

export class Defragmenter {
  readonly counts: DefragCounts = { fragments: 0, reassembled: 0, timedOut: 0, evicted: 0, refused: 0 };
  readonly #options: DefragOptions;
  /** In the order of their last fragments, so that the one that has waited longest stands first. */
  readonly #sets = new Map<string, FragmentSet>();
  #costBytes = 0;

  constructor(options: DefragOptions = DEFRAG_DEFAULTS) {
    this.#options = options;
  }

  /** Bytes that unfinished datagrams take. */
  get heldBytes(): number {
    return this.#costBytes;
  }

  /** The whole datagram, from its IP header on, where this fragment was the last that it lacked. */
  add(packet: Packet): Uint8Array | undefined {
    this.counts.fragments++;
    this.#expire(packet.timeUs);
    const length = packet.payloadEnd - packet.fragmentAt;
    const headerBytes = packet.fragmentAt - packet.ipAt;
    if (packet.fragmentOffset + length + headerBytes > MAX_DATAGRAM_BYTES + 8 || length === 0) return this.#refuse();
    const key = keyOf(packet);
    let set = this.#sets.get(key);
    if (set === undefined) set = new FragmentSet();
    else if (set.heldBytes + length + FRAGMENT_COST_BYTES > MAX_SET_BYTES) return this.#refuse();
    else this.#sets.delete(key);
    set.lastUs = packet.timeUs;
    this.#sets.set(key, set);
    this.#costBytes -= set.heldBytes;
    set.add(
      packet.fragmentOffset,
      packet.bytes.subarray(packet.fragmentAt, packet.payloadEnd),
      packet.hasMoreFragments,
    );
    set.heldBytes += FRAGMENT_COST_BYTES;
    this.#costBytes += set.heldBytes;
    if (packet.fragmentOffset === 0 && set.header === undefined) {
      set.header = packet.bytes.slice(packet.ipAt, packet.fragmentAt);
      set.nextHeaderAt = packet.nextHeaderAt - packet.ipAt;
      set.protocol = packet.protocol;
    }
    const body = set.assemble(this.#options.policy);
    if (body === undefined) {
      this.#makeRoom();
      return undefined;
    }
    this.#forget(key, set);
    this.counts.reassembled++;
    return wholeDatagram(set, packet.ipVersion, body);
  }

  #refuse(): undefined {
    this.counts.refused++;
  }

  #forget(key: string, set: FragmentSet): void {
    this.#sets.delete(key);
    this.#costBytes -= set.heldBytes;
  }

  #expire(nowUs: number): void {
    for (const [key, set] of this.#sets) {
      if (nowUs - set.lastUs <= this.#options.timeoutUs) return;
      this.#forget(key, set);
      this.counts.timedOut++;
    }
  }

  #makeRoom(): void {
    const { maxBytes, maxDatagrams } = this.#options;
    for (const [key, set] of this.#sets) {
      if (this.#costBytes <= maxBytes && this.#sets.size <= maxDatagrams) return;
      this.#forget(key, set);
      this.counts.evicted++;
    }
  }
}

/** Fragments are rare enough for a text as key. IPv6 names no protocol in every fragment. */
function keyOf(packet: Packet): string {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, fragmentId, ipVersion, vlan0, vlan1, vlan2 } = packet;
  const protocol = ipVersion === 4 ? packet.protocol : 0;
  return `${ipVersion} ${src0} ${src1} ${src2} ${src3} ${dst0} ${dst1} ${dst2} ${dst3} ${fragmentId} ${protocol} ${vlan0} ${vlan1} ${vlan2} ${packet.depth}`;
}
