/**
 * For workloads of few frames, in whose time a broker would never come to the end of compiling what it is asked for: W2's
 * frames, read and counted several times over.
 */
import { committedRun } from '../../load/committed-run.ts';
import { engineCommand, type KafkaBench } from '../../load/kafka-bench.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { fillFrames, PARTITIONS } from './frames.ts';
import { GRACE_MS, WINDOW_MS } from './sides.ts';
import type { WindowTopology } from './topology.ts';

const PREFIX = 'warming-broker';
const FRAMES = 6_000_000;
const ROUNDS = 10;
const DEVICES = 10_000;
const FRAMES_PER_SECOND = 20_000;
const AGO_MS = 3_600_000;

export async function warmBroker(kafka: KafkaBench): Promise<void> {
  const { log } = kafka;
  const startMs = Math.floor((Date.now() - AGO_MS) / WINDOW_MS) * WINDOW_MS;
  const fleet = { devices: DEVICES, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs };
  const { topic } = await fillFrames(log, fleet, FRAMES, WINDOW_MS, `${PREFIX}.frames`);
  for (let round = 1; round <= ROUNDS; round++) {
    const application = `${PREFIX}-${round}`;
    const window = { input: topic, output: `${application}.windows`, windowMs: WINDOW_MS, graceMs: GRACE_MS };
    const config: WindowTopology = { application, partitions: PARTITIONS, ...window };
    const command = engineCommand(kafka, new URL('./topology.ts', import.meta.url), config);
    const finish = () => Promise.resolve();
    await committedRun({ log, ...command, group: `${application}.window`, topic, warmUp: 0, isTimed: false, finish });
  }
  await deleteTopics(kafka, PREFIX);
}
