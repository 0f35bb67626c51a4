/** From one partition to 64, two threads: on the embedded log, and over Kafka, where the broker has the same processors. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openKafkaLog } from '../../../engine/index.ts';
import { missing } from '../../../test/support/needs.ts';
import { committedRun } from '../../load/committed-run.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { type Curve, type CurvePoint, type RunOptions, spread } from '../../workload.ts';
import type { WindowTopology } from '../kafka-windows/topology.ts';
import { checkTold } from './check-told.ts';
import { closeWindows, evenFrames, FRAMES_TOPIC, fillEvenly, GRACE_MS, WINDOW_MS } from './even-frames.ts';
import { fillEmbedded, windowRun } from './window-run.ts';

const KEYS = 10_000;
const PASSES = 300;
const PASSES_QUICK = 120;
const SENT_EVERY_MS = 10_000;
const THREADS = 2;
const ROUNDS = 3;
const EMBEDDED = [1, 2, 4, 8, 16, 32, 64] as const;
const EMBEDDED_QUICK = [1, 8, 64] as const;
const KAFKA = [1, 8, 64] as const;
const WARM_UP_SHARE = 0.25;

export async function partitionRates(options: RunOptions): Promise<Curve> {
  const series: Record<string, readonly CurvePoint[]> = { embedded: await embeddedRates(options) };
  if (!options.isQuick) series.Kafka = await kafkaRates(options);
  return { name: 'W8: rate by partitions', x: 'partitions', isLogarithmic: false, unit: 'frames/s, 2 threads', series };
}

async function embeddedRates({ isQuick, folder, progress }: RunOptions): Promise<readonly CurvePoint[]> {
  const points: CurvePoint[] = [];
  for (const partitions of isQuick ? EMBEDDED_QUICK : EMBEDDED) {
    const frames = evenFrames(KEYS, isQuick ? PASSES_QUICK : PASSES, partitions, SENT_EVERY_MS);
    const log = join(folder, `partitions-${partitions}`);
    await fillEmbedded(log, frames);
    const rates: number[] = [];
    for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++)
      rates.push((await windowRun(log, frames, THREADS)).framesPerSecond);
    rmSync(log, { recursive: true });
    points.push({ x: partitions, y: spread(rates) });
    progress(`${partitions} partitions: ${Math.round(spread(rates).median)} frames/s`);
  }
  return points;
}

async function kafkaRates({ progress }: RunOptions): Promise<readonly CurvePoint[]> {
  const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
  if (lacks.length > 0) throw new Error(lacks.join('; '));
  const points: CurvePoint[] = [];
  for (const partitions of KAFKA) {
    const kafka = await startBenchKafka();
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
    try {
      const frames = evenFrames(KEYS, PASSES, partitions, SENT_EVERY_MS);
      await fillEvenly(log, frames);
      const rates: number[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        const application = `scaling-${round}`;
        const output = `${application}.told`;
        const window = { input: FRAMES_TOPIC, output, windowMs: WINDOW_MS, graceMs: GRACE_MS };
        const config: WindowTopology = { application, partitions, ...window };
        const task: KafkaEngineTask = {
          bootstrap: kafka.bootstrap,
          topologyModule: new URL('../kafka-windows/topology.ts', import.meta.url).href,
          config,
          workers: THREADS,
          stateFolder: null,
        };
        const script = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
        const { recordsPerSecond } = await committedRun({
          log,
          program: process.execPath,
          arguments: [script, JSON.stringify(task)],
          group: `${application}.window`,
          topic: FRAMES_TOPIC,
          warmUp: KEYS * PASSES * WARM_UP_SHARE,
          finish: () => closeWindows(log, frames),
        });
        const reader = log.openReader();
        await checkTold(reader, output, frames);
        await reader.close();
        await deleteTopics(kafka.bootstrap, application);
        rates.push(recordsPerSecond);
      }
      points.push({ x: partitions, y: spread(rates) });
      progress(`${partitions} partitions over Kafka: ${Math.round(spread(rates).median)} frames/s`);
    } finally {
      await log.close();
      await kafka.stop();
    }
  }
  return points;
}
