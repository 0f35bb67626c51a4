/**
 * W2 with an ECDSA P-256 signature on each frame: frames in Kafka → verified, decoded, counted in windows, exactly once,
 * two workers. Beside it `openssl speed`, the ceiling that no engine can pass, and Kafka Streams with Java's own verifier,
 * which takes so long that it reads only the first of the frames. Every window is compared before a time counts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CommittedRun, committedRun } from '../../load/committed-run.ts';
import { type Contender, costNote, endNote, interleaved, type Runs, rates } from '../../load/interleaved.ts';
import {
  BROKER_NOTE,
  type Command,
  engineCommand,
  type KafkaBench,
  STREAMS,
  streamsCommand,
  THREADS,
  withKafka,
} from '../../load/kafka-bench.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { opensslVerify } from '../../load/openssl.ts';
import { buildStreams, STREAMS_JVM } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type RunOptions, type Workload } from '../../workload.ts';
import { type FilledFrames, PARTITIONS } from '../kafka-windows/frames.ts';
import { checkTold } from '../kafka-windows/told-windows.ts';
import { warmBroker } from '../kafka-windows/warm-broker.ts';
import { fillSigned, type SignedTopics } from './frames.ts';
import type { SignedTopology } from './topology.ts';

/** And those that Kafka Streams reads. */
const FRAMES = { frames: 300_000, partFrames: 40_000 };
const FRAMES_QUICK = { frames: 60_000, partFrames: 12_000 };
/** By then most devices' keys have been imported, and Java's compiler has come to its end. */
const WARM_UP_SHARE = 0.4;
const ROUNDS = 5;
const DEVICES = 10_000;
const FRAMES_PER_SECOND = 1_000;
const WINDOW_MS = 60_000;
const GRACE_MS = 10_000;
/** A run takes a quarter of a minute, and commits five times a second. */
const SAMPLE_MS = 100;
const OPENSSL = 'openssl';
const OPENSSL_SECONDS = { full: 3, quick: 1 };
const OURS = 'msec';
/** It looks for closed windows once a second, when a record comes. */
const STREAMS_EMIT_MS = 1_100;

export const signedFrames: Workload = {
  name: 'W3',
  says: "W2 with a signature on each frame, against openssl speed -multi 2 and Kafka Streams with Java's own verifier",
  run: (options) => withKafka((kafka) => measure(options, kafka)),
};

interface Bench extends KafkaBench {
  readonly topics: SignedTopics;
  readonly folder: string;
}

async function measure({ isQuick, folder, progress }: RunOptions, kafka: KafkaBench): Promise<readonly Figure[]> {
  const sizes = isQuick ? FRAMES_QUICK : FRAMES;
  progress(`signing ${sizes.frames} frames`);
  const fleet = { devices: DEVICES, seed: 2, framesPerSecond: FRAMES_PER_SECOND };
  const topics = await fillSigned(kafka.log, fleet, { ...sizes, windowMs: WINDOW_MS });
  const bench: Bench = { ...kafka, topics, folder };
  if (!isQuick) {
    progress('warming up the broker');
    await warmBroker(kafka);
  }
  const contenders = [ours(bench, isQuick ? OPENSSL_SECONDS.quick : OPENSSL_SECONDS.full), await streams(bench)];
  const runs = await interleaved(contenders, { rounds: isQuick ? 1 : ROUNDS, warmedUp: isQuick ? 0 : 1, progress });
  return figuresOf(bench, runs);
}

interface SignedRun extends CommittedRun {
  /** Verified a second just before and just after, on average; null where it was not asked. */
  readonly opensslPerSecond: number | null;
}

function figuresOf({ topics: { whole, part } }: Bench, runs: Runs<SignedRun>): readonly Figure[] {
  const own = runs.get(OURS)!;
  const notes = [
    `${whole.expected.size} windows (${part.expected.size} in the part) equal to the plain sums in each run of each side, no dead letter`,
    costNote(runs),
    endNote(runs),
    `${whole.frames} frames of ${DEVICES} devices, Zipf, each device with a key of its own; ${STREAMS} the first ${part.frames} of them; rates from the offsets committed after the first ${WARM_UP_SHARE * 100} %`,
    BROKER_NOTE,
    'before the first round the broker serves W2 ten times: with so few frames a second it would go on compiling through all rounds',
    `openssl speed -multi ${THREADS}, verify, mean of before and after each run, when no broker has anything to do`,
    `${STREAMS}: exactly_once_v2, the DSL's windowed aggregate of W2 behind java.security.Signature SHA256withECDSAinP1363Format, one for each thread, public keys read once; it checks no order and no repetition of frames, as ours does; Java with ${STREAMS_JVM.join(' ')}`,
  ];
  const measured = { unit: 'frames/s', ours: rates(own) };
  const peers = { [OPENSSL]: own.map(({ opensslPerSecond }) => opensslPerSecond!) };
  const streamsPeer = { [STREAMS]: rates(runs.get(STREAMS)!) };
  return [
    figure({ ...measured, name: 'W3: against openssl', peers, floor: 0.8, aim: 0.9, judged: OPENSSL, notes }),
    figure({
      ...measured,
      name: 'W3: against Kafka Streams',
      peers: streamsPeer,
      floor: 8,
      aim: 12,
      judged: STREAMS,
      notes: [],
    }),
  ];
}

function ours(bench: Bench, opensslSeconds: number): Contender<SignedRun> {
  return {
    name: OURS,
    async run(application) {
      const output = `${application}.windows`;
      const window = { windowMs: WINDOW_MS, graceMs: GRACE_MS };
      const config: SignedTopology = { application, partitions: PARTITIONS, output, ...window };
      const command = engineCommand(bench, new URL('./topology.ts', import.meta.url), config);
      const before = await opensslVerify(THREADS, opensslSeconds);
      const run = await measured(bench, bench.topics.whole, application, `${application}.verify`, command);
      const after = await opensslVerify(THREADS, opensslSeconds);
      return { ...run, opensslPerSecond: (before + after) / 2 };
    },
  };
}

async function streams(bench: Bench): Promise<Contender<SignedRun>> {
  const { log, topics, folder } = bench;
  const classPath = await buildStreams();
  const keys = join(folder, 'keys');
  writeFileSync(keys, topics.publicKeys.join('\n'));
  return {
    name: STREAMS,
    async run(application) {
      const output = `${application}.windows`;
      await log.createTopics([{ name: output, partitions: PARTITIONS, cleanup: 'delete' }]);
      const own = { keys, windowMs: WINDOW_MS, graceMs: GRACE_MS };
      const names = { application, input: topics.part.topic, output };
      const task = { ...names, classPath, main: 'SignedPeer', stateFolder: join(folder, application), own };
      const run = await measured(bench, topics.part, application, application, streamsCommand(bench, task));
      return { ...run, opensslPerSecond: null };
    },
  };
}

async function measured(
  bench: Bench,
  filled: FilledFrames,
  application: string,
  group: string,
  command: Command,
): Promise<CommittedRun> {
  const { log, topics } = bench;
  const finish = async () => {
    await pause(STREAMS_EMIT_MS);
    await topics.close(filled.topic);
  };
  const warmUp = filled.frames * WARM_UP_SHARE;
  const run = await committedRun({ log, ...command, group, topic: filled.topic, warmUp, sampleMs: SAMPLE_MS, finish });
  await checkTold(log, `${application}.windows`, filled);
  for (const { name, bounds } of await log.describe())
    if (name.endsWith('.dlq') && bounds.some(({ start, end }) => end > start)) throw new Error(`letters in ${name}`);
  await deleteTopics(bench, application);
  return run;
}
