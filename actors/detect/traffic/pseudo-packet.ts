/** A packet that nobody sent: with it what there is of a direction is inspected when its flow ends, or turns to something else. */
import type { Direction, Flow } from '../flow/index.ts';
import { type Packet, TCP_ACK } from '../packet/index.ts';
import type { TcpSession } from '../stream/index.ts';

const NO_BYTES = new Uint8Array(0);
const TCP_BYTES = 20;
const TTL = 64;
const WINDOW = 10;

/** `isFlush`: it goes before another. */
export function pseudoPacket(
  packet: Packet,
  flow: Flow,
  session: TcpSession,
  direction: Direction,
  timeUs: number,
  isFlush: boolean,
): Packet {
  packet.reset(NO_BYTES, 0, 0);
  packet.isPseudo = true;
  packet.isFlush = isFlush;
  packet.timeUs = timeUs;
  packet.depth = flow.depth;
  packet.vlanCount = flow.vlanCount;
  packet.vlan0 = flow.vlan0;
  packet.vlan1 = flow.vlan1;
  packet.vlan2 = flow.vlan2;
  packet.ipVersion = flow.ipVersion;
  packet.ttl = TTL;
  packet.protocol = flow.protocol;
  // Before another Suricata forgets that a flow was turned round: its server counts as the sender to the server.
  const isForward = (direction === 0) !== (isFlush && flow.isSwapped);
  packet.src0 = isForward ? flow.src0 : flow.dst0;
  packet.src1 = isForward ? flow.src1 : flow.dst1;
  packet.src2 = isForward ? flow.src2 : flow.dst2;
  packet.src3 = isForward ? flow.src3 : flow.dst3;
  packet.dst0 = isForward ? flow.dst0 : flow.src0;
  packet.dst1 = isForward ? flow.dst1 : flow.src1;
  packet.dst2 = isForward ? flow.dst2 : flow.src2;
  packet.dst3 = isForward ? flow.dst3 : flow.src3;
  packet.sourcePort = isForward ? flow.sourcePort : flow.destinationPort;
  packet.destinationPort = isForward ? flow.destinationPort : flow.sourcePort;
  packet.hasTransport = true;
  packet.payloadAt = 0;
  packet.payloadEnd = 0;
  packet.tcpFlags = TCP_ACK;
  packet.sequence = session.stream(direction).nextSequence;
  packet.acknowledgment = session.stream(direction === 0 ? 1 : 0).lastAck;
  return packet;
}

/** Gives it the headers that rules are shown of one that goes before another; without checksums. */
export function addHeaders(packet: Packet): void {
  const isV4 = packet.ipVersion === 4;
  const ipBytes = isV4 ? 20 : 40;
  const bytes = new Uint8Array(ipBytes + TCP_BYTES);
  const view = new DataView(bytes.buffer);
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet;
  if (isV4) {
    bytes.set([0x45, 0, 0, bytes.length, 0, 0, 0, 0, TTL, packet.protocol]);
    for (const [place, word] of [src0, dst0].entries()) view.setUint32(12 + 4 * place, word);
  } else {
    bytes.set([0x60, 0, 0, 0, 0, TCP_BYTES, packet.protocol, TTL]);
    for (const [place, word] of [src0, src1, src2, src3, dst0, dst1, dst2, dst3].entries())
      view.setUint32(8 + 4 * place, word);
  }
  view.setUint16(ipBytes, packet.sourcePort);
  view.setUint16(ipBytes + 2, packet.destinationPort);
  view.setUint32(ipBytes + 4, packet.sequence);
  view.setUint32(ipBytes + 8, packet.acknowledgment);
  bytes.set([(TCP_BYTES / 4) << 4, packet.tcpFlags], ipBytes + 12);
  // Suricata forgets to put it into network order.
  view.setUint16(ipBytes + 14, WINDOW, true);
  packet.bytes = bytes;
  packet.ipAt = 0;
  packet.transportAt = ipBytes;
  packet.payloadAt = bytes.length;
  packet.payloadEnd = bytes.length;
}
