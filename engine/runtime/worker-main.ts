/**
 * Entry of a real worker thread. The topology comes as a module, because functions do not cross threads: each thread
 * makes its own actors and codecs from the same configuration.
 */
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, systemClock, systemRandom } from '../base/index.ts';
import { BatchMemory } from '../batch/index.ts';
import { type LogReaderDescriptor, logReaders } from '../log/index.ts';
import { LoopDelay } from '../observe/index.ts';
import { planTopology, type TopologyDefinition } from '../topology/index.ts';
import { WorkerPosition } from './position.ts';
import { type LocalCopies, type ThreadData, threadPort } from './real-threads.ts';
import { remoteCopies } from './remote-copies.ts';
import { bindSchemaIds } from './schema-ids.ts';
import type { WorkerInit } from './supervisor.ts';
import type { TaskOptions } from './task-setup.ts';
import { TaskSnapshots } from './task-snapshots.ts';
import type { FromWorker, ToWorker } from './thread-messages.ts';
import { Worker } from './worker.ts';

/** What all workers of an engine are given; plain data. */
export interface WorkerShared {
  /** URL of a module whose default export makes the topology from `config`. */
  readonly topologyModule: string;
  readonly config: unknown;
  readonly schemaIds: readonly (readonly [string, number])[];
  readonly log: LogReaderDescriptor;
  readonly options: TaskOptions;
  readonly reportIntervalMs: number;
}

/** An embedded log takes smaller commits than a cluster, and is done with them sooner. */
const EMBEDDED_MEMORY = { isShared: true, idleBytesMax: 32 * 1024 * 1024, sharedBytesMax: 64 * 1024 * 1024 } as const;

export type TopologyModule = (config: unknown) => TopologyDefinition | Promise<TopologyDefinition>;

async function main(): Promise<void> {
  const thread = parentPort;
  assert(thread !== null, 'this module runs in a worker thread');
  const { shared, init, local } = workerData as ThreadData<WorkerShared, WorkerInit>;
  const { default: createTopology } = (await import(shared.topologyModule)) as { default: TopologyModule };
  const [definition, openReader] = await Promise.all([
    createTopology(shared.config),
    logReaders(shared.log, systemClock),
  ]);
  bindSchemaIds(definition, new Map(shared.schemaIds));
  const delay = new LoopDelay();
  const port = threadPort<FromWorker, ToWorker>(thread);
  const plan = planTopology(definition);
  const worker = new Worker(port, {
    plan,
    ...(local === null ? {} : { snapshots: taskSnapshots(local, plan.name) }),
    clock: systemClock,
    random: systemRandom,
    position: new WorkerPosition(init.position),
    memory: new BatchMemory('bootstrap' in shared.log ? { isShared: true } : EMBEDDED_MEMORY),
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

function taskSnapshots({ port, changelogs }: LocalCopies, planName: string): TaskSnapshots {
  return new TaskSnapshots(remoteCopies(threadPort(port)), planName, changelogs, systemClock);
}

await main();
