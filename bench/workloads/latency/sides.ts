/** The two sides of W7, each a process that reads the paced frames and writes one record for each. */
import { join } from 'node:path';
import { programPath } from '../../../test/support/needs.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { type RunningProcess, startProcess } from '../../load/running-process.ts';
import { streamsArguments } from '../../peers/kafka-streams/peer.ts';
import type { DecodeTopology } from './topology.ts';

export const PARTITIONS = 8;
export const THREADS = 2;

export interface SideTask {
  readonly bootstrap: string;
  readonly application: string;
  readonly input: string;
  readonly output: string;
  readonly commitMs: number;
}

const ENGINE = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');

/** The engine in a process, as bin/msec starts the product. */
export async function startEngineProcess(task: KafkaEngineTask): Promise<RunningProcess> {
  // For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…".
  const options = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
  const args = ['--max-semi-space-size=2', ...options, ENGINE, JSON.stringify(task)];
  return await startProcess(process.execPath, args, { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144' });
}

export async function startOurs({ bootstrap, commitMs, ...config }: SideTask): Promise<RunningProcess> {
  const topology: DecodeTopology = { ...config, partitions: PARTITIONS };
  return await startEngineProcess({
    bootstrap,
    topologyModule: new URL('./topology.ts', import.meta.url).href,
    config: topology,
    workers: THREADS,
    stateFolder: null,
    options: { commitIntervalMs: commitMs },
  });
}

/** What the peer is told beside its commit interval, instead of what is for throughput. */
export const STREAMS_SETTINGS: Readonly<Record<string, string>> = { 'producer.linger.ms': '0' };

export async function startStreams(classPath: string, stateFolder: string, task: SideTask): Promise<RunningProcess> {
  const { bootstrap, application, input, output, commitMs } = task;
  const set = Object.fromEntries(Object.entries(STREAMS_SETTINGS).map(([name, value]) => [`set.${name}`, value]));
  const settings = { bootstrap, application, input, output, stateFolder, threads: THREADS, commitMs, ...set };
  return await startProcess(programPath('java'), streamsArguments(classPath, settings, 'LatencyPeer'));
}
