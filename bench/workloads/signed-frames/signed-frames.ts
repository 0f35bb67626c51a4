/**
 * W2 with an ECDSA P-256 signature on each frame: frames in Kafka → verified, decoded, counted in windows, exactly once,
 * two workers. Once against `openssl speed`, the ceiling that no engine can pass, once against Kafka Streams with Java's
 * own verifier, on fewer frames, because that takes so long. Every window is compared before a time counts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KAFKA_TASK_OPTIONS, type Log, openKafkaLog } from '../../../engine/index.ts';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { missing, programPath } from '../../../test/support/needs.ts';
import { type CommittedRun, committedRun } from '../../load/committed-run.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { buildStreams, STREAMS_JVM, streamsArguments } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type RunOptions, type Workload } from '../../workload.ts';
import { PARTITIONS } from '../kafka-windows/frames.ts';
import { checkTold } from '../kafka-windows/told-windows.ts';
import { opensslVerify } from '../signed/signed.ts';
import { fillSigned, type SignedTopic } from './frames.ts';
import type { SignedTopology } from './topology.ts';

/** Against openssl; against Kafka Streams. */
const FRAMES = { many: 300_000, few: 50_000 };
const FRAMES_QUICK = { many: 150_000, few: 30_000 };
/** By then most devices' keys have been imported, and Java's compiler has come to its end. */
const WARM_UP_SHARE = 0.4;
const ROUNDS = 5;
const DEVICES = 10_000;
const THREADS = 2;
const FRAMES_PER_SECOND = 1_000;
const WINDOW_MS = 60_000;
const GRACE_MS = 10_000;
const OPENSSL = 'openssl';
const STREAMS = 'Kafka Streams';
/** It looks for closed windows once a second, when a record comes. */
const STREAMS_EMIT_MS = 1_100;

export const signedFrames: Workload = {
  name: 'W3',
  says: "W2 with a signature on each frame, against openssl speed -multi 2 and Kafka Streams with Java's own verifier",
  async run(options) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const classPath = await buildStreams();
    const { many, few } = options.isQuick ? FRAMES_QUICK : FRAMES;
    return [await againstOpenssl(options, classPath, many), await againstStreams(options, classPath, few)];
  },
};

async function againstOpenssl(options: RunOptions, classPath: string, frames: number): Promise<Figure> {
  const ours: CommittedRun[] = [];
  const verified: number[] = [];
  const windows = await withFrames(options, classPath, frames, async (bench, rounds) => {
    let before = await opensslVerify();
    for (let round = 1; round <= rounds; round++) {
      ours.push(await runOurs(bench, `ours-${round}`));
      const after = await opensslVerify();
      verified.push((before + after) / 2);
      before = after;
      const rate = ours.at(-1)!.recordsPerSecond;
      options.progress(
        `run ${round}: ${Math.round(rate)} frames/s, ${(rate / verified.at(-1)!).toFixed(3)} of openssl`,
      );
    }
  });
  return figure({
    name: 'W3: against openssl',
    unit: 'frames/s',
    ours: rates(ours),
    peers: { [OPENSSL]: verified },
    floor: 0.8,
    aim: 0.9,
    judged: OPENSSL,
    notes: [
      `${windows} windows equal to the plain sums in each run, no dead letter`,
      `processor time a frame, all threads of the process: ${median(ours)} ns`,
      `openssl speed -multi ${THREADS}, verify, mean of before and after each run, when no broker has anything to do`,
      ...notesOf(frames),
    ],
  });
}

async function againstStreams(options: RunOptions, classPath: string, frames: number): Promise<Figure> {
  const ours: CommittedRun[] = [];
  const theirs: CommittedRun[] = [];
  const windows = await withFrames(options, classPath, frames, async (bench, rounds) => {
    for (let round = 1; round <= rounds; round++) {
      theirs.push(await runStreams(bench, `streams-${round}`));
      ours.push(await runOurs(bench, `ours-${round}`));
      const [our, their] = [ours, theirs].map((runs) => Math.round(runs.at(-1)!.recordsPerSecond));
      options.progress(`run ${round}: ${our} frames/s, ${STREAMS} ${their}`);
    }
  });
  return figure({
    name: 'W3: against Kafka Streams',
    unit: 'frames/s',
    ours: rates(ours),
    peers: { [STREAMS]: rates(theirs) },
    floor: 8,
    aim: 12,
    judged: STREAMS,
    notes: [
      `${windows} windows equal to the plain sums in each run of each side`,
      `processor time a frame, all threads of the process: ${median(ours)} ns, ${STREAMS} ${median(theirs)} ns`,
      `${STREAMS}: exactly_once_v2, the DSL's windowed aggregate of W2 behind java.security.Signature SHA256withECDSAinP1363Format, one for each thread, public keys read once; it checks no order and no repetition of frames, as ours does; Java with ${STREAMS_JVM.join(' ')}`,
      ...notesOf(frames),
    ],
  });
}

function notesOf(frames: number): string[] {
  return [
    `${frames} frames of ${DEVICES} devices, Zipf, each device with a key of its own; rates from the offsets committed after the first ${WARM_UP_SHARE * 100} %`,
    `one Kafka 4.1 broker (1 GB heap, G1) on the same processors; committed at least every ${KAFKA_TASK_OPTIONS.commitIntervalBusyMs} ms`,
  ];
}

interface Bench {
  readonly log: Log;
  readonly bootstrap: string;
  readonly topic: SignedTopic;
  readonly folder: string;
  readonly classPath: string;
}

/** Gives how many windows there are. */
async function withFrames(
  { isQuick, folder, progress }: RunOptions,
  classPath: string,
  frames: number,
  use: (bench: Bench, rounds: number) => Promise<void>,
): Promise<number> {
  const kafka = await startBenchKafka();
  const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
  try {
    progress(`signing ${frames} frames`);
    const fleet = { devices: DEVICES, seed: 2, framesPerSecond: FRAMES_PER_SECOND };
    const topic = await fillSigned(log, fleet, frames, WINDOW_MS);
    writeFileSync(join(folder, 'keys'), topic.publicKeys.join('\n'));
    await use({ log, bootstrap: kafka.bootstrap, topic, folder, classPath }, isQuick ? 1 : ROUNDS);
    return topic.filled.expected.size;
  } finally {
    await log.close();
    await kafka.stop();
  }
}

async function runOurs(bench: Bench, application: string): Promise<CommittedRun> {
  const output = `${application}.windows`;
  const config: SignedTopology = {
    application,
    partitions: PARTITIONS,
    output,
    windowMs: WINDOW_MS,
    graceMs: GRACE_MS,
  };
  const task: KafkaEngineTask = {
    bootstrap: bench.bootstrap,
    topologyModule: new URL('./topology.ts', import.meta.url).href,
    config,
    workers: THREADS,
    stateFolder: null,
  };
  const script = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
  // For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…".
  const nodeOptions = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
  const args = [...nodeOptions, script, JSON.stringify(task)];
  return await measured(bench, process.execPath, args, `${application}.verify`, application);
}

async function runStreams(bench: Bench, application: string): Promise<CommittedRun> {
  const output = `${application}.windows`;
  await bench.log.createTopics([{ name: output, partitions: PARTITIONS, cleanup: 'delete' }]);
  const settings = {
    bootstrap: bench.bootstrap,
    application,
    input: DEVICE_FRAMES,
    output,
    keys: join(bench.folder, 'keys'),
    stateFolder: join(bench.folder, `${application}-${bench.topic.filled.frames}`),
    threads: THREADS,
    commitMs: KAFKA_TASK_OPTIONS.commitIntervalBusyMs,
    windowMs: WINDOW_MS,
    graceMs: GRACE_MS,
  };
  const args = streamsArguments(bench.classPath, settings, 'SignedPeer');
  return await measured(bench, programPath('java'), args, application, application);
}

async function measured(
  { log, bootstrap, topic }: Bench,
  program: string,
  args: readonly string[],
  group: string,
  application: string,
): Promise<CommittedRun> {
  const finish = async () => {
    await pause(STREAMS_EMIT_MS);
    await topic.close();
  };
  const warmUp = topic.filled.frames * WARM_UP_SHARE;
  const run = await committedRun({ log, program, arguments: args, group, topic: DEVICE_FRAMES, warmUp, finish });
  await checkTold(log, `${application}.windows`, topic.filled);
  for (const { name, bounds } of await log.describe())
    if (name.endsWith('.dlq') && bounds.some(({ start, end }) => end > start)) throw new Error(`letters in ${name}`);
  await deleteTopics(bootstrap, application);
  return run;
}

const rates = (runs: readonly CommittedRun[]): number[] => runs.map(({ recordsPerSecond }) => recordsPerSecond);

function median(runs: readonly CommittedRun[]): number {
  const sorted = runs.map(({ cpuNsPerRecord }) => cpuNsPerRecord).toSorted((a, b) => a - b);
  return Math.round(sorted[sorted.length >> 1]!);
}
