export { announceDevices } from './announce.ts';
export { decideHeld, FRAMES_AT_ONCE, type HeldRequest } from './held-frames.ts';
export { type AttestationJob, attestOptionsOf } from './job.ts';
export { TICK_MS, TimeTicks } from './time-ticks.ts';
