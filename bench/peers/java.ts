/** A peer in Java: Maven fetches the jars that its pom.xml pins, javac compiles all its sources, once for each state of both. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from '../../test/support/needs.ts';

/** The parallel collector is the one for throughput; on two processors it takes less than G1. */
export const PEER_JVM: readonly string[] = ['-Xms2g', '-Xmx2g', '-XX:+UseParallelGC', '-XX:+AlwaysPreTouch'];

export const PEER_LOGGING: readonly string[] = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

const run = promisify(execFile);

/** The class path. */
export async function buildJava(folder: string): Promise<string> {
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

/** As the peers' main methods take them. */
export function settings(task: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(task).map(([name, value]) => `${name}=${value}`);
}
