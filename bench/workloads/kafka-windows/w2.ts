/** W2: decode, validate and window, exactly once on every side. */
import { rates } from '../../load/interleaved.ts';
import { STREAMS } from '../../load/kafka-bench.ts';
import { figure, type Workload } from '../../workload.ts';
import { FLINK, FLINK_CHECKPOINT_MS, FLINK_SHARE, flink, KAFKAJS, kafkajs, ours, PROCESSOR, streams } from './sides.ts';
import { type Contender, inTurn, notesOf, withFrames } from './window-bench.ts';

const FRAMES = { whole: 24_000_000, part: 3_000_000 };
/** Nobody reads the part. */
const FRAMES_QUICK = { whole: 6_000_000, part: 10_000 };
const ROUNDS = 5;
/** What takes long has fewer. */
const ROUNDS_SLOW = 2;
const OURS = 'msec';
const EXACTLY_ONCE = 'exactly once';

export const w2: Workload = {
  name: 'W2',
  says: 'decode, validate, window of a minute a device, exactly once: beside Kafka Streams exactly_once_v2, Flink and kafkajs',
  async run(options) {
    const { isQuick } = options;
    const { whole, part } = isQuick ? FRAMES_QUICK : FRAMES;
    const rounds = isQuick ? 1 : ROUNDS;
    const slow = isQuick ? 0 : ROUNDS_SLOW;
    const contenders: Contender[] = [
      { side: streams(EXACTLY_ONCE, 'close'), rounds },
      { side: ours(OURS, false), rounds },
      { side: streams(EXACTLY_ONCE, 'processor'), rounds: isQuick ? 0 : 3 },
      { side: flink(EXACTLY_ONCE, FLINK_CHECKPOINT_MS), rounds: slow, share: FLINK_SHARE },
      { side: kafkajs(EXACTLY_ONCE), rounds: slow, isPart: true },
    ].filter((one) => one.rounds > 0);
    return await withFrames(options, whole, part, async (bench) => {
      const runs = await inTurn(bench, contenders);
      const names = [STREAMS, PROCESSOR, FLINK, KAFKAJS].filter((name) => runs.has(name));
      return [
        figure({
          name: 'W2: beside other engines',
          unit: 'frames/s',
          ours: rates(runs.get(OURS)!),
          peers: Object.fromEntries(names.map((name) => [name, rates(runs.get(name)!)])),
          floor: 8,
          aim: 20,
          judged: STREAMS,
          notes: notesOf(bench, runs, contenders),
        }),
      ];
    });
  },
};
