/** A flow that is over, as Suricata's eve-log writes it. */
import type { Flow, FlowEnd } from '../flow/index.ts';
import type { FlowMemory } from '../inspect/index.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from '../packet/index.ts';
import type { EveRecord } from './eve-record.ts';
import { addApplication, addVariables, tcpOf } from './flow-facts.ts';
import { addEndpoints, addIds, addVlans } from './record.ts';
import { timestamp } from './text.ts';

export function flowEndRecord(flow: Flow, reason: FlowEnd, nowUs: number): EveRecord {
  const record: EveRecord = { timestamp: timestamp(nowUs) };
  addIds(record, flow);
  record.event_type = 'flow';
  addVlans(record, flow);
  addEndpoints(record, flow, 0);
  if (flow.protocol === PROTOCOL_ICMP || flow.protocol === PROTOCOL_ICMPV6) {
    record.icmp_type = flow.sourcePort;
    record.icmp_code = flow.destinationPort;
    if (flow.packets[1] > 0) {
      record.response_icmp_type = flow.destinationKey >> 8;
      // What the answer's was is not kept, in Suricata neither.
      record.response_icmp_code = 0;
    }
  }
  addApplication(record, flow);
  const memory = flow.memory as FlowMemory | null;
  const about: EveRecord = {
    pkts_toserver: flow.packets[0],
    pkts_toclient: flow.packets[1],
    bytes_toserver: flow.bytes[0],
    bytes_toclient: flow.bytes[1],
    start: timestamp(flow.firstUs),
    end: timestamp(flow.lastUs),
    age: Math.floor(flow.lastUs / 1_000_000) - Math.floor(flow.firstUs / 1_000_000),
    state: flow.state,
    reason,
    alerted: memory?.hasAlerted === true,
  };
  if (memory?.isDropped === true) about.action = 'drop';
  else if (memory?.isPassed === true) about.action = 'pass';
  record.flow = about;
  addVariables(record, null, flow);
  const tcp = tcpOf(flow);
  if (tcp !== null) record.tcp = tcp;
  return record;
}
