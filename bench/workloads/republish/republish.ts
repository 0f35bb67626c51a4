/**
 * Every frame of a topic of Kafka decoded and written again as the published Avro record, exactly once, two workers;
 * beside it Kafka Streams with two threads on the same topic, and Kafka's own ProducerPerformance, which reads and
 * decodes nothing and only writes as many records of that size. Outputs are compared before any time counts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KAFKA_TASK_OPTIONS, type Log, openKafkaLog } from '../../../engine/index.ts';
import { fetchKafkaJars } from '../../../test/support/kafka-server.ts';
import { missing, programPath } from '../../../test/support/needs.ts';
import type { CommittedRun } from '../../load/committed-run.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { writtenRun } from '../../load/written-run.ts';
import { buildStreams, STREAMS_JVM, streamsArguments } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { BATCH_BYTES, FRAMES_TOPIC, fillFrames, PARTITIONS } from '../kafka-windows/frames.ts';
import { checkReadings } from './check-readings.ts';
import type { RepublishTopology } from './republish-actor.ts';

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
/** Of the reading, the first of the topology's subjects. */
const SCHEMA_ID = 1;
const STREAMS = 'Kafka Streams';
const PRODUCER = 'ProducerPerformance';
/** As the engine and Kafka Streams pack and send here. */
const PRODUCER_SETTINGS: Readonly<Record<string, string>> = {
  acks: 'all',
  'batch.size': String(512 * 1024),
  'linger.ms': '100',
  'buffer.memory': String(128 * 1024 * 1024),
  'send.buffer.bytes': String(1024 * 1024),
  'compression.type': 'none',
};
const PAYLOADS = 1_000;
/** About; a broker that has just started writes at a third of its rate, whoever comes first. */
const RECORD_BYTES = 85;

export const republish: Workload = {
  name: 'W5',
  says: 'every frame decoded and written again as Avro, exactly once, beside Kafka Streams and a producer that only writes',
  async run({ isQuick, folder, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const frames = isQuick ? FRAMES_QUICK : FRAMES;
    const warmUp = isQuick ? WARM_UP_QUICK : WARM_UP;
    const [classPath, jars] = [await buildStreams(), await fetchKafkaJars()];
    // What a round has written is gone before the next one fills the memory again.
    const kafka = await startBenchKafka({ 'log.segment.delete.delay.ms': '1000' });
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
    try {
      progress(`filling ${frames} frames`);
      const startMs = Math.floor((Date.now() - AGO_MS) / MINUTE_MS) * MINUTE_MS;
      const fleet = { devices: DEVICES, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs };
      await fillFrames(log, fleet, frames, MINUTE_MS);
      const bench: Bench = { log, bootstrap: kafka.bootstrap, frames, warmUp, folder, classPath, jars };
      const ours: Republished[] = [];
      const theirs: Republished[] = [];
      const producer: CommittedRun[] = [];
      progress('warming the broker up');
      await runProducer(bench, 'warm-up', RECORD_BYTES);
      for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++) {
        ours.push(await runOurs(bench, `ours-${round}`));
        theirs.push(await runStreams(bench, `streams-${round}`));
        producer.push(await runProducer(bench, `producer-${round}`, ours[0]!.recordBytes));
        const [our, their, only] = [ours, theirs, producer].map((runs) => Math.round(runs.at(-1)!.recordsPerSecond));
        progress(`run ${round}: ${our} frames/s, ${STREAMS} ${their}, ${PRODUCER} ${only}`);
      }
      return figuresOf(bench, ours, theirs, producer);
    } finally {
      await log.close();
      await kafka.stop();
    }
  },
};

interface Bench {
  readonly log: Log;
  readonly bootstrap: string;
  readonly frames: number;
  readonly warmUp: number;
  readonly folder: string;
  readonly classPath: string;
  readonly jars: string;
}

interface Republished extends CommittedRun {
  /** Key and value, on average. */
  readonly recordBytes: number;
}

async function runOurs(bench: Bench, application: string): Promise<Republished> {
  const output = `${application}.readings`;
  const config: RepublishTopology = { application, partitions: PARTITIONS, input: FRAMES_TOPIC, output };
  const task: KafkaEngineTask = {
    bootstrap: bench.bootstrap,
    topologyModule: new URL('./republish-actor.ts', import.meta.url).href,
    config,
    workers: THREADS,
    stateFolder: null,
  };
  const script = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
  // For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…".
  const nodeOptions = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
  const args = [...nodeOptions, script, JSON.stringify(task)];
  return await measured(bench, process.execPath, args, application);
}

async function runStreams(bench: Bench, application: string): Promise<Republished> {
  const output = `${application}.readings`;
  const settings = {
    bootstrap: bench.bootstrap,
    application,
    input: FRAMES_TOPIC,
    output,
    stateFolder: join(bench.folder, application),
    threads: THREADS,
    commitMs: KAFKA_TASK_OPTIONS.commitIntervalBusyMs,
    schemaId: SCHEMA_ID,
  };
  const args = streamsArguments(bench.classPath, settings, 'RepublishPeer');
  return await measured(bench, programPath('java'), args, application);
}

async function measured(
  { log, bootstrap, frames, warmUp }: Bench,
  program: string,
  args: readonly string[],
  application: string,
): Promise<Republished> {
  const readings = `${application}.readings`;
  await log.createTopics([{ name: readings, partitions: PARTITIONS, cleanup: 'delete' }]);
  const run = await writtenRun({ log, program, arguments: args, topic: readings, records: frames, warmUp });
  const topics = { log, frames: FRAMES_TOPIC, readings, partitions: PARTITIONS, schemaId: SCHEMA_ID };
  const { records, bytes } = await checkReadings(topics);
  if (records !== frames) throw new Error(`${application}: ${records} readings of ${frames} frames`);
  await deleteTopics(bootstrap, application);
  return { ...run, recordBytes: bytes / records };
}

/** Its payloads come from a file: drawn letter by letter, as by default, they would cost it more than the writing. */
async function runProducer(bench: Bench, topic: string, recordBytes: number): Promise<CommittedRun> {
  const { log, bootstrap, frames, warmUp, folder, jars } = bench;
  await log.createTopics([{ name: topic, partitions: PARTITIONS, cleanup: 'delete' }]);
  const payloads = join(folder, 'payloads');
  const size = Math.round(recordBytes);
  const payload = (i: number) => String(i).padStart(size, 'reading ');
  writeFileSync(payloads, Array.from({ length: PAYLOADS }, (_, i) => payload(i)).join('\n'));
  const settings = Object.entries({ ...PRODUCER_SETTINGS, 'bootstrap.servers': bootstrap });
  const task = ['--topic', topic, '--num-records', String(frames), '--throughput', '-1', '--payload-file', payloads];
  const classPath = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', join(jars, '*')];
  const main = [...STREAMS_JVM, ...classPath, 'org.apache.kafka.tools.ProducerPerformance'];
  const props = ['--producer-props', ...settings.map(([name, value]) => `${name}=${value}`)];
  const args = [...main, ...task, ...props];
  const run = await writtenRun({ log, program: programPath('java'), arguments: args, topic, records: frames, warmUp });
  await deleteTopics(bootstrap, topic);
  return run;
}

function figuresOf(
  { frames, warmUp }: Bench,
  ours: readonly Republished[],
  theirs: readonly Republished[],
  producer: readonly CommittedRun[],
): Figure[] {
  const rates = (runs: readonly CommittedRun[]) => runs.map(({ recordsPerSecond }) => recordsPerSecond);
  const median = (runs: readonly CommittedRun[]) => {
    const sorted = runs.map(({ cpuNsPerRecord }) => cpuNsPerRecord).toSorted((a, b) => a - b);
    return Math.round(sorted[sorted.length >> 1]!);
  };
  const bytes = Math.round(ours[0]!.recordBytes);
  const settings = Object.entries(PRODUCER_SETTINGS).map(([name, value]) => `${name}=${value}`);
  const notes = [
    `${frames} readings in each run of each side equal to their frames, byte by byte and in their order; of one in some ten thousand avsc read what was sent`,
    `processor time a frame, all threads of the process: ${median(ours)} ns, ${STREAMS} ${median(theirs)} ns, ${PRODUCER} ${median(producer)} ns`,
    `${frames} frames, ${DEVICES} devices, Zipf, ${PARTITIONS} partitions, batches of ${BATCH_BYTES} bytes, ${bytes} bytes of key and value a reading; rates from the committed ends of the output topic after the first ${warmUp}`,
    `one Kafka 4.1 broker (1 GB heap, G1) on the same processors; committed at least every ${KAFKA_TASK_OPTIONS.commitIntervalBusyMs} ms on both sides`,
    `${STREAMS}: exactly_once_v2, ${THREADS} threads, the Avro written by hand into one array; Java with ${STREAMS_JVM.join(' ')}`,
    `${PRODUCER}: idempotent, in no transaction, without keys, payloads from a file; ${settings.join(' ')}`,
  ];
  const against = { unit: 'frames/s', ours: rates(ours), notes };
  const peers = { [STREAMS]: rates(theirs), [PRODUCER]: rates(producer) };
  return [
    figure({ ...against, name: 'W5: against Kafka Streams', peers, floor: 3, aim: 6, judged: STREAMS }),
    figure({ ...against, name: 'W5: against a producer alone', peers, floor: 1, aim: 2, judged: PRODUCER, notes: [] }),
  ];
}
