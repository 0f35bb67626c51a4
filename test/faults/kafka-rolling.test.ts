// Time limit: 900 s.
/** Three processes on three brokers, restarted in turn, joined and left, a broker killed: under load, and nothing is lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { enrolFleet, frameValues, makeTopics } from '../../bench/load/fill.ts';
import { soon } from '../../bench/load/filled-log.ts';
import { benchTopology } from '../../bench/load/topology.ts';
import { BatchEncoder, type Log, partitionForKey, pause, planTopology, systemClock } from '../../engine/index.ts';
import { openKafkaLog } from '../../engine/log/kafka/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { startKafkaCluster } from '../support/kafka-cluster.ts';
import { needs } from '../support/needs.ts';
import { testSeed } from '../support/test-seed.ts';
import { FrameStream, PARTITIONS, type StreamOptions } from './kit/frame-stream.ts';
import { judge } from './kit/oracle.ts';
import type { RollingTask } from './kit/rolling-child.ts';

const CHUNK_FRAMES = 32;
const CHUNK_MS = 100;
/** The stream's time runs faster than ours, and brokers refuse what lies an hour ahead by default. */
const AHEAD_MS_MAX = { 'log.message.timestamp.after.max.ms': `${24 * 3_600_000}` };
const LOOK_MS = 100;
const CLOSING_MS = 10 * 60_000;
/** So much must have been worked on between one trouble and the next. */
const ADVANCE_RECORDS = 96;
const script = fileURLToPath(new URL('./kit/rolling-child.ts', import.meta.url));

t.setTimeout(890_000);
async function rolling(t: Test): Promise<void> {
  const cluster = await startKafkaCluster(3, AHEAD_MS_MAX);
  const folder = mkdtempSync(join(tmpdir(), 'msec-kafka-rolling-'));
  t.teardown(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const kafka = { bootstrap: cluster.bootstrap.split(','), applicationId: 'faults', requestTimeoutMs: 10_000 };
  const stream: StreamOptions = { startMs: soon(), seed: testSeed(), marked: [] };
  const log = openKafkaLog(kafka);
  await makeTopics(log, PARTITIONS);
  await enrolFleet(log, new FrameStream(stream).fleet, null);

  const placeOf = (name: string) => ({ kind: 'kafka', kafka, stateFolder: join(folder, name) }) as const;
  const start = (name: string) => Member.start({ place: placeOf(name), keysFolder: join(folder, 'keys') });
  const group = await frameGroup(join(folder, 'keys'));
  const reader = log.openReader();
  const worked = async () => (await reader.committed(group, DEVICE_FRAMES)).reduce<number>((a, b) => a + (b ?? 0), 0);
  const advance = async (what: string) => {
    const from = await worked();
    while ((await worked()) < from + ADVANCE_RECORDS) await pause(systemClock, LOOK_MS);
    t.pass(what);
  };

  const loader = new Loader(log, stream);
  const loading = loader.run();
  loading.catch(() => {});
  const members = await Promise.all(['a', 'b', 'c'].map(start));
  await advance('three processes work');
  for (const [i, name] of ['a', 'b', 'c'].entries()) {
    await members[i]!.end();
    members[i] = await start(name);
    await advance(`${name} was restarted`);
  }
  const fourth = await start('d');
  await advance('a fourth has joined');
  await fourth.end();
  await advance('the fourth has left');
  const broker = cluster.servers.get(2)!;
  await broker.kill();
  await advance('a broker of three was killed');
  await broker.restart();
  loader.isOver = true;
  const acknowledged = await loading;
  const ends = await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => (await reader.bounds(DEVICE_FRAMES, partition)).end),
  );
  for (;;) {
    const committed = await reader.committed(group, DEVICE_FRAMES);
    if (ends.every((end, partition) => (committed[partition] ?? 0) >= end)) break;
    await pause(systemClock, LOOK_MS);
  }
  await Promise.all(members.map((member) => member.end()));
  await log.close();
  const verdict = await judge(placeOf('a'), stream, acknowledged);
  t.same(verdict.differences, [], `seed ${stream.seed}`);
  t.comment(`${verdict.frames} frames, ${verdict.windows} windows, ${verdict.duplicates} duplicates`);
}

async function frameGroup(keysFolder: string): Promise<string> {
  const overrides = { partitions: PARTITIONS, signatures: 'off', actors: [] } as const;
  const plan = planTopology(await benchTopology({ application: 'faults', keysFolder, overrides }));
  return plan.subtopologies.find(({ sources }) => sources.some(({ topic }) => topic.name === DEVICE_FRAMES))!.group;
}

class Member {
  readonly #child: ReturnType<typeof spawn>;
  readonly #exited: Promise<unknown[]>;

  private constructor(child: ReturnType<typeof spawn>) {
    this.#child = child;
    this.#exited = once(child, 'exit');
  }

  static async start(task: RollingTask): Promise<Member> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(task)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const member = new Member(child);
    for await (const line of createInterface({ input: child.stdout! })) if (line === 'up') break;
    child.stdout!.resume();
    return member;
  }

  /** As an operator ends it: what it had begun is finished. */
  async end(): Promise<void> {
    this.#child.kill('SIGINT');
    const [code, signal] = await this.#exited;
    if (code !== 0) throw new Error(`the process ended with ${code ?? signal}`);
  }
}

/** Appends the numbered stream until it is told to stop; then event time ends behind the last frame. */
class Loader {
  isOver = false;
  readonly #log: Log;
  readonly #stream: FrameStream;
  readonly #encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder());

  constructor(log: Log, stream: StreamOptions) {
    this.#log = log;
    this.#stream = new FrameStream(stream);
  }

  /** Gives how many frames are acknowledged. */
  async run(): Promise<number> {
    const { fleet } = this.#stream;
    const values = frameValues(fleet);
    const keys = fleet.ids.map((id) => new TextEncoder().encode(id));
    while (!this.isOver) {
      for (let i = 0; i < CHUNK_FRAMES; i++) {
        this.#stream.next();
        const key = keys[fleet.device]!;
        const value = Uint8Array.from(values());
        if (this.#stream.isMalformed) value[1] = value[1]! ^ 0x20;
        const encoder = this.#encoders[partitionForKey(key, 0, key.length, PARTITIONS)]!;
        encoder.append(fleet.timestamp, key, 0, key.length, value, 0, value.length);
      }
      await this.#append();
      await pause(systemClock, CHUNK_MS);
    }
    const nothing = new Uint8Array(0);
    for (const encoder of this.#encoders)
      encoder.append(fleet.timestamp + CLOSING_MS, nothing, -1, -1, nothing, -1, -1);
    await this.#append();
    return this.#stream.number + 1;
  }

  async #append(): Promise<void> {
    const appends = this.#encoders.flatMap((encoder, partition) =>
      encoder.count > 0 ? [{ topic: DEVICE_FRAMES, partition, bytes: encoder.finish() }] : [],
    );
    await Promise.all(appends.map((one) => this.#log.commit({ appends: [one], admission: 'refusable' })));
  }
}

t.test('what goes in comes out once, whoever comes and goes', async (t) => {
  if (needs(t, 'java', 'mvn')) await rolling(t);
});
