/** A packet that follows an alert whose rule has tagged its flow or host: whole. */
import type { Flow } from '../flow/index.ts';
import type { Packet } from '../packet/index.ts';
import type { EveLine } from './eve-line.ts';
import type { EveRecord } from './eve-record.ts';
import { beginOfPacket } from './record.ts';

export function writeTagged(line: EveLine, packet: Packet, flow: Flow | null): void {
  beginOfPacket(line, 'packet', packet, flow);
  line.spread(packetFields(packet));
  line.close();
}

/** What of a packet is in no other field. One that was put together has the frame of its last fragment. */
export function packetFields(packet: Packet, bytesMax: number = Number.MAX_SAFE_INTEGER): EveRecord {
  const { bytes, start, end, linkType, isReassembled, root } = packet;
  const own = bytes.subarray(start, end);
  const framed = isReassembled && root !== null ? [root.bytes.subarray(root.start, root.ipAt), own] : [own];
  return {
    packet: Buffer.concat(framed).subarray(0, bytesMax).toString('base64'),
    packet_info: { linktype: isReassembled && root !== null ? root.linkType : linkType },
  };
}
