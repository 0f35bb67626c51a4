export { type Direction, TO_CLIENT, TO_SERVER } from './direction.ts';
export { Flow, type FlowEnd, type FlowState } from './flow.ts';
export { FlowBirths, type FlowOrigin } from './flow-births.ts';
export { hashOf } from './flow-hash.ts';
export type { FlowSession, RawChunk } from './flow-session.ts';
export {
  EXPIRED_A_PACKET,
  FLOW_COST_BYTES,
  FLOW_DEFAULTS,
  type FlowCounts,
  FlowTable,
  type FlowTableOptions,
} from './flow-table.ts';
export { laneOf } from './lane.ts';
export { FLOW_TIMEOUTS, type FlowTimeouts, type StateTimeouts } from './timeouts.ts';
