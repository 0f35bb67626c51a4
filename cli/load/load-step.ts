/**
 * One step of a load test: frames are appended on schedule for some seconds, whatever the engine does, and what it has committed
 * is read from the log. Lag and latency count from the moment a frame was due, so that a log that takes frames late hides nothing.
 */
import { BatchEncoder, type Clock, type LogReader, pause, type Subtopology } from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { judgeLag, LAG_SAMPLES_MIN, type LagSample, type LagVerdict } from './lag-judge.ts';
import type { LoadFleet } from './load-fleet.ts';
import { type MachineTimes, type MachineUse, machineTimes, machineUse } from './machine-use.ts';
import { PacedFrames } from './paced-frames.ts';
import type { ScratchJob } from './scratch-job.ts';

export interface StepOptions {
  /** Frames a second. */
  readonly rate: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface StepResult {
  readonly rate: number;
  readonly isHeld: boolean;
  /** Why it is not, in a few words. */
  readonly because: string | null;
  readonly lag: LagVerdict;
  /** Of the frames that were due in the measured time and are committed; null where none was. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  readonly cost: FrameCost;
  readonly use: MachineUse;
  readonly committedPerSecond: number;
}

/** Nanoseconds of processor time for each frame, from the first until all that were sent are committed. */
export interface FrameCost {
  /** Of the whole process, without making the load. */
  readonly cpuNs: number;
  /** Of it the worker threads' and the main thread's; null where the system does not tell. */
  readonly workersNs: number | null;
  readonly mainNs: number | null;
  /** What making the load took, which is in none of them. */
  readonly makerNs: number;
}

const SAMPLE_MS = 10;
/** Requests to brokers, not reads of memory. */
const SAMPLE_KAFKA_MS = 25;
const BATCH_BYTES = 256 * 1024;
/** Lag of so many seconds is no lag that ends by itself: the step need not go on. */
const HOPELESS_SECONDS = 2;
const CATCH_UP_MS_MAX = 60_000;

export class LoadSteps {
  readonly #job: ScratchJob;
  readonly #fleet: LoadFleet;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #reader: LogReader;
  readonly #encoders: readonly BatchEncoder[];
  readonly #first: Subtopology;
  readonly #later: readonly { readonly group: string; readonly topic: string }[];

  /** `signal`: a step that runs ends early. */
  constructor(job: ScratchJob, fleet: LoadFleet, clock: Clock, signal: AbortSignal) {
    const { plan, log, prefix } = job;
    const sourcesOf = ({ sources }: Subtopology) =>
      sources.filter(({ isResend }) => !isResend).map(({ topic }) => topic.name.slice(prefix.length));
    this.#job = job;
    this.#fleet = fleet;
    this.#clock = clock;
    this.#signal = signal;
    this.#reader = log.openReader();
    this.#encoders = Array.from({ length: plan.partitions }, () => new BatchEncoder({ batchBytesMax: BATCH_BYTES }));
    this.#first = plan.subtopologies.find((one) => sourcesOf(one).includes(DEVICE_FRAMES))!;
    this.#later = plan.subtopologies.flatMap((one) =>
      sourcesOf(one)
        .filter((topic) => topic !== DEVICE_FRAMES)
        .map((topic) => ({ group: one.group, topic })),
    );
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  /** Frames that must be made for a step, which is how long its preparation takes. */
  framesOf({ rate, warmUpMs, measureMs }: StepOptions): number {
    return Math.ceil((rate * (warmUpMs + measureMs)) / 1000);
  }

  /** What the step before has left must be committed. */
  async run(wanted: StepOptions): Promise<StepResult> {
    const { rate } = wanted;
    // Not more than can be held ready: at very high rates a step is shorter.
    const shrink = Math.min(1, this.#fleet.readyMax / this.framesOf(wanted));
    const [warmUpMs, endMs] = [wanted.warmUpMs * shrink, (wanted.warmUpMs + wanted.measureMs) * shrink];
    this.#fleet.prepare(this.framesOf(wanted));
    const before = machineTimes(this.#clock.monotonic());
    const step = new PacedFrames(this.#job, this.#fleet, this.#clock, this.#encoders, rate);
    const lags: LagSample[] = [];
    const later = this.#later.map(() => [] as LagSample[]);
    let isHopeless = false;
    let from: { times: MachineTimes; makerMs: number; done: number } | null = null;
    const sampleMs = this.#job.isOnKafka ? SAMPLE_KAFKA_MS : SAMPLE_MS;
    const measure = () => ({ times: machineTimes(step.now()), makerMs: step.makerMs, done: step.done });
    for (; step.now() < endMs && step.failure === null && !this.#signal.aborted; await pause(this.#clock, sampleMs)) {
      step.settle(await this.#reader.committed(this.#first.group, DEVICE_FRAMES));
      const atMs = step.now();
      if (atMs < warmUpMs) continue;
      if (from === null) {
        from = measure();
        step.latencies.length = 0;
      }
      lags.push({ atMs, lag: step.lag() });
      for (const [i, { group, topic }] of this.#later.entries())
        later[i]!.push({ atMs, lag: await this.#lagOf(group, topic) });
      isHopeless = step.lag() > rate * HOPELESS_SECONDS;
      if (isHopeless && lags.length >= LAG_SAMPLES_MIN) break;
    }
    step.stop();
    const to = measure();
    from ??= { ...to, done: 0 };
    const use = machineUse(from.times, to.times, to.makerMs - from.makerMs);
    const seconds = Math.max(0.001, (to.times.atMs - from.times.atMs) / 1000);
    const latencyMs = percentiles(step.latencies);
    await this.#catchUp(step);
    const cost = costOf(before, machineTimes(this.#clock.monotonic()), step);
    const bounds = { ratePerSecond: rate, commitIntervalMs: this.#job.options.commitIntervalBusyMs };
    const enough = lags.length >= LAG_SAMPLES_MIN;
    const lag = enough ? judgeLag(lags, bounds) : { isBounded: false, growth: step.lag(), allowed: 0, perSecond: 0 };
    // So few samples cannot tell whether so great a lag still grows; it is one that nobody wants.
    const unknown =
      enough || isHopeless ? null : 'the log answered too seldom to tell: more --minutes make longer steps';
    const late = isHopeless ? `frames are more than ${HOPELESS_SECONDS} s late` : null;
    const slow = this.#later.findIndex((_, i) => enough && !judgeLag(later[i]!, bounds).isBounded);
    const because =
      step.failure ??
      this.#job.troubles()[0] ??
      unknown ??
      (lag.isBounded ? late : 'the lag grows') ??
      (slow < 0 ? null : `the lag of ${this.#later[slow]!.group} on ${this.#later[slow]!.topic} grows`);
    return {
      ...{ rate, lag, latencyMs, use, cost, because },
      isHeld: because === null,
      committedPerSecond: (to.done - from.done) / seconds,
    };
  }

  async #lagOf(group: string, topic: string): Promise<number> {
    const committed = await this.#reader.committed(group, topic);
    const bounds = await Promise.all(committed.map((_, partition) => this.#reader.bounds(topic, partition)));
    return bounds.reduce((sum, { end }, partition) => sum + end - (committed[partition] ?? 0), 0);
  }

  /** Nothing of this step may burden the next. */
  async #catchUp(step: PacedFrames): Promise<void> {
    const until = this.#clock.monotonic() + CATCH_UP_MS_MAX;
    for (;;) {
      step.settle(await this.#reader.committed(this.#first.group, DEVICE_FRAMES));
      if (step.isSettled || this.#clock.monotonic() > until || step.failure !== null || this.#signal.aborted) return;
      await pause(this.#clock, SAMPLE_MS);
    }
  }
}

function costOf(from: MachineTimes, to: MachineTimes, { done, makerMs }: PacedFrames): FrameCost {
  const use = machineUse(from, to, makerMs);
  const frames = Math.max(1, done);
  const perFrame = (cores: number) => (cores * (to.atMs - from.atMs) * 1e6) / frames;
  return {
    cpuNs: perFrame(use.process),
    workersNs: use.workers.length === 0 ? null : perFrame(use.workers.reduce((sum, share) => sum + share, 0)),
    mainNs: use.main === null ? null : perFrame(use.main),
    makerNs: (makerMs * 1e6) / frames,
  };
}

function percentiles(latencies: readonly { readonly ms: number; readonly frames: number }[]): StepResult['latencyMs'] {
  if (latencies.length === 0) return null;
  const sorted = latencies.toSorted((a, b) => a.ms - b.ms);
  const all = sorted.reduce((sum, { frames }) => sum + frames, 0);
  const at = (share: number): number => {
    let seen = 0;
    for (const { ms, frames } of sorted) {
      seen += frames;
      if (seen >= all * share) return ms;
    }
    return sorted.at(-1)!.ms;
  };
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1)!.ms };
}
