/** W1: decode, validate and window, at least once. Ours gives exactly once here, too, which is more than is asked. */
import { rates } from '../../load/interleaved.ts';
import { STREAMS } from '../../load/kafka-bench.ts';
import { Parts } from '../../parts.ts';
import { consumerNote, consumerPerformance } from '../../peers/consumer-performance/peer.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { memoryFigures } from './memory.ts';
import {
  BYTEWAX,
  bytewax,
  FLINK,
  FLINK_CHECKPOINT_MS,
  FLINK_SHARE,
  flink,
  KAFKAJS,
  kafkajs,
  ours,
  PROCESSOR,
  streams,
} from './sides.ts';
import { type Contender, inTurn, notesOf, type WindowBench, warmUpOf, withFrames } from './window-bench.ts';

const FRAMES = { whole: 24_000_000, part: 3_000_000 };
/** Nobody reads the part. */
const FRAMES_QUICK = { whole: 6_000_000, part: 10_000 };
const ROUNDS = 5;
/** What takes long has fewer. */
const ROUNDS_SLOW = 2;
const OURS = 'batch handler';
const BY_RECORD = 'record-by-record handler';
const CONSUMER = 'ConsumerPerformance';
const AT_LEAST_ONCE = 'at least once';

export const w1: Workload = {
  name: 'W1',
  says: 'decode, validate, window of a minute a device, at least once: beside Kafka Streams, Flink, Bytewax, kafkajs, and a consumer that only reads',
  async run(options) {
    const { isQuick, progress } = options;
    const { whole, part } = isQuick ? FRAMES_QUICK : FRAMES;
    const rounds = isQuick ? 1 : ROUNDS;
    const slow = isQuick ? 0 : ROUNDS_SLOW;
    const contenders: Contender[] = [
      { side: streams(AT_LEAST_ONCE, 'close'), rounds },
      { side: ours(OURS, false), rounds },
      { side: ours(BY_RECORD, true), rounds },
      { side: streams(AT_LEAST_ONCE, 'processor'), rounds: slow },
      { side: flink(AT_LEAST_ONCE, FLINK_CHECKPOINT_MS), rounds: slow, share: FLINK_SHARE },
      { side: kafkajs(AT_LEAST_ONCE), rounds: slow, isPart: true },
      { side: bytewax(), rounds: slow, isPart: true },
    ].filter((one) => one.rounds > 0);
    return await withFrames(options, whole, part, async (bench) => {
      const parts = new Parts(progress);
      const figures = await parts.measure('rates', () => rateFigures(bench, contenders));
      const memory = isQuick ? [] : await parts.measure('memory', () => memoryFigures(bench));
      return parts.measured([...(figures ?? []), ...(memory ?? [])]);
    });
  },
};

async function rateFigures(bench: WindowBench, contenders: readonly Contender[]): Promise<Figure[]> {
  const { options } = bench;
  const { folder, progress } = options;
  const reading: number[] = [];
  const runs = await inTurn(bench, contenders, async (round) => {
    const group = `consumer-${round}`;
    const topic = { bootstrap: bench.bootstrap, topic: bench.whole.topic, records: bench.whole.frames };
    reading.push(await consumerPerformance({ ...topic, group, warmUp: warmUpOf(options), folder }));
    progress(`run ${round}: ${CONSUMER} ${Math.round(reading.at(-1)!)} records/s`);
  });
  const batch = rates(runs.get(OURS)!);
  const record = rates(runs.get(BY_RECORD)!);
  const names = [STREAMS, PROCESSOR, FLINK, KAFKAJS, BYTEWAX].filter((name) => runs.has(name));
  return [
    figure({
      name: 'W1: beside other engines',
      unit: 'frames/s',
      ours: batch,
      peers: Object.fromEntries(names.map((name) => [name, rates(runs.get(name)!)])),
      floor: 10,
      aim: 20,
      judged: STREAMS,
      notes: [
        'ours gives exactly once here, too, the others at least once, which is less work',
        ...notesOf(bench, runs, contenders),
      ],
    }),
    figure({
      name: 'W1: beside a consumer that only reads',
      unit: 'frames/s',
      ours: batch,
      peers: { [CONSUMER]: reading },
      floor: 1.5,
      aim: 3,
      judged: CONSUMER,
      notes: [consumerNote(warmUpOf(options))],
    }),
    figure({
      name: `W1: ${BY_RECORD}`,
      unit: 'frames/s',
      ours: record,
      peers: { [OURS]: batch },
      floor: 0.3,
      aim: 0.6,
      judged: OURS,
      notes: ['the same actor without `processBatch`, so that the engine calls `process` for each record'],
    }),
  ];
}
