/**
 * W1 and W2: EnMon frames in a topic of Kafka → told windows of one minute a device, ours beside others, interleaved, on the
 * same input bytes. Every output is compared with the plain sums, window by window, before its time counts. The broker
 * shares the processors with whoever is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../../engine/index.ts';
import { committedRun, type SampledRun } from '../../load/committed-run.ts';
import { endNote, interleaved, middle, type Runs } from '../../load/interleaved.ts';
import { COMMIT_MS, withKafka } from '../../load/kafka-bench.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import type { RunOptions } from '../../workload.ts';
import { BATCH_BYTES, closeWindows, type FilledFrames, FRAMES_TOPIC, fillFrames, PARTITIONS } from './frames.ts';
import { type Side, WINDOW_MS } from './sides.ts';
import { checkTold } from './told-windows.ts';
import { warmBroker } from './warm-broker.ts';

const DEVICES = 10_000;
const FRAMES_PER_SECOND = 20_000;
const MINUTE_MS = 60_000;
/** Of event time: the frames' past, so that no broker refuses it and no retention drops it. */
const AGO_MS = 60 * MINUTE_MS;
/** Frames that are not counted: a process compiles for its first second and a half. */
const WARM_UP = 8_000_000;
const WARM_UP_QUICK = 2_000_000;
/** The same frames as far as they go, for those that would take too long. */
const PART_TOPIC = `${FRAMES_TOPIC}.part`;
const PART_WARM_UP = 500_000;
/** At 20 ms the samples took 3 % of the processors, and what the broker needs to answer. */
const SAMPLE_MS = 50;
/** Kafka Streams looks for closed windows once a second, when a record comes. */
const EMIT_MS = 1_100;

export interface WindowBench {
  readonly log: Log;
  readonly bootstrap: string;
  readonly whole: FilledFrames;
  readonly part: FilledFrames;
  readonly options: RunOptions;
}

export interface Contender {
  readonly side: Side;
  readonly rounds: number;
  /** Reads the shorter topic. */
  readonly isPart?: boolean;
  /** Measured until this share of the topic is committed. */
  readonly share?: number;
}

export function withFrames<T>(
  options: RunOptions,
  frames: number,
  partFrames: number,
  use: (bench: WindowBench) => Promise<T>,
): Promise<T> {
  return withKafka(async ({ log, bootstrap }) => {
    options.progress(`filling ${frames} frames of ${DEVICES} devices`);
    const startMs = Math.floor((Date.now() - AGO_MS) / MINUTE_MS) * MINUTE_MS;
    const fleet = { devices: DEVICES, seed: 1, framesPerSecond: FRAMES_PER_SECOND, startMs };
    const whole = await fillFrames(log, fleet, frames, WINDOW_MS);
    const part = await fillFrames(log, fleet, partFrames, WINDOW_MS, PART_TOPIC);
    if (!options.isQuick) {
      options.progress('warming up the broker');
      await warmBroker({ log, bootstrap });
    }
    return await use({ log, bootstrap, whole, part, options });
  });
}

/** In each round every contender that still has one to run; the first runs once before: the broker is warm with ours only. */
export async function inTurn(
  bench: WindowBench,
  contenders: readonly Contender[],
  afterRound: (round: number) => Promise<void> = () => Promise.resolve(),
): Promise<Runs<SampledRun>> {
  for (const { side } of contenders) await side.prepare();
  const rounds = Math.max(...contenders.map((one) => one.rounds));
  const { progress } = bench.options;
  return await interleaved(
    contenders.map((contender) => ({
      name: contender.side.name,
      rounds: contender.rounds,
      run: (application) => runOnce(bench, contender, application),
    })),
    { rounds, warmedUp: rounds > 1 ? 1 : 0, progress, afterRound },
  );
}

export async function runOnce(
  { log, bootstrap, whole, part, options }: WindowBench,
  { side, isPart = false, share = 1 }: Contender,
  application: string,
  onLine: (line: string) => void = () => {},
): Promise<SampledRun> {
  const filled = isPart ? part : whole;
  const output = `${application}.windows`;
  const folder = mkdtempSync(join(options.folder, 'side-'));
  await log.createTopics(
    side.topics.map((name) => ({ name: `${application}.${name}`, partitions: PARTITIONS, cleanup: 'delete' })),
  );
  const run = await committedRun({
    log,
    ...side.process({ bootstrap, application, input: filled.topic, output, folder: join(folder, 'state') }),
    topic: filled.topic,
    share,
    warmUp: isPart ? PART_WARM_UP : warmUpOf(options),
    sampleMs: SAMPLE_MS,
    onLine,
    async finish() {
      await pause(EMIT_MS);
      await closeWindows(log, filled.topic);
    },
  });
  await checkTold(log, output, filled);
  await deleteTopics({ log, bootstrap }, application);
  rmSync(folder, { recursive: true });
  return run;
}

/** What is said of all sides alike. */
export function warmUpOf({ isQuick }: RunOptions): number {
  return isQuick ? WARM_UP_QUICK : WARM_UP;
}

export function notesOf(
  { whole, part, options }: WindowBench,
  runs: Runs<SampledRun>,
  contenders: readonly Contender[],
): string[] {
  const each = contenders.map(({ side, isPart = false, share = 1 }) => {
    const own = runs.get(side.name)!;
    const [cpuNs, drift] = [own.map((run) => run.cpuNsPerRecord), own.map((run) => run.drift)].map(middle);
    const upTo = share < 1 ? `, measured until ${share * 100} % were committed` : '';
    const records = isPart ? `, on the first ${part.frames} frames after ${PART_WARM_UP}` : '';
    return `${side.name} ${Math.round(cpuNs!)} ns (second half at ${drift!.toFixed(2)} of the first's rate${records}${upTo})`;
  });
  return [
    `${whole.expected.size} windows (${part.expected.size} in the part) equal to the plain sums, each told once, on every side in each run`,
    `processor time a frame, all threads of the process: ${each.join('; ')}`,
    endNote(runs),
    `${whole.frames} frames in ${Math.round(whole.bytes / 1e6)} MB, ${DEVICES} devices, ${PARTITIONS} partitions, batches of ${BATCH_BYTES} bytes, not compressed, Zipf; rates from the offsets committed at the broker after the first ${warmUpOf(options)}; committed at least every ${COMMIT_MS} ms where nothing else is said`,
    'one Kafka 4.1 broker (1 GB heap, G1) on the same processors; before the first round ours reads another topic from it ten times, and Kafka Streams runs once, without being counted, so that it is warm for all',
    ...contenders.map(({ side }) => side.settings),
  ];
}
