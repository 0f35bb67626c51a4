export type { Direction } from './direction.ts';
export { Flow, type FlowEnd, type FlowState } from './flow.ts';
export { FlowBirths, type FlowOrigin } from './flow-births.ts';
export { hashOf } from './flow-hash.ts';
export type { FlowSession, RawChunk } from './flow-session.ts';
export {
  EXPIRED_A_PACKET,
  FLOW_COST_BYTES,
  FLOW_DEFAULTS,
  FlowTable,
  type FlowTableOptions,
} from './flow-table.ts';
export { laneOf } from './lane.ts';
