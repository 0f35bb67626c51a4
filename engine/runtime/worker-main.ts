/**
 * Entry of a real worker thread. The topology comes as a module, because functions do not cross threads: each thread
 * makes its own actors and codecs from the same configuration.
 */
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, systemClock, systemRandom } from '../base/index.ts';
import { type LogReaderDescriptor, logReaders, openLocalStore } from '../log/index.ts';
import { LoopDelay } from '../observe/index.ts';
import { planTopology, type TopologyDefinition } from '../topology/index.ts';
import { WorkerPosition } from './position.ts';
import { bindSchemaIds } from './schema-ids.ts';
import type { WorkerInit } from './supervisor.ts';
import type { TaskOptions } from './task-setup.ts';
import { type LocalState, TaskSnapshots } from './task-snapshots.ts';
import type { FromWorker, ToWorker } from './thread-messages.ts';
import type { ThreadPort } from './threads.ts';
import { Worker } from './worker.ts';

/** What all workers of an engine are given; plain data. */
export interface WorkerShared {
  /** URL of a module whose default export makes the topology from `config`. */
  readonly topologyModule: string;
  readonly config: unknown;
  readonly schemaIds: readonly (readonly [string, number])[];
  readonly log: LogReaderDescriptor;
  /** Where tasks keep copies of their state; absent where the log itself is on the local disk. */
  readonly localState?: LocalState;
  readonly options: TaskOptions;
  readonly reportIntervalMs: number;
}

export type TopologyModule = (config: unknown) => TopologyDefinition | Promise<TopologyDefinition>;

async function main(): Promise<void> {
  const thread = parentPort;
  assert(thread !== null, 'this module runs in a worker thread');
  const { shared, init } = workerData as { shared: WorkerShared; init: WorkerInit };
  const { default: createTopology } = (await import(shared.topologyModule)) as { default: TopologyModule };
  const [definition, openReader] = await Promise.all([
    createTopology(shared.config),
    logReaders(shared.log, systemClock),
  ]);
  bindSchemaIds(definition, new Map(shared.schemaIds));
  const delay = new LoopDelay();
  const port: ThreadPort<FromWorker, ToWorker> = {
    post: (message, transfer) => thread.postMessage(message, transfer ?? []),
    onMessage: (handle) => void thread.on('message', handle),
  };
  const plan = planTopology(definition);
  const { localState } = shared;
  const worker = new Worker(port, {
    plan,
    ...(localState === undefined ? {} : { snapshots: taskSnapshots(localState, plan.name) }),
    clock: systemClock,
    random: systemRandom,
    position: new WorkerPosition(init.position),
    options: shared.options,
    reportIntervalMs: shared.reportIntervalMs,
    openReader,
    health() {
      const { used_heap_size, heap_size_limit } = getHeapStatistics();
      return { heapBytes: used_heap_size, heapBytesMax: heap_size_limit, eventLoopDelayMs: delay.takeP99Ms() };
    },
  });
  worker.start();
}

function taskSnapshots({ path, changelogs }: LocalState, planName: string): TaskSnapshots {
  return new TaskSnapshots(openLocalStore(path), planName, changelogs, systemClock);
}

await main();
