export { LETTER_HEADER, type Letter, type LetterOrigin, readLetter } from './dead-letter.ts';
export { type Engine, type EngineSetup, startEngine } from './engine.ts';
export { IDLE_TICK_OPTIONS, type IdleTickOptions } from './idle-ticks.ts';
export { WorkerPosition } from './position.ts';
export { type RealThreadsOptions, realThreads } from './real-threads.ts';
export { type LetterPlace, resendLetter } from './resend.ts';
export { bindSchemaIds, schemasOf } from './schema-ids.ts';
export {
  SUPERVISOR_OPTIONS,
  type SupervisorOptions,
  type WorkerInit,
  type WorkerThreads,
} from './supervisor.ts';
export { Task } from './task.ts';
export { KAFKA_TASK_OPTIONS, TASK_OPTIONS, type TaskOptions } from './task-setup.ts';
export type { LocalState } from './task-snapshots.ts';
export { type FromWorker, type ToWorker, transferable } from './thread-messages.ts';
export type { Thread, ThreadEnd, ThreadPort, Threads } from './threads.ts';
export { Worker, type WorkerHealth, type WorkerSetup } from './worker.ts';
export type { TopologyModule, WorkerShared } from './worker-main.ts';
