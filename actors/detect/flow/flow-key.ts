/**
 * A packet's key in the flow table: addresses, ports, protocol, VLANs and depth in tunnels. Both directions of a flow
 * have the same hash; `directionOf` says which of the two a packet has. ICMP's types stand where others have ports: a
 * question and its answer are one flow. An ICMP error belongs to the flow of the packet that it quotes.
 */
import { type Packet, PROTOCOL_ESP, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from '../packet/index.ts';
import type { Direction } from './direction.ts';
import type { Flow, FlowKey } from './flow.ts';
import { hashOf } from './flow-hash.ts';
import { counterpart4, counterpart6, quoted } from './icmp.ts';

/** What goes back over ESP has an index of its own, and is another flow. */
const NOT_ANSWERED = -1;

/** False where a packet has no flow. */
export function keyOf(packet: Packet, key: FlowKey, seed: number): boolean {
  if (!packet.hasFlow || packet.isFragment || packet.isInvalid) return false;
  key.ipVersion = packet.ipVersion === 4 ? 4 : 6;
  key.protocol = packet.protocol;
  key.depth = packet.depth;
  key.vlanCount = packet.vlanCount;
  key.vlan0 = packet.vlan0;
  key.vlan1 = packet.vlan1;
  key.vlan2 = packet.vlan2;
  key.src0 = packet.src0;
  key.src1 = packet.src1;
  key.src2 = packet.src2;
  key.src3 = packet.src3;
  key.dst0 = packet.dst0;
  key.dst1 = packet.dst1;
  key.dst2 = packet.dst2;
  key.dst3 = packet.dst3;
  key.sourceKey = packet.sourcePort;
  key.destinationKey = packet.destinationPort;
  if (key.protocol === PROTOCOL_ICMP) {
    if (!quoted(packet, key)) {
      key.sourceKey = packet.icmpType << 8;
      key.destinationKey = counterpart4(packet.icmpType) << 8;
    }
  } else if (key.protocol === PROTOCOL_ESP) {
    key.sourceKey = packet.securityIndex;
    key.destinationKey = NOT_ANSWERED;
  } else if (key.protocol === PROTOCOL_ICMPV6) {
    // As in Suricata one with a code is in another flow than one without, and no other answers it.
    key.sourceKey = (packet.icmpType << 8) | packet.icmpCode;
    key.destinationKey = counterpart6(packet.icmpType) << 8;
  }
  key.hash = hashOf(key, seed);
  return true;
}

/** -1 where the packet is not the flow's. */
export function directionOf(flow: Flow, key: FlowKey): Direction | -1 {
  if (flow.hash !== key.hash || flow.protocol !== key.protocol || flow.ipVersion !== key.ipVersion) return -1;
  if (flow.depth !== key.depth) return -1;
  if (flow.vlan0 !== key.vlan0 || flow.vlan1 !== key.vlan1 || flow.vlan2 !== key.vlan2) return -1;
  if (
    flow.sourceKey === key.sourceKey &&
    flow.destinationKey === key.destinationKey &&
    flow.src0 === key.src0 &&
    flow.dst0 === key.dst0 &&
    flow.src3 === key.src3 &&
    flow.dst3 === key.dst3 &&
    flow.src2 === key.src2 &&
    flow.dst2 === key.dst2 &&
    flow.src1 === key.src1 &&
    flow.dst1 === key.dst1
  )
    return 0;
  if (
    flow.sourceKey === key.destinationKey &&
    flow.destinationKey === key.sourceKey &&
    flow.src0 === key.dst0 &&
    flow.dst0 === key.src0 &&
    flow.src3 === key.dst3 &&
    flow.dst3 === key.src3 &&
    flow.src2 === key.dst2 &&
    flow.dst2 === key.src2 &&
    flow.src1 === key.dst1 &&
    flow.dst1 === key.src1
  )
    return 1;
  return -1;
}
