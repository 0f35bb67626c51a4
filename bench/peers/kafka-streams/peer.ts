/** Kafka Streams as a peer. */
import { buildJava, PEER_JVM, PEER_LOGGING, settings } from '../java.ts';

export interface StreamsTask extends Readonly<Record<string, string | number>> {
  readonly bootstrap: string;
  readonly application: string;
  readonly input: string;
  readonly output: string;
  readonly stateFolder: string;
  readonly guarantee: 'at_least_once' | 'exactly_once_v2';
  readonly form: 'close' | 'suppress' | 'processor';
  readonly store: 'memory' | 'rocksdb';
  readonly threads: number;
  readonly commitMs: number;
  readonly windowMs: number;
  readonly graceMs: number;
}

export const STREAMS_JVM: readonly string[] = PEER_JVM;

/** The class path. */
export function buildStreams(): Promise<string> {
  return buildJava(import.meta.dirname);
}

/** `main` names one of the sources; its arguments are the task's, as name=value. */
export function streamsArguments(
  classPath: string,
  task: StreamsTask | Readonly<Record<string, string | number>>,
  main = 'WindowPeer',
): string[] {
  return [...STREAMS_JVM, ...PEER_LOGGING, '-cp', classPath, main, ...settings(task)];
}
