/** Kafka Streams as a peer: Maven fetches the pinned jars, javac compiles all sources here, once for each state of both. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from '../../../test/support/needs.ts';

export interface StreamsTask {
  readonly bootstrap: string;
  readonly application: string;
  readonly input: string;
  readonly output: string;
  readonly stateFolder: string;
  readonly form: 'close' | 'suppress' | 'processor';
  readonly store: 'memory' | 'rocksdb';
  readonly threads: number;
  readonly commitMs: number;
  readonly windowMs: number;
  readonly graceMs: number;
}

/** The parallel collector is the one for throughput; on two processors it takes less than G1. */
export const STREAMS_JVM: readonly string[] = ['-Xms2g', '-Xmx2g', '-XX:+UseParallelGC', '-XX:+AlwaysPreTouch'];

const run = promisify(execFile);
const folder = import.meta.dirname;

/** The class path. */
export async function buildStreams(): Promise<string> {
  const pom = join(folder, 'pom.xml');
  const sources = globSync('*.java', { cwd: folder })
    .toSorted()
    .map((name) => join(folder, name));
  const hash = createHash('sha256');
  for (const file of [pom, ...sources]) hash.update(readFileSync(file));
  const built = join(folder, 'target', `peer-${hash.digest('hex').slice(0, 12)}`);
  if (!existsSync(built)) {
    const partial = join(folder, 'target', `partial-${process.pid}`);
    mkdirSync(partial, { recursive: true });
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${join(partial, 'jars')}`];
    await run(programPath('mvn'), ['-q', '-B', '-f', pom, ...copy]);
    const classPath = join(partial, 'jars', '*');
    await run('javac', ['--release', '17', '-cp', classPath, '-d', partial, ...sources]);
    if (existsSync(built)) rmSync(partial, { recursive: true });
    else renameSync(partial, built);
  }
  return `${built}:${join(built, 'jars', '*')}`;
}

/** `main` names one of the sources; its arguments are the task's, as name=value. */
export function streamsArguments(
  classPath: string,
  task: StreamsTask | Readonly<Record<string, string | number>>,
  main = 'WindowPeer',
): string[] {
  const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
  const settings = Object.entries(task).map(([name, value]) => `${name}=${value}`);
  return [...STREAMS_JVM, ...logging, '-cp', classPath, main, ...settings];
}
