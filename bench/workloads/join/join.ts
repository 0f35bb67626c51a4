/**
 * Frames under the keys of gateways → re-keyed by their device through a topic in between → joined with a compacted table
 * of devices, exactly once, two workers, beside Kafka Streams with two threads on the same topics. Every joined record is
 * compared with what was sent before a time counts.
 */
import { join as joinPath } from 'node:path';
import { KAFKA_TASK_OPTIONS, type Log, openKafkaLog } from '../../../engine/index.ts';
import { missing, programPath } from '../../../test/support/needs.ts';
import type { CommittedRun } from '../../load/committed-run.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { writtenRun } from '../../load/written-run.ts';
import { buildStreams, STREAMS_JVM, streamsArguments } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { BATCH_BYTES, PARTITIONS } from '../kafka-windows/frames.ts';
import { DEVICES_TABLE, fillGatewayFrames, GATEWAY_FRAMES, type SentFrames } from './gateway-frames.ts';
import type { JoinTopology } from './join-actors.ts';

const FRAMES = 10_000_000;
const FRAMES_QUICK = 3_000_000;
const WARM_UP = 2_000_000;
const WARM_UP_QUICK = 1_000_000;
const ROUNDS = 5;
const DEVICES = 10_000;
const THREADS = 2;
const FRAMES_PER_SECOND = 20_000;
const MINUTE_MS = 60_000;
/** Of event time: the frames' past, so that no broker refuses it. */
const AGO_MS = 60 * MINUTE_MS;
const STREAMS = 'Kafka Streams';

export const join: Workload = {
  name: 'W6',
  says: 'frames re-keyed and joined with a table of devices, exactly once, 2 workers, beside Kafka Streams, 2 threads',
  async run({ isQuick, folder, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const frames = isQuick ? FRAMES_QUICK : FRAMES;
    const warmUp = isQuick ? WARM_UP_QUICK : WARM_UP;
    const classPath = await buildStreams();
    // What a round has written is gone before the next one fills the memory again.
    const kafka = await startBenchKafka({ 'log.segment.delete.delay.ms': '1000' });
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
    try {
      progress(`filling ${frames} frames`);
      const startMs = Math.floor((Date.now() - AGO_MS) / MINUTE_MS) * MINUTE_MS;
      const fleet = { devices: DEVICES, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs };
      const sent = await fillGatewayFrames(log, fleet, frames);
      const bench: Bench = { log, bootstrap: kafka.bootstrap, sent, warmUp, folder, classPath };
      const ours: CommittedRun[] = [];
      const theirs: CommittedRun[] = [];
      for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++) {
        theirs.push(await runStreams(bench, `streams-${round}`));
        ours.push(await runOurs(bench, `ours-${round}`));
        const [our, their] = [ours, theirs].map((runs) => Math.round(runs.at(-1)!.recordsPerSecond));
        progress(`run ${round}: ${our} frames/s, ${STREAMS} ${their}`);
      }
      return [figureOf(frames, warmUp, ours, theirs)];
    } finally {
      await log.close();
      await kafka.stop();
    }
  },
};

interface Bench {
  readonly log: Log;
  readonly bootstrap: string;
  readonly sent: SentFrames;
  readonly warmUp: number;
  readonly folder: string;
  readonly classPath: string;
}

async function runOurs(bench: Bench, application: string): Promise<CommittedRun> {
  const output = `${application}.joined`;
  const topics = { input: GATEWAY_FRAMES, table: DEVICES_TABLE, output };
  const config: JoinTopology = { application, partitions: PARTITIONS, ...topics };
  const task: KafkaEngineTask = {
    bootstrap: bench.bootstrap,
    topologyModule: new URL('./join-actors.ts', import.meta.url).href,
    config,
    workers: THREADS,
    stateFolder: null,
  };
  const script = joinPath(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
  // For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…".
  const nodeOptions = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
  return await measured(bench, process.execPath, [...nodeOptions, script, JSON.stringify(task)], application);
}

async function runStreams(bench: Bench, application: string): Promise<CommittedRun> {
  const settings = {
    bootstrap: bench.bootstrap,
    application,
    input: GATEWAY_FRAMES,
    table: DEVICES_TABLE,
    output: `${application}.joined`,
    partitions: PARTITIONS,
    stateFolder: joinPath(bench.folder, application),
    threads: THREADS,
    commitMs: KAFKA_TASK_OPTIONS.commitIntervalBusyMs,
  };
  const args = streamsArguments(bench.classPath, settings, 'JoinPeer');
  return await measured(bench, programPath('java'), args, application);
}

async function measured(
  { log, bootstrap, sent, warmUp }: Bench,
  program: string,
  args: readonly string[],
  application: string,
): Promise<CommittedRun> {
  const topic = `${application}.joined`;
  await log.createTopics([{ name: topic, partitions: PARTITIONS, cleanup: 'delete' }]);
  const run = await writtenRun({ log, program, arguments: args, topic, records: sent.frames, warmUp });
  await sent.check(log, topic);
  await deleteTopics(bootstrap, application);
  return run;
}

function figureOf(
  frames: number,
  warmUp: number,
  ours: readonly CommittedRun[],
  theirs: readonly CommittedRun[],
): Figure {
  const rates = (runs: readonly CommittedRun[]) => runs.map(({ recordsPerSecond }) => recordsPerSecond);
  const median = (runs: readonly CommittedRun[]) => {
    const sorted = runs.map(({ cpuNsPerRecord }) => cpuNsPerRecord).toSorted((a, b) => a - b);
    return Math.round(sorted[sorted.length >> 1]!);
  };
  return figure({
    name: 'W6: re-key and join',
    unit: 'frames/s',
    ours: rates(ours),
    peers: { [STREAMS]: rates(theirs) },
    floor: null,
    aim: null,
    judged: STREAMS,
    notes: [
      `${frames} joined records in each run of each side equal to what was sent, each once, in its device's order`,
      `processor time a frame, all threads of the process: ${median(ours)} ns, ${STREAMS} ${median(theirs)} ns`,
      `${frames} frames of ${DEVICES} devices, Zipf, ${PARTITIONS} partitions of each topic, batches of ${BATCH_BYTES} bytes; rates from the committed ends of the output topic after the first ${warmUp}`,
      `one Kafka 4.1 broker (1 GB heap, G1) on the same processors; committed at least every ${KAFKA_TASK_OPTIONS.commitIntervalBusyMs} ms on both sides`,
      `${STREAMS}: exactly_once_v2, ${THREADS} threads, the DSL's repartition and its join with a KTable in memory; Java with ${STREAMS_JVM.join(' ')}`,
      'ours: the table is keyed state of the joining actor, filled from the same compacted topic; a frame that comes before its device waits for it',
    ],
  });
}
