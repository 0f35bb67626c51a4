/**
 * What a packet's rules would have an enforcing gateway do, as Suricata's `drop` records tell it where it stands in line:
 * the packet's headers, the reason, what is dropped or rejected, and the rule.
 */
import type { Situation, Verdict } from '../inspect/index.ts';
import { key } from '../json/index.ts';
import { type Packet, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { Action } from '../rules/rule.ts';
import type { AboutRules } from './about-rule.ts';
import type { EveLine } from './eve-line.ts';
import type { EveRecord } from './eve-record.ts';
import { beginOfPacket } from './record.ts';

const DIRECTION = key('direction');
const DROP = key('drop');
const VERDICT = key('verdict');

const REJECT_TARGETS: Readonly<Record<string, string>> = {
  reject: 'to_client',
  rejectsrc: 'to_client',
  rejectdst: 'to_server',
  rejectboth: 'both',
};

export function writeVerdict(
  line: EveLine,
  { signature, rejectedBy }: Verdict,
  situation: Situation,
  about: AboutRules,
): void {
  const { packet, flow } = situation;
  beginOfPacket(line, 'drop', packet, flow);
  if (flow !== null) line.string(DIRECTION, situation.direction === 0 ? 'to_server' : 'to_client');
  const headers = packet.isPseudo || packet.ipAt < 0 ? {} : { ...networkOf(packet), ...transportOf(packet) };
  line.value(DROP, { ...headers, reason: signature === null ? 'flow drop' : 'rules' });
  line.value(VERDICT, { action: 'drop', ...rejection(rejectedBy, packet) });
  if (signature !== null) about.add(line, signature, true, packet);
  line.close();
}

/** What would answer the packet. */
export function rejection(by: Action | null, { protocol }: Packet): EveRecord {
  if (by === null) return {};
  return { 'reject-target': REJECT_TARGETS[by], reject: [protocol === PROTOCOL_TCP ? 'tcp-reset' : 'icmp-prohib'] };
}

const n16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
const n32 = (bytes: Uint8Array, at: number): number => n16(bytes, at) * 0x1_0000 + n16(bytes, at + 2);

function networkOf({ bytes, ipAt, ipVersion, ttl }: Packet): EveRecord {
  if (ipVersion === 4) return { len: n16(bytes, ipAt + 2), tos: bytes[ipAt + 1], ttl, ipid: n16(bytes, ipAt + 4) };
  const first = n32(bytes, ipAt);
  return {
    len: n16(bytes, ipAt + 4),
    tc: (first >>> 20) & 0xff,
    hoplimit: ttl,
    flowlbl: first & 0xf_ffff,
  };
}

function transportOf(packet: Packet): EveRecord {
  const { bytes, transportAt: at, protocol, tcpFlags } = packet;
  if (!packet.hasTransport) return {};
  switch (protocol) {
    case PROTOCOL_TCP:
      return {
        tcpseq: packet.sequence >>> 0,
        tcpack: packet.acknowledgment >>> 0,
        tcpwin: n16(bytes, at + 14),
        syn: (tcpFlags & 2) !== 0,
        ack: (tcpFlags & 16) !== 0,
        psh: (tcpFlags & 8) !== 0,
        rst: (tcpFlags & 4) !== 0,
        urg: (tcpFlags & 32) !== 0,
        fin: (tcpFlags & 1) !== 0,
        tcpres: bytes[at + 12]! & 15,
        tcpurgp: n16(bytes, at + 18),
      };
    case PROTOCOL_UDP:
      return { udplen: n16(bytes, at + 4) };
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
      return { icmp_id: n16(bytes, at + 4), icmp_seq: n16(bytes, at + 6) };
    default:
      return {};
  }
}
