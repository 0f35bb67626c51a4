/** The engine over Kafka in a process of its own; its task as JSON in the first argument. Drains when its input ends. */
import { once } from 'node:events';
import {
  openKafkaLog,
  planTopology,
  realThreads,
  startEngine,
  systemClock,
  TASK_OPTIONS,
  type TaskOptions,
  type WorkerShared,
} from '../../../engine/index.ts';
import { type WindowTopology, windowTopology } from './topology.ts';

export interface EngineTask {
  readonly bootstrap: string;
  readonly topology: WindowTopology;
  readonly workers: number;
  readonly options?: Partial<TaskOptions>;
}

/** Ticks of idle partitions are for silent sensors. */
const NEVER = { everyMs: 2 ** 30, ticksMax: 0 };

const { bootstrap, topology, workers, options } = JSON.parse(process.argv[2]!) as EngineTask;
const log = openKafkaLog({ bootstrap: [bootstrap], applicationId: topology.application });
const shared: WorkerShared = {
  topologyModule: new URL('./topology.ts', import.meta.url).href,
  config: topology,
  schemaIds: [],
  log: { bootstrap: [bootstrap] },
  options: { ...TASK_OPTIONS, ...options },
  reportIntervalMs: 1000,
};
const entry = new URL('../../../engine/runtime/worker-main.ts', import.meta.url);
const engine = await startEngine({
  log,
  plan: planTopology(windowTopology(topology)),
  threads: realThreads({ entry, shared, heapMegabytesMax: 256 }),
  workers,
  clock: systemClock,
  emit: (name, event) => {
    if (name === 'workerEnded' || name === 'taskPaused') console.error(name, JSON.stringify(event));
  },
  idleTicks: NEVER,
  logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
});
console.log('running');
process.stdin.resume();
await once(process.stdin, 'end');
await engine.drain();
await log.close();
