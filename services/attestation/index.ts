export { announceDevices } from './announce.ts';
export { type AttestationJob, attestOptionsOf } from './job.ts';
export { TICK_MS, TimeTicks } from './time-ticks.ts';
