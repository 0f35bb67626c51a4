/** After how many seconds without a packet a flow is over, by its protocol and state, as in Suricata. */
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { FlowState } from './flow.ts';

export interface StateTimeouts {
  readonly new: number;
  readonly established: number;
  readonly closed: number;
}

export interface FlowTimeouts {
  readonly tcp: StateTimeouts;
  readonly udp: StateTimeouts;
  readonly icmp: StateTimeouts;
  readonly other: StateTimeouts;
}

export const FLOW_TIMEOUTS: FlowTimeouts = {
  tcp: { new: 60, established: 600, closed: 60 },
  udp: { new: 30, established: 300, closed: 0 },
  icmp: { new: 30, established: 300, closed: 0 },
  other: { new: 30, established: 300, closed: 0 },
};

const STATES: readonly FlowState[] = ['new', 'established', 'closed'];
const KINDS = ['tcp', 'udp', 'icmp', 'other'] as const;
export const TIMEOUT_CLASSES = KINDS.length * STATES.length;

/** Flows of one class expire in the order of their last packets. */
export function timeoutClass(protocol: number, state: FlowState): number {
  return kindOf(protocol) * STATES.length + (state === 'new' ? 0 : state === 'established' ? 1 : 2);
}

/** Seconds by class. */
export function timeoutTable(timeouts: FlowTimeouts): Int32Array {
  return Int32Array.from(KINDS.flatMap((kind) => STATES.map((state) => timeouts[kind][state])));
}

function kindOf(protocol: number): number {
  if (protocol === PROTOCOL_TCP) return 0;
  if (protocol === PROTOCOL_UDP) return 1;
  return protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6 ? 2 : 3;
}
