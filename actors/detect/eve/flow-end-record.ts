/** A flow that is over, as Suricata's eve-log writes it. */
import type { Flow, FlowEnd } from '../flow/index.ts';
import type { FlowMemory } from '../inspect/index.ts';
import { key } from '../json/index.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from '../packet/index.ts';
import type { EveLine } from './eve-line.ts';
import { addApplication, addCounts, addTcp, addVariables } from './flow-facts.ts';
import { addEndpoints, addVlans, begin } from './record.ts';
import { addTime } from './text.ts';

const ICMP_TYPE = key('icmp_type');
const ICMP_CODE = key('icmp_code');
const RESPONSE_ICMP_TYPE = key('response_icmp_type');
const RESPONSE_ICMP_CODE = key('response_icmp_code');
const FLOW = key('flow');
const END = key('end');
const AGE = key('age');
const STATE = key('state');
const REASON = key('reason');
const ALERTED = key('alerted');
const ACTION = key('action');

export function writeFlowEnd(line: EveLine, flow: Flow, reason: FlowEnd, nowUs: number): void {
  begin(line, 'flow', nowUs, flow, null);
  addVlans(line, flow);
  addEndpoints(line, flow, 0);
  if (flow.protocol === PROTOCOL_ICMP || flow.protocol === PROTOCOL_ICMPV6) {
    line.number(ICMP_TYPE, flow.sourcePort);
    line.number(ICMP_CODE, flow.destinationPort);
    if (flow.packets[1] > 0) {
      line.number(RESPONSE_ICMP_TYPE, flow.destinationKey >> 8);
      // What the answer's was is not kept, in Suricata neither.
      line.number(RESPONSE_ICMP_CODE, 0);
    }
  }
  addApplication(line, flow);
  const memory = flow.memory as FlowMemory | null;
  line.open(FLOW);
  addCounts(line, flow);
  addTime(line, END, flow.lastUs);
  line.number(AGE, Math.floor(flow.lastUs / 1_000_000) - Math.floor(flow.firstUs / 1_000_000));
  line.string(STATE, flow.state);
  line.string(REASON, reason);
  line.flag(ALERTED, memory?.hasAlerted === true);
  if (memory?.isDropped === true) line.string(ACTION, 'drop');
  else if (memory?.isPassed === true) line.string(ACTION, 'pass');
  line.close();
  addVariables(line, null, flow);
  addTcp(line, flow);
  line.close();
}
