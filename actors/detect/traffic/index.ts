export { TRAFFIC_DEFAULTS, Traffic, type TrafficCounts, type TrafficOptions } from './traffic.ts';
export type { TrafficSink } from './traffic-sink.ts';
