/**
 * Whether a packet lies in a rule's header: IP version, protocol, ports, addresses. Ranges are flat arrays of words, so
 * that asking costs no object.
 */
import type { Packet } from '../packet/index.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_SCTP, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { AddressSet } from '../rules/address-set.ts';
import type { PortSet } from '../rules/port-set.ts';
import type { Condition, Rule } from '../rules/rule.ts';

/** Low and high ends, one pair after the other; null: any. */
type PortRanges = Uint16Array | null;

export interface Addresses {
  readonly v4: Uint32Array;
  /** Each end is four words. */
  readonly v6: Uint32Array;
}

export interface Header {
  /** 0: either. */
  readonly ipVersion: number;
  /** null: any. */
  readonly protocols: readonly number[] | null;
  readonly source: Addresses | null;
  readonly destination: Addresses | null;
  readonly sourcePorts: PortRanges;
  readonly destinationPorts: PortRanges;
}

const PROTOCOLS: Readonly<Record<string, readonly number[]>> = {
  tcp: [PROTOCOL_TCP],
  'tcp-pkt': [PROTOCOL_TCP],
  'tcp-stream': [PROTOCOL_TCP],
  udp: [PROTOCOL_UDP],
  icmp: [PROTOCOL_ICMP, PROTOCOL_ICMPV6],
  icmpv4: [PROTOCOL_ICMP],
  icmpv6: [PROTOCOL_ICMPV6],
  sctp: [PROTOCOL_SCTP],
};

const ANY_PROTOCOL: ReadonlySet<string> = new Set(['ip', 'ipv4', 'ipv6', 'pkthdr']);

/** `transports`: of the rule's application protocol. */
export function protocolsOf(protocol: string, transports: readonly string[]): readonly number[] | null {
  if (ANY_PROTOCOL.has(protocol)) return null;
  const own = PROTOCOLS[protocol] ?? (transports.length === 1 ? PROTOCOLS[transports[0]!] : undefined);
  return own ?? transports.flatMap((name) => PROTOCOLS[name] ?? []);
}

/** `isSwapped`: of a rule in both directions, the one that is not written first. */
export function headerOf(rule: Rule, protocols: readonly number[] | null, isSwapped: boolean): Header {
  const source = addressesOf(rule.source);
  const destination = addressesOf(rule.destination);
  const sourcePorts = portsOf(rule.sourcePorts);
  const destinationPorts = portsOf(rule.destinationPorts);
  return {
    ipVersion: familyOf(rule),
    protocols,
    source: isSwapped ? destination : source,
    destination: isSwapped ? source : destination,
    sourcePorts: isSwapped ? destinationPorts : sourcePorts,
    destinationPorts: isSwapped ? sourcePorts : destinationPorts,
  };
}

/** Of the header, or of l3_proto. */
function familyOf({ protocol, conditions }: Rule): number {
  const named = conditions.find(namesFamily)?.value;
  const wanted = FAMILIES[named?.type === 'words' ? named.words[0]! : ''] ?? 0;
  const family = FAMILIES[protocol] ?? 0;
  return wanted !== 0 && family !== 0 && wanted !== family ? NO_FAMILY : wanted || family;
}

const namesFamily = ({ keyword }: Condition): boolean => keyword === 'l3_proto';
const FAMILIES: Readonly<Record<string, number>> = { ipv4: 4, ipv6: 6 };
/** One that no packet has. */
const NO_FAMILY = -1;

const WORD = 0xffff_ffffn;

/** Rules share their groups. */
const flatAddresses = new WeakMap<AddressSet, Addresses>();
const flatPorts = new WeakMap<PortSet, Uint16Array>();

function addressesOf(set: AddressSet): Addresses | null {
  if (set.isAny) return null;
  const before = flatAddresses.get(set);
  if (before !== undefined) return before;
  const made = flattened(set);
  flatAddresses.set(set, made);
  return made;
}

function flattened(set: AddressSet): Addresses {
  const words = (value: bigint) => [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & WORD));
  return {
    v4: Uint32Array.from(set.v4.flat()),
    v6: Uint32Array.from(set.v6.flatMap(([low, high]) => [...words(low), ...words(high)])),
  };
}

function portsOf(set: PortSet): PortRanges {
  if (set.isAny) return null;
  const before = flatPorts.get(set);
  if (before !== undefined) return before;
  const made = Uint16Array.from(set.ranges.flat());
  flatPorts.set(set, made);
  return made;
}

export function matchesHeader(header: Header, packet: Packet): boolean {
  if (!matchesBesideAddresses(header, packet)) return false;
  const { source, destination } = header;
  if (packet.ipVersion !== 6)
    return (
      (destination === null || holdsV4(destination.v4, packet.dst0 >>> 0)) &&
      (source === null || holdsV4(source.v4, packet.src0 >>> 0))
    );
  return (
    (destination === null ||
      holdsV6(destination.v6, packet.dst0 >>> 0, packet.dst1 >>> 0, packet.dst2 >>> 0, packet.dst3 >>> 0)) &&
    (source === null || holdsV6(source.v6, packet.src0 >>> 0, packet.src1 >>> 0, packet.src2 >>> 0, packet.src3 >>> 0))
  );
}

/** All of it that a packet without addresses can be asked. */
export function matchesBesideAddresses(header: Header, packet: Packet): boolean {
  const { protocols } = header;
  if (header.ipVersion !== 0 && header.ipVersion !== packet.ipVersion) return false;
  if (protocols !== null && !holdsProtocol(protocols, packet.protocol)) return false;
  if (header.sourcePorts !== null || header.destinationPorts !== null) {
    // A fragment has no ports, and what has none matches no rule that names some.
    if (packet.isFragment || !hasPorts(packet.protocol)) return false;
    if (header.destinationPorts !== null && !holdsPort(header.destinationPorts, packet.destinationPort)) return false;
    if (header.sourcePorts !== null && !holdsPort(header.sourcePorts, packet.sourcePort)) return false;
  }
  return true;
}

export const hasPorts = (protocol: number): boolean =>
  protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP || protocol === PROTOCOL_SCTP;

function holdsProtocol(protocols: readonly number[], protocol: number): boolean {
  for (let i = 0; i < protocols.length; i += 1) if (protocols[i] === protocol) return true;
  return false;
}

function holdsPort(ranges: Uint16Array, port: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (port >= ranges[i]! && port <= ranges[i + 1]!) return true;
  return false;
}

function holdsV4(ranges: Uint32Array, address: number): boolean {
  let low = 0;
  let high = ranges.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (address < ranges[2 * middle]!) high = middle - 1;
    else if (address > ranges[2 * middle + 1]!) low = middle + 1;
    else return true;
  }
  return false;
}

function holdsV6(ranges: Uint32Array, a: number, b: number, c: number, d: number): boolean {
  let low = 0;
  let high = ranges.length / 8 - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (isLess(a, b, c, d, ranges, 8 * middle)) high = middle - 1;
    else if (isMore(a, b, c, d, ranges, 8 * middle + 4)) low = middle + 1;
    else return true;
  }
  return false;
}

function isLess(a: number, b: number, c: number, d: number, words: Uint32Array, at: number): boolean {
  if (a !== words[at]!) return a < words[at]!;
  if (b !== words[at + 1]!) return b < words[at + 1]!;
  if (c !== words[at + 2]!) return c < words[at + 2]!;
  return d < words[at + 3]!;
}

function isMore(a: number, b: number, c: number, d: number, words: Uint32Array, at: number): boolean {
  if (a !== words[at]!) return a > words[at]!;
  if (b !== words[at + 1]!) return b > words[at + 1]!;
  if (c !== words[at + 2]!) return c > words[at + 2]!;
  return d > words[at + 3]!;
}
