export { type EventLog, type EventLogOptions, openEventLog } from './event-log.ts';
export { type Emit, type EngineEvents, EVENT_TABLE, type EventLevel, type EventName } from './events.ts';
export { BATCH_RECORDS_BOUNDS, Histogram, mergeHistograms, PROCESSING_MS_BOUNDS, quantile } from './histogram.ts';
export { LoopDelay } from './loop-delay.ts';
export type * from './status.ts';
