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
import { type Contender, costNote, interleaved, type Rounds, rates } from '../../load/interleaved.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { Parts } from '../../parts.ts';
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
/** Sealing takes 7 µs a frame: of so few the unchecked side would commit most at once, at the full form's interval. */
const QUICKLY = { warmUpShare: 0.1, commitMs: 50 };
/** Kafka Streams is no side here: nothing looks for closed windows but us, at once. */
const EMIT_MS = 100;
const OURS = 'msec';
const UNSIGNED = 'the same records, unchecked';
const UNSEALED = 'all checked but the signature';
const EACH = '64 × a signature on each';
const HMAC = 'HMACs of node:crypto';

type Packing = Pick<PackedOptions, 'devices' | 'framesPerSecond' | 'frames' | 'framesPerRecord'> & {
  readonly warmUpShare: number;
  readonly commitMs: number;
};
type Checks = PackedTopology['checks'];

const packing = (
  framesPerRecord: number,
  frames: number,
  devices: number,
  measured: Partial<Pick<Packing, 'warmUpShare' | 'commitMs'>> = {},
): Packing => ({
  ...{ framesPerRecord, frames, devices },
  ...{ warmUpShare: WARM_UP_SHARE, commitMs: KAFKA_TASK_OPTIONS.commitIntervalBusyMs, ...measured },
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
    const packed = options.isQuick ? packing(64, 2_500_000, DEVICES / 2, QUICKLY) : packing(64, 16_000_000, DEVICES);
    return [await againstUnchecked(options, packed, null, null)];
  },
};

export const signingModes: Workload = {
  name: 'modes',
  says: 'the signing modes: a batch of 64 against 64 single signatures, 1,024 unsigned, a session against HMACs alone',
  async run(options) {
    needsKafka();
    const scale = options.isQuick ? 0.4 : 1;
    const parts = new Parts(options.progress);
    const [packed, single] = [packing(64, 6e6 * scale, DEVICES), packing(1, 160_000 * scale, DEVICES)];
    const most = packing(1024, 40e6 * scale, DEVICES);
    const session = packing(1, 3e6 * scale, DEVICES);
    return parts.measured([
      await parts.measure('64 frames a signature', () => againstEach(options, packed, single)),
      await parts.measure('1,024 frames a signature', () => againstUnchecked(options, most, 0.4, 0.6)),
      await parts.measure('session', () => againstHmac(options, session)),
    ]);
  },
};

async function againstUnchecked(
  options: RunOptions,
  packed: Packing,
  floor: number | null,
  aim: number | null,
): Promise<Figure> {
  const { framesPerRecord } = packed;
  return withTopic(options, packed, false, async (bench) => {
    const side = (name: string, checks: Checks) => contender(name, bench, checks);
    const sides = [side(OURS, 'all'), side(UNSIGNED, 'none'), side(UNSEALED, 'all but seals')];
    const runs = await interleaved(sides, roundsOf(options, 2));
    const peers = { [UNSIGNED]: rates(runs.get(UNSIGNED)!), [UNSEALED]: rates(runs.get(UNSEALED)!) };
    return figure({
      name: `${floor === null ? 'W4' : 'modes'}: ${framesPerRecord} frames a signature`,
      unit: 'frames/s',
      ours: rates(runs.get(OURS)!),
      peers,
      floor,
      aim,
      judged: floor === null ? 'ours' : UNSIGNED,
      notes: [
        `${bench.topic.filled.expected.size} windows equal to the plain sums in each run of each side`,
        costNote(runs),
        `${UNSIGNED}: the window's own actor walks through the records, parses envelope and entries, and looks at no registry, sequence, repetition or signature; ${UNSEALED}: registry, sequence and repetition are`,
        ...notesOf(packed),
      ],
    });
  });
}

/** Two brokers, as both sides have a topic of the same name; one of them idles. */
async function againstEach(options: RunOptions, packed: Packing, single: Packing): Promise<Figure> {
  const runs = await withTopic(options, single, false, (singles) =>
    withTopic(options, packed, false, (batches) =>
      interleaved([contender(OURS, batches, 'all'), contender(EACH, singles, 'all')], roundsOf(options, 2)),
    ),
  );
  const each = runs.get(EACH)!.map((run) => ({ ...run, recordsPerSecond: 64 * run.recordsPerSecond }));
  return figure({
    name: 'modes: 64 frames a signature against 64 × one on each',
    unit: 'frames/s',
    ours: rates(runs.get(OURS)!),
    peers: { [EACH]: rates(each) },
    floor: 0.8,
    aim: 0.95,
    judged: EACH,
    notes: [costNote(runs), ...notesOf(packed), ...notesOf(single)],
  });
}

async function againstHmac(options: RunOptions, packed: Packing): Promise<Figure> {
  return withTopic(options, packed, true, async (bench) => {
    const session = contender(OURS, bench, 'all');
    const theirs: number[] = [];
    const measured: Contender<CommittedRun> = {
      ...session,
      async run(application) {
        const before = await hmacRate(THREADS);
        const run = await session.run(application);
        theirs.push((before + (await hmacRate(THREADS))) / 2);
        options.progress(`HMACs alone: ${Math.round(theirs.at(-1)!)} a second`);
        return run;
      },
    };
    const runs = await interleaved([measured], roundsOf(options, 0));
    return figure({
      name: 'modes: session, one frame a record',
      unit: 'frames/s',
      ours: rates(runs.get(OURS)!),
      peers: { [HMAC]: theirs },
      floor: 0.8,
      aim: 3,
      judged: HMAC,
      notes: [
        `${bench.topic.filled.expected.size} windows equal to the plain sums in each run`,
        costNote(runs),
        `${HMAC}: createHmac('sha256') over as many bytes as an envelope, with a key object, on ${THREADS} threads and nothing else, mean of before and after each run`,
        ...notesOf(packed),
      ],
    });
  });
}

function roundsOf({ isQuick, progress }: RunOptions, warmedUp: number): Rounds {
  return { rounds: isQuick ? 1 : ROUNDS, warmedUp: isQuick ? 0 : warmedUp, progress };
}

function contender(name: string, bench: Bench, checks: Checks): Contender<CommittedRun> {
  return { name, run: (application) => runOnce(bench, application, checks) };
}

function notesOf({ frames, devices, framesPerRecord, warmUpShare, commitMs }: Packing): string[] {
  return [
    `${frames} frames of ${devices} devices, Zipf, ${framesPerRecord} a record, each device with a key of its own; rates from the offsets committed after the first ${warmUpShare * 100} %`,
    `exactly once, ${THREADS} workers; one Kafka 4.1 broker (1 GB heap, G1) on the same processors; committed at least every ${commitMs} ms`,
  ];
}

interface Bench {
  readonly log: Log;
  readonly bootstrap: string;
  readonly topic: PackedTopic;
  readonly packed: Packing;
  readonly keysFolder: string;
}

async function withTopic<R>(
  { folder, progress }: RunOptions,
  packed: Packing,
  isSession: boolean,
  use: (bench: Bench) => Promise<R>,
): Promise<R> {
  const kafka = await startBenchKafka();
  const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
  const keysFolder = join(folder, 'keys');
  mkdirSync(keysFolder, { recursive: true });
  try {
    progress(`sealing ${packed.frames} frames, ${packed.framesPerRecord} a record`);
    const receiver = isSession ? await makeSessionKey(keysFolder) : null;
    const topic = await fillPacked(log, { ...packed, receiver, windowMs: WINDOW_MS });
    return await use({ log, bootstrap: kafka.bootstrap, topic, packed, keysFolder });
  } finally {
    await log.close();
    await kafka.stop();
  }
}

/** In frames. */
async function runOnce(bench: Bench, application: string, checks: Checks): Promise<CommittedRun> {
  const { log, bootstrap, topic, packed, keysFolder } = bench;
  const output = `${application}.windows`;
  const config: PackedTopology = {
    ...{ application, output, checks, keysFolder },
    ...{ partitions: PARTITIONS, windowMs: WINDOW_MS, graceMs: GRACE_MS },
  };
  const task: KafkaEngineTask = {
    ...{ bootstrap, config, workers: THREADS, stateFolder: null, options: { commitIntervalBusyMs: packed.commitMs } },
    topologyModule: new URL('./topology.ts', import.meta.url).href,
  };
  const script = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
  // For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…".
  const nodeOptions = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
  const records = topic.filled.frames / packed.framesPerRecord;
  const run = await committedRun({
    ...{ log, program: process.execPath, topic: DEVICE_FRAMES },
    arguments: [...nodeOptions, script, JSON.stringify(task)],
    group: `${application}.${checks === 'none' ? 'window' : 'verify'}`,
    warmUp: topic.controlRecords + Math.floor(records * packed.warmUpShare),
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
