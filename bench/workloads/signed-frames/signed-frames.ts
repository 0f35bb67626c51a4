/**
 * W2 with an ECDSA P-256 signature on each frame: frames in Kafka → verified, decoded, counted in windows, exactly once,
 * two workers. Once against `openssl speed`, the ceiling that no engine can pass, once against Kafka Streams with Java's
 * own verifier, on fewer frames, because that takes so long. Every window is compared before a time counts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { type CommittedRun, committedRun } from '../../load/committed-run.ts';
import { type Contender, costNote, interleaved, type Runs, rates } from '../../load/interleaved.ts';
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
import { buildStreams, STREAMS_JVM } from '../../peers/kafka-streams/peer.ts';
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
const FRAMES_PER_SECOND = 1_000;
const WINDOW_MS = 60_000;
const GRACE_MS = 10_000;
const OPENSSL = 'openssl';
const OURS = 'msec';
/** It looks for closed windows once a second, when a record comes. */
const STREAMS_EMIT_MS = 1_100;

export const signedFrames: Workload = {
  name: 'W3',
  says: "W2 with a signature on each frame, against openssl speed -multi 2 and Kafka Streams with Java's own verifier",
  async run(options) {
    const { many, few } = options.isQuick ? FRAMES_QUICK : FRAMES;
    return [
      await withFrames(options, many, (bench) => againstOpenssl(options, bench)),
      await withFrames(options, few, (bench) => againstStreams(options, bench)),
    ];
  },
};

interface Bench extends KafkaBench {
  readonly topic: SignedTopic;
  /** Of the public keys, for the peer. */
  readonly keysFile: string;
}

function withFrames(
  { folder, progress }: RunOptions,
  frames: number,
  use: (bench: Bench) => Promise<Figure>,
): Promise<Figure> {
  return withKafka(async (kafka) => {
    progress(`signing ${frames} frames`);
    const fleet = { devices: DEVICES, seed: 2, framesPerSecond: FRAMES_PER_SECOND };
    const topic = await fillSigned(kafka.log, fleet, frames, WINDOW_MS);
    const keysFile = join(folder, `keys-${frames}`);
    writeFileSync(keysFile, topic.publicKeys.join('\n'));
    return await use({ ...kafka, topic, keysFile });
  });
}

async function againstOpenssl({ isQuick, progress }: RunOptions, bench: Bench): Promise<Figure> {
  const verified: number[] = [];
  let before = 0;
  const runs = await interleaved([ours(bench)], {
    rounds: isQuick ? 1 : ROUNDS,
    warmedUp: isQuick ? 0 : 1,
    progress,
    async beforeRound(round) {
      if (round === 1) before = await opensslVerify();
    },
    async afterRound() {
      const after = await opensslVerify();
      verified.push((before + after) / 2);
      before = after;
      progress(`${OPENSSL}: ${Math.round(after)} verified/s`);
    },
  });
  return figure({
    name: 'W3: against openssl',
    unit: 'frames/s',
    ours: rates(runs.get(OURS)!),
    peers: { [OPENSSL]: verified },
    floor: 0.8,
    aim: 0.9,
    judged: OPENSSL,
    notes: [
      `openssl speed -multi ${THREADS}, verify, mean of before and after each run, when no broker has anything to do`,
      ...notesOf(bench, runs),
    ],
  });
}

async function againstStreams({ isQuick, folder, progress }: RunOptions, bench: Bench): Promise<Figure> {
  const contenders = [await streams(bench, folder), ours(bench)];
  const runs = await interleaved(contenders, { rounds: isQuick ? 1 : ROUNDS, warmedUp: isQuick ? 0 : 2, progress });
  return figure({
    name: 'W3: against Kafka Streams',
    unit: 'frames/s',
    ours: rates(runs.get(OURS)!),
    peers: { [STREAMS]: rates(runs.get(STREAMS)!) },
    floor: 8,
    aim: 12,
    judged: STREAMS,
    notes: [
      `${STREAMS}: exactly_once_v2, the DSL's windowed aggregate of W2 behind java.security.Signature SHA256withECDSAinP1363Format, one for each thread, public keys read once; it checks no order and no repetition of frames, as ours does; Java with ${STREAMS_JVM.join(' ')}`,
      ...notesOf(bench, runs),
    ],
  });
}

function notesOf({ topic: { filled } }: Bench, runs: Runs<CommittedRun>): string[] {
  return [
    `${filled.expected.size} windows equal to the plain sums in each run of each side, no dead letter`,
    costNote(runs),
    `${filled.frames} frames of ${DEVICES} devices, Zipf, each device with a key of its own; rates from the offsets committed after the first ${WARM_UP_SHARE * 100} %`,
    BROKER_NOTE,
  ];
}

function ours(bench: Bench): Contender<CommittedRun> {
  return {
    name: OURS,
    run(application) {
      const output = `${application}.windows`;
      const window = { windowMs: WINDOW_MS, graceMs: GRACE_MS };
      const config: SignedTopology = { application, partitions: PARTITIONS, output, ...window };
      const command = engineCommand(bench, new URL('./topology.ts', import.meta.url), config);
      return measured(bench, application, `${application}.verify`, command);
    },
  };
}

async function streams(bench: Bench, folder: string): Promise<Contender<CommittedRun>> {
  const classPath = await buildStreams();
  return {
    name: STREAMS,
    async run(application) {
      const output = `${application}.windows`;
      await bench.log.createTopics([{ name: output, partitions: PARTITIONS, cleanup: 'delete' }]);
      const own = { keys: bench.keysFile, windowMs: WINDOW_MS, graceMs: GRACE_MS };
      const task = { classPath, main: 'SignedPeer', application, input: DEVICE_FRAMES, output, own };
      const command = streamsCommand(bench, { ...task, stateFolder: join(folder, application) });
      return await measured(bench, application, application, command);
    },
  };
}

async function measured(bench: Bench, application: string, group: string, command: Command): Promise<CommittedRun> {
  const { log, topic } = bench;
  const finish = async () => {
    await pause(STREAMS_EMIT_MS);
    await topic.close();
  };
  const warmUp = topic.filled.frames * WARM_UP_SHARE;
  const run = await committedRun({ log, ...command, group, topic: DEVICE_FRAMES, warmUp, finish });
  await checkTold(log, `${application}.windows`, topic.filled);
  for (const { name, bounds } of await log.describe())
    if (name.endsWith('.dlq') && bounds.some(({ start, end }) => end > start)) throw new Error(`letters in ${name}`);
  await deleteTopics(bench, application);
  return run;
}
