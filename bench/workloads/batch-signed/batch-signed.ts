/**
 * W4: what one signature for 64 frames costs, against the same records read without any check; and beside it what the
 * modes cost against each other: 64 frames a signature against a signature on each, 1,024 against the same packing
 * unsigned, a session against HMACs alone. Exactly once, two workers, every window compared before a time counts.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KAFKA_TASK_OPTIONS, type Log, openKafkaLog } from '../../../engine/index.ts';
import { DEVICE_FRAMES } from '../../../schemas/topics/index.ts';
import { makeSessionKey } from '../../../services/session-keys/index.ts';
import { missing } from '../../../test/support/needs.ts';
import { type CommittedRun, committedRun } from '../../load/committed-run.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { type Figure, figure, type RunOptions, type Workload } from '../../workload.ts';
import { PARTITIONS } from '../kafka-windows/frames.ts';
import { checkTold } from '../kafka-windows/told-windows.ts';
import { fillPacked, type PackedOptions, type PackedTopic } from './frames.ts';
import { hmacRate } from './hmac-rate.ts';
import type { PackedTopology } from './topology.ts';

/** Few enough that every key is imported before the measured part begins, as it is in a city after its first minutes. */
const DEVICES = 1_000;
const ROUNDS = 5;
const THREADS = 2;
const WINDOW_MS = 60_000;
const GRACE_MS = 10_000;
/** By then most devices' keys have been imported, and what runs is compiled. */
const WARM_UP_SHARE = 0.4;
/** Kafka Streams is no side here: nothing looks for closed windows but us, at once. */
const EMIT_MS = 100;
const UNSIGNED = 'the same records, unchecked';
const EACH = '64 × a signature on each';
const HMAC = 'HMACs of node:crypto';

type Packing = Pick<PackedOptions, 'devices' | 'framesPerSecond' | 'frames' | 'framesPerRecord'>;

const packing = (framesPerRecord: number, frames: number, devices: number): Packing => ({
  ...{ framesPerRecord, frames, devices },
  framesPerSecond: Math.ceil(frames / 300),
});

function needsKafka(): void {
  const lack = missing('java');
  if (lack !== undefined) throw new Error(lack);
}

export const w4: Workload = {
  name: 'W4',
  says: 'W2 with batch-signed frames, 64 a record, against W2 packed the same way unsigned',
  async run(options) {
    needsKafka();
    const frames = options.isQuick ? 8_000_000 : 16_000_000;
    return [await againstUnchecked(options, packing(64, frames, DEVICES), null, null)];
  },
};

export const signingModes: Workload = {
  name: 'modes',
  says: 'the signing modes: a batch of 64 against 64 single signatures, 1,024 unsigned, a session against HMACs alone',
  async run(options) {
    needsKafka();
    const scale = options.isQuick ? 0.4 : 1;
    return [
      await againstEach(options, packing(64, 8e6 * scale, DEVICES), packing(1, 300_000 * scale, DEVICES)),
      await againstUnchecked(options, packing(1024, 20e6 * scale, DEVICES), 0.4, 0.6),
      await againstHmac(options, packing(1, 3e6 * scale, DEVICES)),
    ];
  },
};

async function againstUnchecked(
  options: RunOptions,
  packed: Packing,
  floor: number | null,
  aim: number | null,
): Promise<Figure> {
  const [ours, theirs]: CommittedRun[][] = [[], []];
  const windows = await withTopic(options, packed, false, async (bench, rounds) => {
    for (let round = 1; round <= rounds; round++) {
      theirs!.push(await runOnce(bench, `plain-${round}`, false));
      ours!.push(await runOnce(bench, `signed-${round}`, true));
      tellRound(options, round, ours!.at(-1)!, theirs!.at(-1)!);
    }
  });
  const { framesPerRecord } = packed;
  return figure({
    name: `${floor === null ? 'W4' : 'modes'}: ${framesPerRecord} frames a signature`,
    unit: 'frames/s',
    ours: rates(ours!),
    peers: { [UNSIGNED]: rates(theirs!) },
    floor,
    aim,
    judged: floor === null ? 'ours' : UNSIGNED,
    notes: [
      `${windows} windows equal to the plain sums in each run of each side`,
      `processor time a frame, all threads of the process: ${median(ours!)} ns, ${UNSIGNED} ${median(theirs!)} ns`,
      `${UNSIGNED}: the window's own actor walks through the records, parses envelope and entries, and looks at no registry, sequence, repetition or signature`,
      ...notesOf(packed),
    ],
  });
}

async function againstEach(options: RunOptions, packed: Packing, single: Packing): Promise<Figure> {
  const [ours, each]: CommittedRun[][] = [[], []];
  const run = (runs: CommittedRun[]) => async (bench: Bench, rounds: number) => {
    for (let round = 1; round <= rounds; round++) {
      runs.push(await runOnce(bench, `signed-${round}`, true));
      options.progress(`run ${round}: ${Math.round(runs.at(-1)!.recordsPerSecond)} frames/s`);
    }
  };
  await withTopic(options, single, false, run(each!));
  await withTopic(options, packed, false, run(ours!));
  return figure({
    name: 'modes: 64 frames a signature against 64 × one on each',
    unit: 'frames/s',
    ours: rates(ours!),
    peers: { [EACH]: rates(each!).map((rate) => 64 * rate) },
    floor: 0.8,
    aim: 0.95,
    judged: EACH,
    notes: [
      `processor time a signature, all threads: ${64 * median(ours!)} ns with 64 frames, ${median(each!)} ns with one`,
      'one side after the other, as each has a topic and a broker of its own',
      ...notesOf(packed),
    ],
  });
}

async function againstHmac(options: RunOptions, packed: Packing): Promise<Figure> {
  const ours: CommittedRun[] = [];
  const theirs: number[] = [];
  const windows = await withTopic(options, packed, true, async (bench, rounds) => {
    for (let round = 1; round <= rounds; round++) {
      const before = await hmacRate(THREADS);
      ours.push(await runOnce(bench, `session-${round}`, true));
      theirs.push((before + (await hmacRate(THREADS))) / 2);
      options.progress(
        `run ${round}: ${Math.round(ours.at(-1)!.recordsPerSecond)} frames/s, HMACs alone ${Math.round(theirs.at(-1)!)}`,
      );
    }
  });
  return figure({
    name: 'modes: session, one frame a record',
    unit: 'frames/s',
    ours: rates(ours),
    peers: { [HMAC]: theirs },
    floor: 0.8,
    aim: 3,
    judged: HMAC,
    notes: [
      `${windows} windows equal to the plain sums in each run`,
      `processor time a frame, all threads of the process: ${median(ours)} ns`,
      `${HMAC}: createHmac('sha256') over as many bytes as an envelope, with a key object, on ${THREADS} threads and nothing else, mean of before and after each run`,
      ...notesOf(packed),
    ],
  });
}

function tellRound({ progress }: RunOptions, round: number, our: CommittedRun, their: CommittedRun): void {
  const [a, b] = [our, their].map(({ recordsPerSecond }) => Math.round(recordsPerSecond));
  progress(`run ${round}: ${a} frames/s, unchecked ${b}`);
}

function notesOf({ frames, devices, framesPerRecord }: Packing): string[] {
  return [
    `${frames} frames of ${devices} devices, Zipf, ${framesPerRecord} a record, each device with a key of its own; rates from the offsets committed after the first ${WARM_UP_SHARE * 100} %`,
    `exactly once, ${THREADS} workers; one Kafka 4.1 broker (1 GB heap, G1) on the same processors; committed at least every ${KAFKA_TASK_OPTIONS.commitIntervalBusyMs} ms`,
  ];
}

interface Bench {
  readonly log: Log;
  readonly bootstrap: string;
  readonly topic: PackedTopic;
  readonly packed: Packing;
  readonly keysFolder: string;
}

/** Gives how many windows there are. */
async function withTopic(
  { isQuick, folder, progress }: RunOptions,
  packed: Packing,
  isSession: boolean,
  use: (bench: Bench, rounds: number) => Promise<void>,
): Promise<number> {
  const kafka = await startBenchKafka();
  const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
  const keysFolder = join(folder, 'keys');
  mkdirSync(keysFolder, { recursive: true });
  try {
    progress(`sealing ${packed.frames} frames, ${packed.framesPerRecord} a record`);
    const receiver = isSession ? await makeSessionKey(keysFolder) : null;
    const topic = await fillPacked(log, { ...packed, receiver, windowMs: WINDOW_MS });
    await use({ log, bootstrap: kafka.bootstrap, topic, packed, keysFolder }, isQuick ? 1 : ROUNDS);
    return topic.filled.expected.size;
  } finally {
    await log.close();
    await kafka.stop();
  }
}

/** In frames. */
async function runOnce(bench: Bench, application: string, isVerified: boolean): Promise<CommittedRun> {
  const { log, bootstrap, topic, packed, keysFolder } = bench;
  const output = `${application}.windows`;
  const config: PackedTopology = {
    ...{ application, output, isVerified, keysFolder },
    ...{ partitions: PARTITIONS, windowMs: WINDOW_MS, graceMs: GRACE_MS },
  };
  const task: KafkaEngineTask = {
    ...{ bootstrap, config, workers: THREADS, stateFolder: null },
    topologyModule: new URL('./topology.ts', import.meta.url).href,
  };
  const script = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
  // For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…".
  const nodeOptions = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
  const records = topic.filled.frames / packed.framesPerRecord;
  const run = await committedRun({
    ...{ log, program: process.execPath, topic: DEVICE_FRAMES },
    arguments: [...nodeOptions, script, JSON.stringify(task)],
    group: `${application}.${isVerified ? 'verify' : 'window'}`,
    warmUp: topic.controlRecords + Math.floor(records * WARM_UP_SHARE),
    async finish() {
      await pause(EMIT_MS);
      await topic.close();
    },
  });
  await checkTold(log, output, topic.filled);
  for (const { name, bounds } of await log.describe())
    if (name.endsWith('.dlq') && bounds.some(({ start, end }) => end > start)) throw new Error(`letters in ${name}`);
  await deleteTopics({ log, bootstrap }, application);
  return {
    ...run,
    recordsPerSecond: run.recordsPerSecond * packed.framesPerRecord,
    cpuNsPerRecord: run.cpuNsPerRecord / packed.framesPerRecord,
  };
}

const rates = (runs: readonly CommittedRun[]): number[] => runs.map(({ recordsPerSecond }) => recordsPerSecond);

function median(runs: readonly CommittedRun[]): number {
  return Math.round(runs.map(({ cpuNsPerRecord }) => cpuNsPerRecord).toSorted((a, b) => a - b)[runs.length >> 1]!);
}
