/** Starts the load and the reader of a paced run, each a process of its own, and leads them from step to step. */
import type { Log } from '../../../engine/index.ts';
import { cpuNs } from '../committed-run.ts';
import { cycleOf, type Pace, type PacedFleet } from './paced-frames.ts';
import { Side } from './side.ts';
import {
  type LoadReport,
  monotonicMs,
  type PacedStep,
  type ReaderProgress,
  type ReaderReport,
  type StoppedAt,
} from './steps.ts';

export interface PacedTask extends PacedFleet {
  readonly bootstrap: string;
  readonly input: string;
  readonly output: string;
  /** See ReaderTask. */
  readonly timesBefore?: number;
  readonly progressMs?: number;
}

export interface PacedResult {
  readonly step: PacedStep;
  readonly load: LoadReport;
  readonly reader: ReaderReport;
  /** Share of one processor that each took, by name, from the first frame that counts to the last. */
  readonly processors: Readonly<Record<string, number>>;
}

/** A step that runs until it is stopped. */
export interface OpenStep {
  readonly step: PacedStep;
  /** Rejects where it ends by itself: its time is over, or the load or the reader failed. */
  readonly failed: Promise<never>;
  /** Resolves when all that was sent was read, or the reader gave up. */
  stop(): Promise<ReaderReport>;
}

/** Time for the load and the reader to make what they need for a step. */
const LEAD_MS = 2_500;
const LEAD_MS_PER_DEVICE = 0.01;

export class PacedRun {
  readonly #load: Side;
  readonly #reader: Side;
  readonly #leadMs: number;
  #next = 0;

  private constructor(load: Side, reader: Side, devices: number) {
    this.#leadMs = LEAD_MS + devices * LEAD_MS_PER_DEVICE;
    this.#load = load;
    this.#reader = reader;
  }

  /** Both topics are made where they do not exist. */
  static async start(log: Log, task: PacedTask): Promise<PacedRun> {
    const { bootstrap, input, output, timesBefore = 0, progressMs = 0, devices, exponent, partitions } = task;
    const fleet = { devices, exponent, partitions };
    await log.createTopics([input, output].map((name) => ({ name, partitions, cleanup: 'delete' })));
    const load = new Side('load', 'load-process.ts', { bootstrap, topic: input, ...fleet });
    const reader = new Side('reader', 'reader-process.ts', {
      ...{ bootstrap, topic: output, timesBefore, progressMs },
      ...fleet,
    });
    await Promise.all([load.next('ready'), reader.next('ready')]);
    return new PacedRun(load, reader, devices);
  }

  /** Sends at that pace for so long; resolves when all of it was read, or the reader gave up. `pids`: whose time is told. */
  async step(
    pace: Pace,
    seconds: number,
    warmUpSeconds: number,
    pids: Readonly<Record<string, number>> = {},
  ): Promise<PacedResult> {
    const step = this.#begin(pace, seconds, warmUpSeconds);
    const reports = Promise.all([this.#load.next<LoadReport>('load'), this.#reader.next<ReaderReport>('reader')]);
    const [[load, reader], processors] = await Promise.all([reports, this.#shares(step, pids)]);
    return { step, load, reader, processors };
  }

  /** The same until it is stopped, for `secondsMax` at most. */
  open(pace: Pace, secondsMax: number, onProgress: (progress: ReaderProgress) => void): OpenStep {
    this.#reader.onEach<ReaderProgress>('progress', onProgress);
    const step = this.#begin(pace, secondsMax, 0);
    const loaded = this.#load.next<LoadReport>('load');
    const read = this.#reader.next<ReaderReport>('reader');
    const failed = Promise.race([loaded, read]).then((): never => {
      throw new Error(`${secondsMax} s were not enough`);
    });
    // Any may fail while nobody waits for it.
    for (const report of [loaded, read, failed]) report.catch(() => {});
    return {
      step,
      failed,
      stop: async () => {
        this.#load.tell({ kind: 'stop' });
        const { frames } = await loaded;
        this.#reader.tell<StoppedAt>({ kind: 'stopped', frames });
        return await read;
      },
    };
  }

  async end(): Promise<void> {
    await Promise.all([this.#load.end(), this.#reader.end()]);
  }

  kill(): void {
    for (const { child } of [this.#load, this.#reader]) child.kill('SIGKILL');
  }

  #begin(pace: Pace, seconds: number, warmUpSeconds: number): PacedStep {
    const { perTick } = cycleOf(pace);
    const whole = (secs: number) => Math.round((pace.framesPerSecond * secs) / perTick) * perTick;
    const frames = whole(warmUpSeconds + seconds);
    const startMs = monotonicMs() + this.#leadMs;
    const step: PacedStep = {
      ...{ kind: 'step', ...pace, first: this.#next, frames, startMs },
      warmUpFrames: whole(warmUpSeconds),
    };
    this.#next += frames;
    for (const side of [this.#load, this.#reader]) side.tell(step);
    return step;
  }

  async #shares(step: PacedStep, pids: Readonly<Record<string, number>>): Promise<Record<string, number>> {
    const { startMs, frames, framesPerSecond, warmUpFrames } = step;
    const all = { ...pids, load: this.#load.child.pid!, reader: this.#reader.child.pid! };
    const sample = () => ({ atMs: monotonicMs(), times: Object.values(all).map(cpuNs) });
    await until(startMs + (warmUpFrames * 1000) / framesPerSecond);
    const from = sample();
    await until(startMs + (frames * 1000) / framesPerSecond);
    const to = sample();
    const tookNs = (to.atMs - from.atMs) * 1e6;
    return Object.fromEntries(Object.keys(all).map((name, i) => [name, (to.times[i]! - from.times[i]!) / tookNs]));
  }
}

function until(atMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, Math.max(0, atMs - monotonicMs())));
}
