/**
 * Frames in a topic of Kafka → committed windows, exactly once, two worker threads, beside Kafka Streams with two threads
 * on the same topic: the same input bytes, window, grace, commit interval and output, every output compared with the
 * plain sums before its time counts. The broker shares the processors with whoever is measured.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KAFKA_TASK_OPTIONS, type Log, openKafkaLog } from '../../../engine/index.ts';
import { missing, programPath } from '../../../test/support/needs.ts';
import { type CommittedRun, committedRun } from '../../load/committed-run.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { buildStreams, STREAMS_JVM, type StreamsTask, streamsArguments } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { BATCH_BYTES, closeWindows, type FilledTopic, FRAMES_TOPIC, fillFrames, PARTITIONS } from './frames.ts';
import { checkTold } from './told-windows.ts';
import type { WindowTopology } from './topology.ts';

const FRAMES = 10_000_000;
const WARM_UP = 2_000_000;
const ROUNDS = 3;
const THREADS = 2;
const FRAMES_PER_SECOND = 20_000;
const WINDOW_MS = 60_000;
const GRACE_MS = 10_000;
const MINUTE_MS = 60_000;
/** Of event time: the frames' past, so that no broker refuses it and no retention drops it. */
const AGO_MS = 60 * MINUTE_MS;
const STREAMS = 'Kafka Streams';
const PROCESSOR = 'Kafka Streams, own processor';
/** It looks for closed windows once a second, when a record comes. */
const STREAMS_EMIT_MS = 1_100;

export const kafkaWindows: Workload = {
  name: 'kafka-windows',
  says: 'frames in Kafka → committed windows, exactly once, 2 workers, beside Kafka Streams exactly_once_v2, 2 threads',
  async run({ isQuick, folder, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const classPath = await buildStreams();
    const figures: Figure[] = [];
    for (const devices of isQuick ? [1_000] : [1_000, 10_000]) {
      // A broker of its own for each: what one fill left in its memory and on its disk must not be the other's.
      const kafka = await startBenchKafka();
      const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
      try {
        progress(`${devices} devices: filling ${FRAMES} frames`);
        const startMs = Math.floor((Date.now() - AGO_MS) / MINUTE_MS) * MINUTE_MS;
        const fleet = { devices, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs };
        const filled = await fillFrames(log, fleet, FRAMES, WINDOW_MS);
        const bench = { log, bootstrap: kafka.bootstrap, filled, folder, classPath };
        const ours: CommittedRun[] = [];
        const theirs: CommittedRun[] = [];
        const processor: CommittedRun[] = [];
        for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++) {
          theirs.push(await runStreams(bench, `streams-${round}`, 'close'));
          ours.push(await runOurs(bench, `ours-${round}`));
          processor.push(await runStreams(bench, `processor-${round}`, 'processor'));
          const [our, their, own] = [ours, theirs, processor].map((runs) => Math.round(runs.at(-1)!.recordsPerSecond));
          progress(`${devices} devices, run ${round}: ${our} frames/s, ${STREAMS} ${their}, ${PROCESSOR} ${own}`);
        }
        figures.push(figureOf(devices, filled, ours, theirs, processor));
      } finally {
        await log.close();
        await kafka.stop();
      }
    }
    return figures;
  },
};

interface Bench {
  readonly log: Log;
  readonly bootstrap: string;
  readonly filled: FilledTopic;
  readonly folder: string;
  readonly classPath: string;
}

async function runOurs(bench: Bench, application: string): Promise<CommittedRun> {
  const output = `${application}.windows`;
  const window = { input: FRAMES_TOPIC, output, windowMs: WINDOW_MS, graceMs: GRACE_MS };
  const config: WindowTopology = { application, partitions: PARTITIONS, ...window };
  const task: KafkaEngineTask = {
    bootstrap: bench.bootstrap,
    topologyModule: new URL('./topology.ts', import.meta.url).href,
    config,
    workers: THREADS,
    stateFolder: null,
  };
  const script = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
  const args = [...nodeOptions(), script, JSON.stringify(task)];
  return await measured(bench, process.execPath, args, `${application}.window`, output, application);
}

/** For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…". */
function nodeOptions(): string[] {
  return (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
}

async function runStreams(bench: Bench, application: string, form: StreamsTask['form']): Promise<CommittedRun> {
  const output = `${application}.windows`;
  await bench.log.createTopics([{ name: output, partitions: PARTITIONS, cleanup: 'delete' }]);
  const task: StreamsTask = {
    bootstrap: bench.bootstrap,
    application,
    input: FRAMES_TOPIC,
    output,
    stateFolder: join(bench.folder, application),
    form,
    store: 'memory',
    threads: THREADS,
    commitMs: KAFKA_TASK_OPTIONS.commitIntervalBusyMs,
    windowMs: WINDOW_MS,
    graceMs: GRACE_MS,
  };
  const args = streamsArguments(bench.classPath, task);
  return await measured(bench, programPath('java'), args, application, output, application);
}

async function measured(
  { log, bootstrap, filled }: Bench,
  program: string,
  args: readonly string[],
  group: string,
  output: string,
  prefix: string,
): Promise<CommittedRun> {
  const finish = async () => {
    await pause(STREAMS_EMIT_MS);
    await closeWindows(log);
  };
  const task = { log, program, arguments: args, group, topic: FRAMES_TOPIC, warmUp: WARM_UP, finish };
  const run = await committedRun(task);
  await checkTold(log, output, filled);
  await deleteTopics(bootstrap, prefix);
  return run;
}

function figureOf(
  devices: number,
  { frames, bytes, expected }: FilledTopic,
  ours: readonly CommittedRun[],
  theirs: readonly CommittedRun[],
  processor: readonly CommittedRun[],
): Figure {
  const rates = (runs: readonly CommittedRun[]) => runs.map(({ recordsPerSecond }) => recordsPerSecond);
  const median = (runs: readonly CommittedRun[]) => {
    const sorted = runs.map(({ cpuNsPerRecord }) => cpuNsPerRecord).toSorted((a, b) => a - b);
    return Math.round(sorted[sorted.length >> 1]!);
  };
  return figure({
    name: `kafka-windows: ${devices} devices`,
    unit: 'frames/s',
    ours: rates(ours),
    peers: { [STREAMS]: rates(theirs), [PROCESSOR]: rates(processor) },
    floor: 5,
    aim: 15,
    judged: STREAMS,
    notes: [
      `${expected.size} windows equal to the plain sums, each told once, on every side in each run`,
      `processor time a frame, all threads of the process: ${median(ours)} ns, ${STREAMS} ${median(theirs)} ns, ${PROCESSOR} ${median(processor)} ns`,
      `${STREAMS}: the DSL's windowed aggregate, told on close, store in memory, which beat RocksDB and suppression; ${PROCESSOR}: written by hand over a cached store in memory`,
      `${frames} frames in ${Math.round(bytes / 1e6)} MB, ${PARTITIONS} partitions, batches of ${BATCH_BYTES} bytes, not compressed, Zipf, rates from the offsets committed after the first ${WARM_UP}`,
      `one Kafka 4.1 broker (1 GB heap, G1) on the same processors; committed at least every ${KAFKA_TASK_OPTIONS.commitIntervalBusyMs} ms on both sides; Java with ${STREAMS_JVM.join(' ')}`,
    ],
  });
}
