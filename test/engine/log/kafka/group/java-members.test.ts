// Time limit: 900 s.
/** One group with members of Kafka's own Java client, whoever of them leads. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { fetchKafkaJars, type KafkaServer, startKafka } from '../../../../support/kafka-server.ts';
import { needs, programPath } from '../../../../support/needs.ts';
import { openProcessGroup, SHORT_SESSION_MS, SHORT_SESSIONS } from './member-processes.ts';

const source = fileURLToPath(new URL('JavaMember.java', import.meta.url));

class JavaMember {
  told: readonly number[] = [];
  losses = 0;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(jars: string, args: readonly string[], heard: () => void) {
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
    const options = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', quiet, '-cp', join(jars, '*')];
    this.#child = spawn(programPath('java'), [...options, source, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      if (line === 'lost') this.losses++;
      const told = /^told ([\d,]*)$/.exec(line)?.[1];
      if (told !== undefined) this.told = told === '' ? [] : told.split(',').map(Number);
      heard();
    });
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }
}

type Told = { readonly told: readonly number[] | null; readonly losses: number };

/** Whole, even, and nothing at two. */
function isShared(partitions: number, members: readonly Told[]): boolean {
  const sizes = members.map(({ told }) => told?.length ?? 0);
  const all = members.flatMap(({ told }) => told ?? []);
  const isWhole = all.length === partitions && new Set(all).size === partitions;
  return isWhole && Math.max(...sizes) - Math.min(...sizes) <= 1;
}

if (needs(t, 'java', 'javac', 'mvn')) await main();

async function main(): Promise<void> {
  const server = await startKafka(SHORT_SESSIONS);
  t.teardown(() => server.stop());
  const jars = await fetchKafkaJars();
  for (const protocol of ['classic', 'consumer'] as const) {
    t.test(`${protocol}: a Java member joins ours, and leaves again`, async (t) => {
      const { group, java } = await open(server, jars, protocol);
      const ours = await group.join();
      const theirs = java();
      await group.until(() => isShared(group.partitions, [ours, theirs]), 'both have half');
      const more = await group.join();
      await group.until(() => isShared(group.partitions, [ours, theirs, more]), 'each has a third');
      await theirs.close();
      await group.until(() => isShared(group.partitions, [ours, more]), 'ours have all');
      t.equal(ours.losses + theirs.losses + more.losses, 0);
      await group.cleanup();
    });

    t.test(`${protocol}: ours joins a group that a Java member leads, and leaves again`, async (t) => {
      const { group, java } = await open(server, jars, protocol, SHORT_SESSION_MS);
      const theirs = java();
      await group.until(() => theirs.told.length === group.partitions, 'theirs has all');
      const ours = await group.join();
      await group.until(() => isShared(group.partitions, [ours, theirs]), 'both have half');
      const before = theirs.told;
      await ours.kill();
      await group.until(() => theirs.told.length === group.partitions, 'ours is dead');
      t.ok(before.every((partition) => theirs.told.includes(partition)));
      const again = await group.join();
      await group.until(() => isShared(group.partitions, [again, theirs]), 'both have half again');
      await again.close();
      await group.until(() => theirs.told.length === group.partitions, 'ours has left');
      t.equal(theirs.losses + again.losses, 0);
      await theirs.close();
      await group.cleanup();
    });
  }
}

async function open(server: KafkaServer, jars: string, protocol: 'classic' | 'consumer', sessionMs?: number) {
  const group = await openProcessGroup(server, protocol, sessionMs);
  const args = [server.bootstrap, group.name, group.name, protocol];
  return { group, java: () => new JavaMember(jars, args, () => group.look()) };
}
