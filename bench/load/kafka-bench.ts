/**
 * What is measured over Kafka runs beside a broker of its own, on the same processors: the engine and its peer are each a
 * process with as many threads that commits as often.
 */
import { join } from 'node:path';
import { KAFKA_TASK_OPTIONS, type Log, openKafkaLog } from '../../engine/index.ts';
import { missing, programPath } from '../../test/support/needs.ts';
import { streamsArguments } from '../peers/kafka-streams/peer.ts';
import { startBenchKafka } from './kafka-broker.ts';
import type { KafkaEngineTask } from './kafka-engine.ts';

export const THREADS = 2;
export const COMMIT_MS: number = KAFKA_TASK_OPTIONS.commitIntervalBusyMs;
export const STREAMS = 'Kafka Streams';

export interface KafkaBench {
  readonly log: Log;
  readonly bootstrap: string;
}

/** Ends the broker whatever becomes of `use`. */
export async function withKafka<T>(
  use: (kafka: KafkaBench) => Promise<T>,
  properties: Readonly<Record<string, string>> = {},
): Promise<T> {
  const lacks = (['java', 'javac', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
  if (lacks.length > 0) throw new Error(lacks.join('; '));
  const kafka = await startBenchKafka(properties);
  const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
  try {
    return await use({ log, bootstrap: kafka.bootstrap });
  } finally {
    await log.close();
    await kafka.stop();
  }
}

export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
}

const ENGINE = join(import.meta.dirname, 'kafka-engine-process.ts');

/** `module` is the URL of the topology's module. */
export function engineCommand({ bootstrap }: Pick<KafkaBench, 'bootstrap'>, module: URL, config: unknown): Command {
  const task: KafkaEngineTask = {
    bootstrap,
    topologyModule: module.href,
    config,
    workers: THREADS,
    stateFolder: null,
  };
  return { program: process.execPath, arguments: [...nodeOptions(), ENGINE, JSON.stringify(task)] };
}

/** For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…". */
export function nodeOptions(): string[] {
  return (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
}

export interface StreamsCommandTask {
  readonly classPath: string;
  /** The source that is started, e.g. `JoinPeer`. */
  readonly main: string;
  readonly application: string;
  readonly input: string;
  readonly output: string;
  readonly stateFolder: string;
  /** What only this source takes. */
  readonly own: Readonly<Record<string, string | number>>;
}

export function streamsCommand({ bootstrap }: Pick<KafkaBench, 'bootstrap'>, task: StreamsCommandTask): Command {
  const { classPath, main, own, ...names } = task;
  const settings = { bootstrap, ...names, threads: THREADS, commitMs: COMMIT_MS, ...own };
  return { program: programPath('java'), arguments: streamsArguments(classPath, settings, main) };
}

/** A sentence of the notes. */
export const BROKER_NOTE = `one Kafka 4.1 broker (1 GB heap, G1) on the same processors; committed at least every ${COMMIT_MS} ms on all sides`;
