export { type DetectionJob, detectOptionsOf, rulesOf } from './job.ts';
