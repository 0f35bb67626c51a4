/**
 * Puts IPv4 and IPv6 datagrams together from their fragments, as a target with the given policy would. Memory is bounded
 * in bytes and in datagrams: the unfinished datagram that has waited longest gives way, and is counted. Time is the packets' own.
 */
import { addEvent, type DecodeEvent, type Packet } from '../packet/index.ts';
import { FragmentSet } from './fragment-set.ts';
import type { Head } from './held-fragment.ts';
import type { OverlapPolicy } from './overlap-policy.ts';
import { FRAGMENT_HEADER_BYTES, wholeDatagram } from './whole-datagram.ts';

export interface DefragOptions {
  /** Of the targets, by their version of IP. */
  readonly policy4: OverlapPolicy;
  readonly policy6: OverlapPolicy;
  /** From a datagram's last fragment on. */
  readonly timeoutUs: number;
  readonly maxBytes: number;
  readonly maxDatagrams: number;
}

/** As in Suricata's own configuration. */
export const DEFRAG_DEFAULTS: DefragOptions = {
  policy4: 'windows',
  policy6: 'bsd',
  timeoutUs: 60_000_000,
  maxBytes: 32 * 1024 * 1024,
  maxDatagrams: 65_535,
};

const MAX_DATAGRAM_BYTES = 65_535;
const IPV4_BYTES = 20;
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
    const fixedBytes = packet.ipVersion === 4 ? IPV4_BYTES : 0;
    if (fixedBytes + packet.fragmentOffset + length > MAX_DATAGRAM_BYTES)
      return this.#refuse(packet, 'ipv4.frag_pkt_too_large', 'ipv6.frag_pkt_too_large');
    if (length === 0) return this.#refuse(packet);
    const key = keyOf(packet);
    let set = this.#sets.get(key);
    if (set === undefined) set = new FragmentSet();
    else if (set.heldBytes + length + FRAGMENT_COST_BYTES > MAX_SET_BYTES)
      return this.#refuse(packet, 'ipv4.frag_ignored', 'ipv6.frag_ignored');
    else this.#sets.delete(key);
    set.lastUs = packet.timeUs;
    this.#sets.set(key, set);
    const policy = packet.ipVersion === 4 ? this.#options.policy4 : this.#options.policy6;
    const before = set.heldBytes;
    const isKept = set.add(
      packet.fragmentOffset,
      packet.bytes.subarray(packet.fragmentAt, packet.payloadEnd),
      packet.hasMoreFragments,
      headOf(packet),
      policy,
    );
    if (set.overlaps) note(packet, 'ipv4.frag_overlap', 'ipv6.frag_overlap');
    if (isKept) set.heldBytes += FRAGMENT_COST_BYTES;
    this.#costBytes += set.heldBytes - before;
    const whole = isKept ? set.assemble() : undefined;
    if (whole === undefined) {
      this.#makeRoom();
      return undefined;
    }
    this.#forget(key, set);
    this.counts.reassembled++;
    return wholeDatagram(whole.head, packet.ipVersion, whole.body);
  }

  #refuse(packet: Packet, event4?: DecodeEvent, event6?: DecodeEvent): undefined {
    this.counts.refused++;
    if (event4 !== undefined && event6 !== undefined) note(packet, event4, event6);
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

function note(packet: Packet, event4: DecodeEvent, event6: DecodeEvent): undefined {
  addEvent(packet, packet.ipVersion === 4 ? event4 : event6);
}

/** Fragments are rare enough for a text as key. IPv6 names no protocol in every fragment. */
function keyOf(packet: Packet): string {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, fragmentId, ipVersion, vlan0, vlan1, vlan2 } = packet;
  const protocol = ipVersion === 4 ? packet.protocol : 0;
  return `${ipVersion} ${src0} ${src1} ${src2} ${src3} ${dst0} ${dst1} ${dst2} ${dst3} ${fragmentId} ${protocol} ${vlan0} ${vlan1} ${vlan2} ${packet.depth}`;
}

function headOf(packet: Packet): Head | null {
  if (packet.fragmentOffset !== 0) return null;
  return {
    bytes: packet.bytes.slice(packet.ipAt, packet.fragmentAt),
    nextHeaderAt: packet.nextHeaderAt - packet.ipAt,
    protocol: packet.ipVersion === 4 ? packet.protocol : packet.bytes[packet.fragmentAt - FRAGMENT_HEADER_BYTES]!,
  };
}
