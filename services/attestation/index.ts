export { announceDevices } from './announce.ts';
export { FRAMES_AT_ONCE, HeldFrames, type HeldFramesOptions, type HeldRequest } from './held-frames.ts';
export { type AttestationJob, attestOptionsOf, returnTermsOf } from './job.ts';
export { RETURNS_GROUP, Returns, type ReturnsOptions } from './returns.ts';
export { TICK_MS, TimeTicks } from './time-ticks.ts';
