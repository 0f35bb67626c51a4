/**
 * Spreads packets over lanes, each of which is examined by itself: by their addresses alone, so that both directions of a flow, the
 * fragments of a datagram, the errors about a packet and all that two hosts say to each other go one way. What has no addresses
 * goes to lane 0.
 */
import type { CapturedPacket } from '../capture/index.ts';
import { decodeCaptured, Packet } from '../packet/index.ts';
import { FlowKey } from './flow.ts';
import { mix } from './flow-hash.ts';
import { keyOf } from './flow-key.ts';

const packet = new Packet();
const key = new FlowKey();

export function laneOf(captured: CapturedPacket, lanes: number): number {
  decodeCaptured(packet, captured);
  if (packet.ipVersion === 0) return 0;
  // An error about a packet has the key of that packet.
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = keyOf(packet, key, 0) ? key : packet;
  const source = mix(mix(mix(mix(0, src0), src1), src2), src3);
  const destination = mix(mix(mix(mix(0, dst0), dst1), dst2), dst3);
  // The same for both directions.
  return (mix((source + destination) | 0, source ^ destination) >>> 0) % lanes;
}
