export { TRAFFIC_DEFAULTS, Traffic, type TrafficOptions } from './traffic.ts';
export type { TrafficSink } from './traffic-sink.ts';
