/**
 * Everything that msec says of itself while it runs, as typed events: one name, one level, one sentence each. A log line
 * is an event written down; nobody writes free text. Events carry no payload bytes, tokens or addresses of persons.
 */

export interface EngineEvents {
  /** The engine's tasks all run. */
  engineRunning: { readonly tasks: number; readonly workers: number; readonly tookMs: number };
  engineDraining: { readonly because: string };
  engineStopped: { readonly tookMs: number };
  workerStarted: { readonly worker: number };
  /** The thread is gone; a fresh one follows. */
  workerEnded: { readonly worker: number; readonly because: string; readonly restarts: number };
  taskStarted: { readonly task: string; readonly worker: number };
  taskPaused: { readonly task: string; readonly because: string };
  taskResumed: { readonly task: string };
  /** The task goes on; its next start has to read the whole changelog. */
  snapshotFailed: { readonly task: string; readonly because: string };
  /** How many there are now, and how many of them are new or were given up. */
  partitionsChanged: { readonly partitions: number; readonly taken: number; readonly given: number };
  partitionsLost: { readonly because: string };
  taskFenced: { readonly task: string; readonly owner: string };
  recordDeadLettered: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly actor: string;
    readonly code: string;
  };
  quotaReached: { readonly usedBytes: number; readonly quotaBytes: number };
  bridgeListening: { readonly bridge: string; readonly address: string };
  /** Counted over the last interval: one line for each refusal would be a gift to whoever floods. */
  bridgeRefused: { readonly bridge: string; readonly code: string; readonly count: number };
  consoleListening: { readonly address: string };
  adminCalled: { readonly action: string; readonly device: string; readonly isDone: boolean };
  /** A step of a decision: device.decisions has all of them. `unreadable`: their day key was destroyed. */
  heldFramesDecided: {
    readonly device: string;
    readonly decision: string;
    readonly by: string;
    readonly frames: number;
    readonly unreadable: number;
  };
  /** trust.decisions has all of them. */
  standingDecided: { readonly trustee: string; readonly service: string; readonly action: string; readonly by: string };
  dayKeyDestroyed: { readonly keyId: string; readonly because: string };
  rulesTurned: { readonly ruleSet: string; readonly kind: string; readonly sequence: number; readonly by: string };
  rulesRefused: { readonly ruleSet: string; readonly because: string };
  /** TCP segments of a place of capture that are in no stream for it. */
  checksumsWrong: { readonly place: string; readonly segments: number; readonly hint: string };
  fleetRunning: { readonly devices: number; readonly framesPerSecond: number };
  /** Exactly once holds against crashes, but not against everything that a network may do. */
  transactionProtocolOld: { readonly weakness: string };
  shutdownForced: { readonly because: string };
  unexpectedError: { readonly where: string; readonly code: string; readonly error: string };
}

export type EventName = keyof EngineEvents;
export type EventLevel = 'debug' | 'info' | 'warn' | 'error';

export const EVENT_TABLE: { readonly [Name in EventName]: { readonly level: EventLevel; readonly says: string } } = {
  engineRunning: { level: 'info', says: 'the engine runs' },
  engineDraining: { level: 'info', says: 'the engine drains' },
  engineStopped: { level: 'info', says: 'the engine has stopped' },
  workerStarted: { level: 'info', says: 'a worker thread has started' },
  workerEnded: { level: 'warn', says: 'a worker thread has ended, a fresh one takes over' },
  taskStarted: { level: 'debug', says: 'a task runs' },
  taskPaused: { level: 'warn', says: 'a task is paused' },
  taskResumed: { level: 'info', says: 'a task goes on' },
  snapshotFailed: { level: 'warn', says: 'the local copy of a task’s state cannot be written' },
  partitionsChanged: { level: 'info', says: 'this process works on other partitions than before' },
  partitionsLost: { level: 'warn', says: 'this process may not work on its partitions any more' },
  taskFenced: { level: 'info', says: 'a task was taken over by a newer owner' },
  recordDeadLettered: { level: 'debug', says: 'a record went to the dead letters' },
  quotaReached: { level: 'error', says: 'the disk quota is used up, bridges refuse frames' },
  bridgeListening: { level: 'info', says: 'a bridge listens' },
  bridgeRefused: { level: 'warn', says: 'a bridge has refused frames, requests or connections' },
  consoleListening: { level: 'info', says: 'the console listens' },
  adminCalled: { level: 'info', says: 'a device was changed' },
  heldFramesDecided: { level: 'info', says: 'held frames of a device are released or dropped' },
  standingDecided: { level: 'info', says: 'an operator has decided how a provider stands' },
  dayKeyDestroyed: { level: 'info', says: 'the keys of a day are destroyed' },
  rulesTurned: { level: 'info', says: 'another set of detection rules is put in force' },
  rulesRefused: { level: 'warn', says: 'a bundle of detection rules is refused, the rules before stay in force' },
  checksumsWrong: { level: 'warn', says: 'many TCP segments of a place of capture have a wrong checksum' },
  fleetRunning: { level: 'info', says: 'the simulated fleet publishes' },
  transactionProtocolOld: { level: 'warn', says: 'the cluster speaks the old transaction protocol' },
  shutdownForced: { level: 'error', says: 'the shutdown was forced' },
  unexpectedError: { level: 'error', says: 'something failed that should not have' },
};

/** Takes an event; never throws, never waits. */
export type Emit = <Name extends EventName>(name: Name, event: EngineEvents[Name]) => void;
