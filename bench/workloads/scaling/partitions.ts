/**
 * Two threads: from one partition to 64 on the embedded log, to 16 over Kafka, where the broker has the same processors. With 64
 * a partition's share of ten million frames is a single fetch, so that commits say nothing of the rate.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CommittedRun, committedRun } from '../../load/committed-run.ts';
import { type Contender, interleaved, rates } from '../../load/interleaved.ts';
import { engineCommand, type KafkaBench, THREADS, withKafka } from '../../load/kafka-bench.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import type { Parts } from '../../parts.ts';
import { type Curve, type CurvePoint, type RunOptions, spread } from '../../workload.ts';
import type { WindowTopology } from '../kafka-windows/topology.ts';
import { checkTold } from './check-told.ts';
import { closeWindows, type EvenFrames, evenFrames, fillEvenly, GRACE_MS, WINDOW_MS } from './even-frames.ts';
import { fillEmbedded, windowRun } from './window-run.ts';

const KEYS = 10_000;
const PASSES = 300;
const PASSES_QUICK = 120;
const SENT_EVERY_MS = 10_000;
const ROUNDS = 2;
/** Over Kafka a commit holds many frames, and the whole of few would come with a single one. */
const KAFKA_PASSES = 1_000;
const KAFKA_SENT_EVERY_MS = 2_500;
const EMBEDDED = [1, 2, 4, 8, 16, 64] as const;
const EMBEDDED_QUICK = [1, 64] as const;
const KAFKA = [1, 8, 16] as const;
/** In less than this commits, 200 ms apart, do not tell a rate. */
const KAFKA_MEASURED_MS_MIN = 1_000;
const WARM_UP_SHARE = 0.25;

/** Null where neither could be measured. */
export async function partitionRates(options: RunOptions, parts: Parts): Promise<Curve | null> {
  const embedded = await parts.measure('partitions of the embedded log', () => embeddedRates(options));
  const kafka = options.isQuick ? null : await parts.measure('partitions over Kafka', () => kafkaRates(options));
  if (embedded === null && kafka === null) return null;
  const series = { ...(embedded === null ? {} : { embedded }), ...(kafka === null ? {} : { Kafka: kafka }) };
  return { name: 'W8: rate by partitions', x: 'partitions', isLogarithmic: false, unit: 'frames/s, 2 threads', series };
}

async function embeddedRates({ isQuick, folder, progress }: RunOptions): Promise<readonly CurvePoint[]> {
  const points: CurvePoint[] = [];
  for (const partitions of isQuick ? EMBEDDED_QUICK : EMBEDDED) {
    const frames = evenFrames(KEYS, isQuick ? PASSES_QUICK : PASSES, partitions, SENT_EVERY_MS);
    const log = join(folder, `partitions-${partitions}`);
    await fillEmbedded(log, frames);
    const measured: number[] = [];
    for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++)
      measured.push((await windowRun(log, frames, THREADS)).framesPerSecond);
    rmSync(log, { recursive: true });
    points.push({ x: partitions, y: spread(measured) });
    progress(`${partitions} partitions: ${Math.round(spread(measured).median)} frames/s`);
  }
  return points;
}

async function kafkaRates({ progress }: RunOptions): Promise<readonly CurvePoint[]> {
  return await withKafka(async (kafka) => {
    const nameOf = (partitions: number) => `${partitions} partitions over Kafka`;
    const contenders: Contender<CommittedRun>[] = [];
    for (const partitions of KAFKA) {
      const frames = evenFrames(KEYS, KAFKA_PASSES, partitions, KAFKA_SENT_EVERY_MS, `bench.frames-${partitions}`);
      progress(`filling ${KEYS * KAFKA_PASSES} frames for ${nameOf(partitions)}`);
      await fillEvenly(kafka.log, frames);
      contenders.push({ name: nameOf(partitions), run: (application) => kafkaRun(kafka, frames, application) });
    }
    const runs = await interleaved(contenders, { rounds: ROUNDS, warmedUp: 1, progress });
    return KAFKA.map((x) => ({ x, y: spread(rates(runs.get(nameOf(x))!)) }));
  });
}

async function kafkaRun(kafka: KafkaBench, frames: EvenFrames, application: string): Promise<CommittedRun> {
  const { log } = kafka;
  const output = `${application}.told`;
  const window = { input: frames.topic, output, windowMs: WINDOW_MS, graceMs: GRACE_MS };
  const config: WindowTopology = { application, partitions: frames.partitions, ...window };
  const run = await committedRun({
    log,
    ...engineCommand(kafka, new URL('../kafka-windows/topology.ts', import.meta.url), config),
    group: `${application}.window`,
    topic: frames.topic,
    warmUp: frames.keys * frames.passes * WARM_UP_SHARE,
    finish: () => closeWindows(log, frames),
  });
  const measuredMs = run.curve.at(-1)!.at - run.curve[0]!.at;
  if (measuredMs < KAFKA_MEASURED_MS_MIN)
    throw new Error(`${application}: committed within ${Math.round(measuredMs)} ms, too few commits for a rate`);
  const reader = log.openReader();
  await checkTold(reader, output, frames);
  await reader.close();
  await deleteTopics(kafka, application);
  return run;
}
