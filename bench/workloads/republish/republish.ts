/**
 * Every frame of a topic of Kafka decoded and written again as the published Avro record, exactly once, two workers;
 * beside it Kafka Streams with two threads on the same topic, and Kafka's own ProducerPerformance, which reads and
 * decodes nothing and only writes as many records of that size. Outputs are compared before any time counts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchKafkaJars } from '../../../test/support/kafka-server.ts';
import { programPath } from '../../../test/support/needs.ts';
import type { CommittedRun } from '../../load/committed-run.ts';
import { costNote, endNote, interleaved, type Runs, rates } from '../../load/interleaved.ts';
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
import { FORGETFUL } from '../../load/kafka-broker.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { writtenRun } from '../../load/written-run.ts';
import { buildStreams, STREAMS_JVM } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type RunOptions, type Workload } from '../../workload.ts';
import { BATCH_BYTES, FRAMES_TOPIC, fillFrames, PARTITIONS } from '../kafka-windows/frames.ts';
import { checkReadings } from './check-readings.ts';
import type { RepublishTopology } from './republish-actor.ts';

const FRAMES = 10_000_000;
const FRAMES_QUICK = 3_000_000;
const WARM_UP = 2_000_000;
const WARM_UP_QUICK = 1_000_000;
const ROUNDS = 5;
const DEVICES = 10_000;
const FRAMES_PER_SECOND = 20_000;
const MINUTE_MS = 60_000;
/** Of event time: the frames' past, so that no broker refuses it. */
const AGO_MS = 60 * MINUTE_MS;
/** Of the reading, the first of the topology's subjects. */
const SCHEMA_ID = 1;
const OURS = 'msec';
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
  run: (options) => withKafka((kafka) => measure(options, kafka), FORGETFUL),
};

async function measure({ isQuick, folder, progress }: RunOptions, kafka: KafkaBench): Promise<readonly Figure[]> {
  const frames = isQuick ? FRAMES_QUICK : FRAMES;
  const warmUp = isQuick ? WARM_UP_QUICK : WARM_UP;
  const [classPath, jars] = [await buildStreams(), await fetchKafkaJars()];
  progress(`filling ${frames} frames`);
  const startMs = Math.floor((Date.now() - AGO_MS) / MINUTE_MS) * MINUTE_MS;
  const fleet = { devices: DEVICES, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs };
  await fillFrames(kafka.log, fleet, frames, MINUTE_MS);
  const bench: Bench = { ...kafka, frames, warmUp, folder, jars };
  const namesOf = (application: string) => ({ application, input: FRAMES_TOPIC, output: `${application}.readings` });
  let recordBytes = RECORD_BYTES;
  const runs = await interleaved(
    [
      {
        name: OURS,
        async run(application) {
          const config: RepublishTopology = { ...namesOf(application), partitions: PARTITIONS };
          const command = engineCommand(kafka, new URL('./republish-actor.ts', import.meta.url), config);
          const run = await measured(bench, application, command);
          ({ recordBytes } = run);
          return run;
        },
      },
      {
        name: STREAMS,
        run(application) {
          const task = { ...namesOf(application), classPath, main: 'RepublishPeer', own: { schemaId: SCHEMA_ID } };
          const command = streamsCommand(kafka, { ...task, stateFolder: join(folder, application) });
          return measured(bench, application, command);
        },
      },
      { name: PRODUCER, run: (topic) => runProducer(bench, topic, recordBytes) },
    ],
    { rounds: isQuick ? 1 : ROUNDS, warmedUp: isQuick ? 0 : 3, progress },
  );
  return figuresOf(bench, runs, Math.round(recordBytes));
}

interface Bench extends KafkaBench {
  readonly frames: number;
  readonly warmUp: number;
  readonly folder: string;
  readonly jars: string;
}

interface Republished extends CommittedRun {
  /** Key and value, on average. */
  readonly recordBytes: number;
}

async function measured(bench: Bench, application: string, command: Command): Promise<Republished> {
  const { log, frames, warmUp } = bench;
  const readings = `${application}.readings`;
  await log.createTopics([{ name: readings, partitions: PARTITIONS, cleanup: 'delete' }]);
  const run = await writtenRun({ log, ...command, topic: readings, records: frames, warmUp });
  const topics = { log, frames: FRAMES_TOPIC, readings, partitions: PARTITIONS, schemaId: SCHEMA_ID };
  const { records, bytes } = await checkReadings(topics);
  if (records !== frames) throw new Error(`${application}: ${records} readings of ${frames} frames`);
  await deleteTopics(bench, application);
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
  await deleteTopics(bench, topic);
  return run;
}

function figuresOf({ frames, warmUp }: Bench, runs: Runs<CommittedRun>, bytes: number): Figure[] {
  const settings = Object.entries(PRODUCER_SETTINGS).map(([name, value]) => `${name}=${value}`);
  const notes = [
    `${frames} readings in each run of each side equal to their frames, byte by byte and in their order; of one in some ten thousand avsc read what was sent`,
    costNote(runs),
    endNote(runs),
    `${frames} frames, ${DEVICES} devices, Zipf, ${PARTITIONS} partitions, batches of ${BATCH_BYTES} bytes, ${bytes} bytes of key and value a reading; rates from the committed ends of the output topic after the first ${warmUp}`,
    BROKER_NOTE,
    `${STREAMS}: exactly_once_v2, ${THREADS} threads, the Avro written by hand into one array; Java with ${STREAMS_JVM.join(' ')}`,
    `${PRODUCER}: idempotent, in no transaction, without keys, payloads from a file; ${settings.join(' ')}`,
  ];
  const against = { unit: 'frames/s', ours: rates(runs.get(OURS)!), notes };
  const peers = { [STREAMS]: rates(runs.get(STREAMS)!), [PRODUCER]: rates(runs.get(PRODUCER)!) };
  return [
    figure({ ...against, name: 'W5: against Kafka Streams', peers, floor: 3, aim: 6, judged: STREAMS }),
    figure({ ...against, name: 'W5: against a producer alone', peers, floor: 1, aim: 2, judged: PRODUCER, notes: [] }),
  ];
}
