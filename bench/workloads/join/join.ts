/**
 * Frames under the keys of gateways → re-keyed by their device through a topic in between → joined with a compacted table
 * of devices, exactly once, two workers, beside Kafka Streams with two threads on the same topics. Every joined record is
 * compared with what was sent before a time counts.
 */
import { join as joinPath } from 'node:path';
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
import { BATCH_BYTES, PARTITIONS } from '../kafka-windows/frames.ts';
import { DEVICES_TABLE, fillGatewayFrames, GATEWAY_FRAMES, type SentFrames } from './gateway-frames.ts';
import type { JoinTopology } from './join-actors.ts';

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
const OURS = 'msec';

export const join: Workload = {
  name: 'W6',
  says: 'frames re-keyed and joined with a table of devices, exactly once, 2 workers, beside Kafka Streams, 2 threads',
  run: (options) => withKafka((kafka) => measure(options, kafka), FORGETFUL),
};

async function measure({ isQuick, folder, progress }: RunOptions, kafka: KafkaBench): Promise<readonly Figure[]> {
  const frames = isQuick ? FRAMES_QUICK : FRAMES;
  const warmUp = isQuick ? WARM_UP_QUICK : WARM_UP;
  const classPath = await buildStreams();
  progress(`filling ${frames} frames`);
  const startMs = Math.floor((Date.now() - AGO_MS) / MINUTE_MS) * MINUTE_MS;
  const fleet = { devices: DEVICES, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs };
  const sent = await fillGatewayFrames(kafka.log, fleet, frames);
  const topics = { input: GATEWAY_FRAMES, table: DEVICES_TABLE };
  const bench: Bench = { ...kafka, sent, warmUp };
  const runs = await interleaved(
    [
      {
        name: STREAMS,
        run(application) {
          const { table, ...names } = { ...topics, application, output: `${application}.joined` };
          const own = { table, partitions: PARTITIONS };
          const stateFolder = joinPath(folder, application);
          return measured(
            bench,
            application,
            streamsCommand(kafka, { ...names, classPath, main: 'JoinPeer', stateFolder, own }),
          );
        },
      },
      {
        name: OURS,
        run(application) {
          const names = { ...topics, application, output: `${application}.joined` };
          const config: JoinTopology = { ...names, partitions: PARTITIONS };
          return measured(
            bench,
            application,
            engineCommand(kafka, new URL('./join-actors.ts', import.meta.url), config),
          );
        },
      },
    ],
    { rounds: isQuick ? 1 : ROUNDS, warmedUp: isQuick ? 0 : 2, progress },
  );
  return [figureOf(frames, warmUp, runs)];
}

interface Bench extends KafkaBench {
  readonly sent: SentFrames;
  readonly warmUp: number;
}

async function measured(bench: Bench, application: string, command: Command): Promise<CommittedRun> {
  const { log, sent, warmUp } = bench;
  const topic = `${application}.joined`;
  await log.createTopics([{ name: topic, partitions: PARTITIONS, cleanup: 'delete' }]);
  const run = await writtenRun({ log, ...command, topic, records: sent.frames, warmUp });
  await sent.check(log, topic);
  await deleteTopics(bench, application);
  return run;
}

function figureOf(frames: number, warmUp: number, runs: Runs<CommittedRun>): Figure {
  return figure({
    name: 'W6: re-key and join',
    unit: 'frames/s',
    ours: rates(runs.get(OURS)!),
    peers: { [STREAMS]: rates(runs.get(STREAMS)!) },
    floor: null,
    aim: null,
    judged: STREAMS,
    notes: [
      `${frames} joined records in each run of each side equal to what was sent, each once, in its device's order`,
      costNote(runs),
      endNote(runs),
      `${frames} frames of ${DEVICES} devices, Zipf, ${PARTITIONS} partitions of each topic, batches of ${BATCH_BYTES} bytes; rates from the committed ends of the output topic after the first ${warmUp}`,
      BROKER_NOTE,
      `${STREAMS}: exactly_once_v2, ${THREADS} threads, the DSL's repartition and its join with a KTable in memory; Java with ${STREAMS_JVM.join(' ')}`,
      'ours: the table is keyed state of the joining actor, filled from the same compacted topic; a frame that comes before its device waits for it',
    ],
  });
}
