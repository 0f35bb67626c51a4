/** Flink as a peer: a cluster within one process, as many slots as threads. */
import { buildJava, PEER_JVM, PEER_LOGGING, settings } from '../java.ts';

export interface FlinkTask extends Readonly<Record<string, string | number>> {
  readonly bootstrap: string;
  readonly application: string;
  readonly input: string;
  readonly output: string;
  readonly stateFolder: string;
  readonly guarantee: 'at_least_once' | 'exactly_once';
  readonly threads: number;
  readonly checkpointMs: number;
  readonly windowMs: number;
  readonly graceMs: number;
}

/** What Flink's own start scripts open on Java 17. */
const OPENED: readonly string[] = ['java.lang', 'java.util', 'java.time', 'java.util.concurrent'];

/** It warns once a record of a metric's name. */
const LOGGING = '-Dorg.slf4j.simpleLogger.log.org.apache.flink=error';

/** The class path. */
export function buildFlink(): Promise<string> {
  return buildJava(import.meta.dirname);
}

export function flinkArguments(classPath: string, task: FlinkTask): string[] {
  const opened = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
  return [...PEER_JVM, ...PEER_LOGGING, LOGGING, ...opened, '-cp', classPath, 'FlinkPeer', ...settings(task)];
}
