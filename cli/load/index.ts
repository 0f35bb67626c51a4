export { BATCH_FRAMES, LoadFleet, type Signing } from './load-fleet.ts';
export { LoadSteps, type StepResult } from './load-step.ts';
export { type Limit, limitOf } from './machine-use.ts';
export { profileThreads, type ThreadProfiles } from './profiled-threads.ts';
export { type Phase, type Search, searchRate } from './rate-search.ts';
export { openScratchJob, type ScratchJob } from './scratch-job.ts';
export { type LoadType, loadTypes } from './synthetic-frames.ts';
export type { CpuProfile, ThreadProfile } from './thread-profile.ts';
