/** Keywords about a packet's headers, compiled. None holds of a packet that was made up at a flow's end. */
import {
  IPV4_OPTIONS,
  type Packet,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../packet/index.ts';
import { type NumberTest, passes, printedTest } from '../rules/numbers.ts';
import type { Condition } from '../rules/rule.ts';
import { fieldsOf, testOf, wordsOf } from './condition-values.ts';
import type { Situation } from './situation.ts';

export type Check = (situation: Situation) => boolean;

/** `isSought`: something that must be there is looked for before the rule is asked. */
type Compile = (condition: Condition, isSought: boolean) => (packet: Packet) => boolean;

const be16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
const isTcp = (packet: Packet): boolean => packet.protocol === PROTOCOL_TCP && packet.hasTransport;
const isIcmp = (packet: Packet): boolean =>
  packet.hasTransport &&
  ((packet.protocol === PROTOCOL_ICMP && packet.ipVersion === 4) ||
    (packet.protocol === PROTOCOL_ICMPV6 && packet.ipVersion === 6));

/** A number of a packet against the keyword's; `read` gives -1 where the packet has none. */
const compared =
  (read: (packet: Packet) => number): Compile =>
  (condition) => {
    const test: NumberTest = testOf(condition);
    return (packet) => {
      const value = read(packet);
      return value >= 0 && passes(test, value);
    };
  };

/** Types of ICMP whose messages have an identifier and a sequence number. */
const QUERIES_V4: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);
const QUERIES_V6: ReadonlySet<number> = new Set([128, 129]);

function icmpField(packet: Packet, at: number): number {
  if (!isIcmp(packet)) return -1;
  const queries = packet.ipVersion === 4 ? QUERIES_V4 : QUERIES_V6;
  // Of a code that is not known nothing was read.
  if (packet.ipVersion === 6 && packet.icmpCode !== 0) return queries.has(packet.icmpType) ? 0 : -1;
  return queries.has(packet.icmpType) ? be16(packet.bytes, packet.transportAt + at) : -1;
}

const IP_OPTIONS: Readonly<Record<string, number>> = { ...IPV4_OPTIONS };
/** Suricata finds no packet that has `any` of them. */
const optionBits = (name: string): number => IP_OPTIONS[name] ?? 0;

const TCP_FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, C: 128 };
const OLD_NAMES: Readonly<Record<string, string>> = { 1: 'C', 2: 'E' };

/** SYN, RST, FIN; URG, ECE, CWR. */
const OPENING_OR_CLOSING = 0x07;
const UNUSUAL = 0xe0;

function flagBits(letters: string): number {
  let bits = 0;
  for (const letter of letters) bits |= TCP_FLAGS[OLD_NAMES[letter] ?? letter] ?? 0;
  return bits;
}

const tcpFlags: Compile = (condition, isSought) => {
  const { flags, how, ignored } = fieldsOf(condition);
  const wanted = flagBits(String(flags));
  const kept = 0xff & ~flagBits(String(ignored));
  // Suricata asks about these only where one of their kind is set, also where they must not be; of some with SYN
  // only SYNs, unless the prefilter finds the rule.
  const asksSyn = !isSought && how === '*' && (wanted & TCP_FLAGS.S!) !== 0;
  const least = [OPENING_OR_CLOSING, UNUSUAL].filter((kind) => (wanted & kind) !== 0);
  return (packet) => {
    if (!isTcp(packet)) return false;
    for (let i = 0; i < least.length; i += 1) if ((packet.tcpFlags & least[i]!) === 0) return false;
    if (asksSyn && (packet.tcpFlags & TCP_FLAGS.S!) === 0) return false;
    const set = packet.tcpFlags & kept;
    // Without a flag: `flags:0`.
    if (wanted === 0 && set !== 0) return how === '!';
    if (how === '*') return (set & wanted) !== 0;
    if (how === '!') return (set & wanted) === 0 || (set & wanted) !== wanted;
    if (how === '+') return (set & wanted) === wanted;
    return set === wanted;
  };
};

const FRAGMENT_BITS: Readonly<Record<string, number>> = { R: 4, D: 2, M: 1 };

const fragBits: Compile = (condition) => {
  const { bits, how } = fieldsOf(condition);
  let wanted = 0;
  for (const letter of String(bits)) wanted |= FRAGMENT_BITS[letter] ?? 0;
  return (packet) => {
    if (packet.ipVersion !== 4) return false;
    const set = packet.bytes[packet.ipAt + 6]! >> 5;
    if (how === '*') return (set & wanted) !== 0;
    if (how === '!') return (set & wanted) !== wanted;
    // Suricata's + wants another bit beside them.
    if (how === '+') return (set & wanted) === wanted && set !== wanted;
    return set === wanted;
  };
};

function fragmentOffset(packet: Packet): number {
  if (packet.ipVersion === 4) return be16(packet.bytes, packet.ipAt + 6) & 0x1fff;
  return packet.ipVersion === 6 && packet.fragmentAt >= 0 ? packet.fragmentOffset : -1;
}

export const payloadBytes = (packet: Packet): number =>
  packet.hasTransport ? packet.payloadEnd - packet.payloadAt : 0;

const isSameAddress = (packet: Packet): boolean =>
  packet.ipVersion !== 0 &&
  packet.src0 === packet.dst0 &&
  packet.src1 === packet.dst1 &&
  packet.src2 === packet.dst2 &&
  packet.src3 === packet.dst3;

const PACKET_TOO_BIG = 2;
function largestPacket(packet: Packet): number {
  if (!packet.hasTransport || packet.protocol !== PROTOCOL_ICMPV6 || packet.ipVersion !== 6) return -1;
  if (packet.icmpType !== PACKET_TOO_BIG || packet.icmpCode !== 0) return -1;
  const at = packet.transportAt + 4;
  return be16(packet.bytes, at) * 0x1_0000 + be16(packet.bytes, at + 2);
}

/** Of a call, its type, program, version and procedure, behind a number of its own; of TCP behind the length of its record. */
const RPC_CALL_BYTES = 24;
const RPC_RECORD_BYTES = 4;
const be32 = (bytes: Uint8Array, at: number): number => be16(bytes, at) * 0x1_0000 + be16(bytes, at + 2);

const rpcCall: Compile = (condition) => {
  const { program, version, procedure } = fieldsOf(condition);
  const isPart = (bytes: Uint8Array, at: number, wanted: string | number | undefined): boolean =>
    wanted === -1 || be32(bytes, at) === wanted;
  return (packet) => {
    if (!packet.hasTransport || (packet.protocol !== PROTOCOL_TCP && packet.protocol !== PROTOCOL_UDP)) return false;
    const head = packet.protocol === PROTOCOL_TCP ? RPC_RECORD_BYTES : 0;
    if (payloadBytes(packet) < head + RPC_CALL_BYTES) return false;
    const { bytes } = packet;
    const at = packet.payloadAt + head;
    if (be32(bytes, at + 4) !== 0) return false;
    return isPart(bytes, at + 12, program) && isPart(bytes, at + 16, version) && isPart(bytes, at + 20, procedure);
  };
};

const vlansOf = ({ vlanCount, vlan0, vlan1, vlan2 }: Packet): number[] => [vlan0, vlan1, vlan2].slice(0, vlanCount);

/** Of one layer, of any of them or of all; what has none passes nothing. */
function passesOf(layer: string, ids: readonly number[], holds: (id: number) => boolean): boolean {
  if (layer === 'any') return ids.some(holds);
  if (layer === 'all') return ids.length > 0 && ids.every(holds);
  const id = ids.at(Number(layer));
  return id !== undefined && holds(id);
}

const v4 = (packet: Packet, at: number): number => (packet.ipVersion === 4 ? packet.bytes[packet.ipAt + at]! : -1);

const CONDITIONS: Readonly<Record<string, Compile>> = {
  template2: compared((packet) => (packet.ipVersion === 0 ? -1 : packet.ttl)),
  ttl: compared((packet) => (packet.ipVersion === 0 ? -1 : packet.ttl)),
  tos: compared((packet) => v4(packet, 1)),
  id: compared((packet) => (packet.ipVersion === 4 ? be16(packet.bytes, packet.ipAt + 4) : -1)),
  ip_proto: compared((packet) => (packet.ipVersion === 0 && !packet.hasAddressesAlone ? -1 : packet.protocol)),
  ipopts: (condition) => {
    const wanted = optionBits(wordsOf(condition)[0]!);
    return (packet) => packet.ipVersion === 4 && (packet.ipOptions & wanted) !== 0;
  },
  fragbits: fragBits,
  fragoffset: compared(fragmentOffset),
  sameip: () => isSameAddress,
  itype: compared((packet) => (isIcmp(packet) ? packet.icmpType : -1)),
  icode: compared((packet) => (isIcmp(packet) ? packet.icmpCode : -1)),
  icmp_id: compared((packet) => icmpField(packet, 4)),
  icmp_seq: compared((packet) => icmpField(packet, 6)),
  'tcp.flags': tcpFlags,
  'tcp.seq': compared((packet) => (isTcp(packet) ? packet.sequence >>> 0 : -1)),
  'tcp.ack': compared((packet) => (isTcp(packet) ? packet.acknowledgment >>> 0 : -1)),
  'tcp.window': compared((packet) => (isTcp(packet) ? packet.window : -1)),
  'tcp.mss': compared((packet) => (isTcp(packet) ? packet.maximumSegment : -1)),
  'tcp.wscale': compared((packet) => (isTcp(packet) ? packet.windowScale : -1)),
  'icmpv6.mtu': compared(largestPacket),
  rpc: rpcCall,
  'vlan.id': (condition) => {
    const { test, layer } = fieldsOf(condition);
    const wanted = printedTest(String(test));
    return (packet) => passesOf(String(layer), vlansOf(packet), (id) => passes(wanted, id));
  },
  'vlan.layers': compared(({ vlanCount }) => vlanCount),
};

/** A packet without payload, with nothing of the stream in hand, has only size 0, and only where that is what is asked. */
function sizeCheck(condition: Condition): Check {
  const test = testOf(condition);
  const asksNone = test.is === 'equal' && test.value === 0;
  const asksSome = !asksNone && test.is !== 'less' && test.is !== 'atMost';
  return (situation) => {
    const { packet, hasPayload, hasStreamData } = situation;
    const isSeen = hasPayload || hasStreamData;
    if (packet.isPseudo || (isSeen && asksNone) || (!isSeen && asksSome)) return false;
    return passes(test, payloadBytes(packet));
  };
}

export const isAboutPackets = (keyword: string): boolean => keyword === 'dsize' || CONDITIONS[keyword] !== undefined;

/** undefined: the keyword is not about a packet's headers. `isSought`: the prefilter finds the rule by what must be there. */
export function packetCheck(condition: Condition, isSought: boolean): Check | undefined {
  if (condition.keyword === 'dsize') return sizeCheck(condition);
  const check = CONDITIONS[condition.keyword]?.(condition, isSought);
  if (check === undefined) return undefined;
  // What is carried belongs to a rule's header, and holds of what nobody sent, too.
  if (condition.keyword === 'ip_proto') return ({ packet }) => check(packet);
  return ({ packet }) => !packet.isPseudo && check(packet);
}
