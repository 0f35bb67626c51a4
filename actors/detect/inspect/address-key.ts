/** Text keys for the addresses of a packet; only what rules track is ever asked for one. */
import type { Packet } from '../packet/index.ts';

export function sourceKey(packet: Packet): string {
  return packet.ipVersion === 6 ? `${packet.src0}:${packet.src1}:${packet.src2}:${packet.src3}` : String(packet.src0);
}

export function destinationKey(packet: Packet): string {
  return packet.ipVersion === 6 ? `${packet.dst0}:${packet.dst1}:${packet.dst2}:${packet.dst3}` : String(packet.dst0);
}

/** The same for both ways between two addresses. */
export function pairKey(packet: Packet): string {
  const source = sourceKey(packet);
  const destination = destinationKey(packet);
  return source < destination ? `${source} ${destination}` : `${destination} ${source}`;
}
