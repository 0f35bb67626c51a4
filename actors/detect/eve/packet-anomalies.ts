/** What was odd about a packet or its stream, as eve-log tells it where its section `anomaly` asks for that. */
import type { Flow } from '../flow/index.ts';
import { streamEventsOf } from '../inspect/index.ts';
import { key } from '../json/index.ts';
import { DECODE_EVENTS, type Packet } from '../packet/index.ts';
import type { EveLine } from './eve-line.ts';
import type { AnomalyOptions } from './eve-options.ts';
import { beginOfPacket } from './record.ts';
import { packetFields } from './tagged-record.ts';

const ANOMALY = key('anomaly');
/** Suricata counts the last one of packets among those of streams. */
const LAST = 'too_many_layers';
/** Of a packet so many bytes are told. */
const HEADER_BYTES = 32;

export function writePacketAnomalies(
  line: EveLine,
  packet: Packet,
  flow: Flow | null,
  options: AnomalyOptions,
  tell: () => void,
): void {
  const one = (type: 'decode' | 'stream', event: string): void => {
    beginOfPacket(line, 'anomaly', packet, flow);
    line.value(ANOMALY, { type, event });
    if (options.packetHeader) line.spread(packetFields(packet, HEADER_BYTES));
    line.close();
    tell();
  };
  for (let i = 0; i < packet.eventCount; i += 1) {
    const name = DECODE_EVENTS[packet.events[i]!]!;
    const type = name === LAST ? 'stream' : 'decode';
    if (options[type]) one(type, `decoder.${name}`);
  }
  if (options.stream) for (const name of streamEventsOf(packet, flow)) one('stream', `stream.${name}`);
}
