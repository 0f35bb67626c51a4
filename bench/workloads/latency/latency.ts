/**
 * W7: how long a frame takes, from when it is due to be sent until what became of it is read by a consumer that reads
 * only what is committed: load (an open loop), engine, broker and consumer are a process each on the same processors. A
 * frame that is sent late, or waits behind others, counts from when it was due. One record comes out for each frame, its
 * measures and its place in the schedule are compared, on both sides.
 */
import { join } from 'node:path';
import { type Log, openKafkaLog } from '../../../engine/index.ts';
import { missing } from '../../../test/support/needs.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import { deleteTopics } from '../../load/kafka-topics.ts';
import { type Ladder, ladderText } from '../../load/latency-histogram.ts';
import { type PacedResult, PacedRun } from '../../load/paced/paced-run.ts';
import type { RunningProcess } from '../../load/running-process.ts';
import { Parts } from '../../parts.ts';
import { buildStreams, STREAMS_JVM } from '../../peers/kafka-streams/peer.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { PARTITIONS, type SideTask, STREAMS_SETTINGS, startOurs, startStreams, THREADS } from './sides.ts';

const COMMIT_MS = 10;
const RATE = 200_000;
const DEVICES = 10_000;
const TICK_MS = 5;
const ROUNDS = 3;
const STREAMS = 'Kafka Streams';
const STREAMS_COMMIT_MS = [10, 20, 50, 100];
const SHARES = [0.1, 0.5, 0.8];
const RAMP = 1.3;
const RAMP_STEPS_MAX = 10;
const QUICK = { commitMs: 50, shares: [] as number[], ramp: 2, rampSteps: 0 };
/** Of the last quarter's median, in commit intervals: what is above it has begun to pile up. */
const BOUNDED_INTERVALS = 10;
/** Paces are whole frames a tick. */
const PACE_UNIT = 1000;

interface Seconds {
  readonly measured: number;
  readonly warmUp: number;
}

const FULL: Seconds = { measured: 12, warmUp: 10 };
const BRIEF: Seconds = { measured: 5, warmUp: 6 };
const RAMPING: Seconds = { measured: 4, warmUp: 1 };
const QUICKLY: Seconds = { measured: 3, warmUp: 4 };

export const latency: Workload = {
  name: 'W7',
  says: 'how long a frame takes, exactly once, from when it is due until a consumer has read what became of it, committed',
  async run({ isQuick, folder, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const classPath = await buildStreams();
    const kafka = await startBenchKafka();
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
    const bench = new LatencyBench({ log, bootstrap: kafka.bootstrap, folder, classPath, progress });
    try {
      const parts = new Parts(progress);
      // First, because it also warms the broker.
      const ramp = await parts.measure('ramp', () => bench.ramp(isQuick));
      const atRate = await parts.measure('at 200,000 frames/s', () => beside(bench, isQuick));
      return parts.measured([...(atRate ?? []), ...(ramp === null ? [] : figuresOfRamp(ramp))]);
    } finally {
      await log.close();
      await kafka.stop();
    }
  },
};

async function beside(bench: LatencyBench, isQuick: boolean): Promise<readonly Figure[]> {
  const best = isQuick ? { commitMs: QUICK.commitMs, tried: [] } : await bench.bestInterval(STREAMS_COMMIT_MS);
  const ours: PacedResult[] = [];
  const theirs: PacedResult[] = [];
  for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++) {
    theirs.push(await bench.once('streams', best.commitMs, isQuick ? QUICKLY : FULL));
    ours.push(await bench.once('ours', COMMIT_MS, isQuick ? QUICKLY : FULL));
  }
  return figuresAtRate(ours, theirs, best, isQuick);
}

interface BestInterval {
  readonly commitMs: number;
  readonly tried: readonly string[];
}

interface Share {
  /** Of the highest pace that was held. */
  readonly share: number;
  readonly result: PacedResult;
}

interface Ramp {
  readonly highest: number;
  readonly factor: number;
  readonly shares: readonly Share[];
}

interface BenchSetup {
  readonly log: Log;
  readonly bootstrap: string;
  readonly folder: string;
  readonly classPath: string;
  readonly progress: (text: string) => void;
}

class LatencyBench {
  readonly #setup: BenchSetup;
  #runs = 0;

  constructor(setup: BenchSetup) {
    this.#setup = setup;
  }

  async once(side: 'ours' | 'streams', commitMs: number, seconds: Seconds): Promise<PacedResult> {
    return await this.#with(side, commitMs, async (run, { pid }) => {
      const result = await run.step(pace(RATE), seconds.measured, seconds.warmUp, { engine: pid });
      this.#tell(`${side}, commit every ${commitMs} ms`, result);
      return result;
    });
  }

  /** Up to the first pace that is not held; then shares of the highest that was. */
  async ramp(isQuick: boolean): Promise<Ramp> {
    return await this.#with('ours', COMMIT_MS, async (run, { pid }) => {
      if (!isQuick) await run.step(pace(RATE), BRIEF.measured, BRIEF.warmUp);
      const [factor, stepsMax] = isQuick ? [QUICK.ramp, QUICK.rampSteps] : [RAMP, RAMP_STEPS_MAX];
      let highest = 0;
      const isHeld = async (rate: number) => {
        const result = await run.step(pace(rate), RAMPING.measured, RAMPING.warmUp, { engine: pid });
        this.#tell('ramp', result);
        if (result.reader.missing > 0) throw new Error(`${result.reader.missing} frames did not come out`);
        if (!isBounded(result)) return false;
        highest = rate;
        return true;
      };
      if (await isHeld(RATE)) {
        let rate = RATE * factor;
        for (let i = 0; i < stepsMax && (await isHeld(whole(rate))); i++) rate *= factor;
      } else for (let rate = RATE / factor; rate > PACE_UNIT && !(await isHeld(whole(rate))); ) rate /= factor;
      const shares: Share[] = [];
      for (const share of isQuick ? QUICK.shares : SHARES) {
        const { measured, warmUp } = isQuick ? RAMPING : BRIEF;
        const result = await run.step(pace(whole(highest * share)), measured, warmUp, { engine: pid });
        this.#tell(`${share * 100} %`, result);
        shares.push({ share, result });
      }
      return { highest, factor, shares };
    });
  }

  /** Of the peer: the one with the least p99. */
  async bestInterval(intervals: readonly number[]): Promise<BestInterval> {
    const tried: { readonly commitMs: number; readonly latency: Ladder }[] = [];
    for (const commitMs of intervals) {
      const { reader } = await this.once('streams', commitMs, BRIEF);
      tried.push({ commitMs, latency: reader.latency });
    }
    const [best] = tried.toSorted((a, b) => a.latency.p99 - b.latency.p99);
    return {
      commitMs: best!.commitMs,
      tried: tried.map(({ commitMs, latency }) => `commit every ${commitMs} ms: ${ladderText(latency)}`),
    };
  }

  async #with<T>(
    side: 'ours' | 'streams',
    commitMs: number,
    use: (run: PacedRun, process: RunningProcess) => Promise<T>,
  ): Promise<T> {
    const { log, bootstrap, folder, classPath } = this.#setup;
    const application = `w7-${++this.#runs}-${side}`;
    const task: SideTask = {
      ...{ bootstrap, application, commitMs },
      input: `${application}.frames`,
      output: `${application}.measures`,
    };
    const fleet = { devices: DEVICES, exponent: 1, partitions: PARTITIONS };
    const run = await PacedRun.start(log, { ...task, ...fleet });
    let process: RunningProcess | null = null;
    try {
      process =
        side === 'ours' ? await startOurs(task) : await startStreams(classPath, join(folder, application), task);
      const result = await use(run, process);
      await process.end();
      await run.end();
      await deleteTopics({ log, bootstrap }, application);
      return result;
    } finally {
      run.kill();
      await process?.kill();
    }
  }

  #tell(what: string, { step, reader, load, processors }: PacedResult): void {
    const { framesPerSecond } = step;
    const shares = Object.entries(processors).map(([name, share]) => `${name} ${share.toFixed(2)}`);
    const late = `load ${load.sent.p99.toFixed(1)} ms late at p99`;
    this.#setup.progress(
      `${what}, ${framesPerSecond} frames/s: ${ladderText(reader.latency)}; ${late}; ${shares.join(', ')}`,
    );
  }
}

function pace(framesPerSecond: number) {
  return { framesPerSecond, tickMs: TICK_MS };
}

function whole(rate: number): number {
  return Math.max(PACE_UNIT, Math.round(rate / PACE_UNIT) * PACE_UNIT);
}

function isBounded({ reader }: PacedResult): boolean {
  return reader.missing === 0 && reader.lastQuarter.p50 <= BOUNDED_INTERVALS * COMMIT_MS;
}

function figuresAtRate(
  ours: readonly PacedResult[],
  theirs: readonly PacedResult[],
  best: BestInterval,
  isQuick: boolean,
): readonly Figure[] {
  const p99 = (results: readonly PacedResult[]) => results.map(({ reader }) => reader.latency.p99);
  const settings = Object.entries(STREAMS_SETTINGS).map(([name, value]) => `${name}=${value}`);
  const common = { unit: 'ms', ours: p99(ours), peers: { [STREAMS]: p99(theirs) }, isLessBetter: true };
  return [
    figure({
      ...common,
      name: 'W7: p99 at 200,000 frames/s, commit every 10 ms',
      ...{ floor: 50, aim: 25, judged: 'ours' },
      notes: [
        ...ours.map(({ reader }, i) => `run ${i + 1}: ${ladderText(reader.latency)}`),
        ...ours.map(({ load }, i) => `run ${i + 1}: of that the load was late by ${ladderText(load.sent)}`),
        `one record out for each frame in, each compared; ${PARTITIONS} partitions, ${THREADS} threads on either side, ${DEVICES} devices by Zipf; the load hands over every ${TICK_MS} ms what was due, acks=all, and all frames count from when they were due; ${isQuick ? QUICKLY.measured : FULL.measured} s after ${isQuick ? QUICKLY.warmUp : FULL.warmUp} s of warm-up`,
        `of one processor: ${Object.entries(ours.at(-1)!.processors)
          .map(([name, share]) => `${name} ${share.toFixed(2)}`)
          .join(', ')}; the broker has the rest`,
      ],
    }),
    figure({
      ...common,
      name: `W7: p99 against ${STREAMS} at its best commit interval`,
      ...{ floor: 0.5, aim: 0.2, judged: STREAMS },
      notes: [
        ...theirs.map(({ reader }, i) => `${STREAMS}, run ${i + 1}: ${ladderText(reader.latency)}`),
        ...best.tried.map((text) => `${STREAMS}, tried with ${text}`),
        `${STREAMS}: exactly_once_v2, commit.interval.ms=${best.commitMs}, ${settings.join(', ')}, ${THREADS} threads; Java with ${STREAMS_JVM.join(' ')}`,
      ],
    }),
  ];
}

function figuresOfRamp({ highest, factor, shares }: Ramp): readonly Figure[] {
  const free = { floor: null, aim: null, judged: 'ours' };
  return [
    figure({
      ...free,
      name: 'W7: highest pace with bounded lag, commit every 10 ms',
      ...{ unit: 'frames/s', ours: [highest] },
      notes: [
        `in steps of ${factor} ×; held: of the last quarter of ${RAMPING.measured} s half of the frames came out within ${BOUNDED_INTERVALS} commit intervals`,
      ],
    }),
    ...shares.map(({ share, result: { step, reader } }) =>
      figure({
        ...free,
        name: `W7: p99 at ${share * 100} % of that`,
        ...{ unit: 'ms', ours: [reader.latency.p99], isLessBetter: true },
        notes: [`${step.framesPerSecond} frames/s: ${ladderText(reader.latency)}`],
      }),
    ),
  ];
}
