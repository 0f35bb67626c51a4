/** What came out of one step: each frame once, with its own measures, and after how long. */
import { LatencyHistogram } from '../latency-histogram.ts';
import { cycleOf, type Pace, pacedFleet } from './paced-frames.ts';
import { monotonicMs, type PacedStep, type ReaderReport, type ReaderTask } from './steps.ts';

const MEASURES = 4;
const AT_MEASURES = 4;
const AT_TIMES = 12;
/** After the last frame was due. */
const GIVE_UP_MS = 60_000;

/** Of each place of the cycle. */
export class Expected {
  readonly frames: number;
  readonly measures: Int16Array;
  readonly devices: Int32Array;

  constructor(task: ReaderTask, pace: Pace) {
    this.frames = cycleOf(pace).frames;
    this.measures = new Int16Array(this.frames * MEASURES);
    this.devices = new Int32Array(this.frames);
    const fleet = pacedFleet(task);
    for (let place = 0; place < this.frames; place++) {
      fleet.next();
      this.measures.set(fleet.wire, place * MEASURES);
      this.devices[place] = fleet.device;
    }
  }
}

export class StepCheck {
  readonly step: PacedStep;
  readonly #latency = new LatencyHistogram();
  readonly #lastQuarter = new LatencyHistogram();
  readonly #seen: Uint8Array;
  readonly #expected: Expected;
  /** How often each device has come out, over all steps. */
  readonly #times: Uint32Array;
  /** Of the step. */
  frames: number;
  count = 0;

  constructor(step: PacedStep, expected: Expected, times: Uint32Array) {
    this.step = step;
    this.frames = step.frames;
    this.#expected = expected;
    this.#times = times;
    this.#seen = new Uint8Array(step.frames);
  }

  get isOver(): boolean {
    const { startMs, framesPerSecond } = this.step;
    if (this.count >= this.frames) return true;
    return monotonicMs() > startMs + (this.frames * 1000) / framesPerSecond + GIVE_UP_MS;
  }

  take(view: DataView, start: number, end: number, nowMs: number): void {
    const { first, frames, startMs, framesPerSecond, warmUpFrames } = this.step;
    const counter = view.getUint32(start);
    const place = counter - first;
    if (place < 0 || place >= frames) throw new Error(`frame ${counter} is not of the step from ${first}`);
    if (this.#seen[place] !== 0) throw new Error(`frame ${counter} came out twice`);
    this.#seen[place] = 1;
    this.count++;
    const { frames: cycle, measures, devices } = this.#expected;
    const inCycle = place % cycle;
    for (let i = 0; i < MEASURES; i++) {
      const measure = view.getInt16(start + AT_MEASURES + 2 * i);
      if (measure !== measures[inCycle * MEASURES + i])
        throw new Error(`frame ${counter} came out with measure ${i} of ${measure}`);
    }
    if (end - start > AT_TIMES) {
      const device = devices[inCycle]!;
      const times = view.getUint32(start + AT_TIMES);
      this.#times[device]!++;
      if (times !== this.#times[device]) throw new Error(`frame ${counter} is number ${times} of its device`);
    }
    if (place < warmUpFrames) return;
    const latencyMs = nowMs - startMs - (place * 1000) / framesPerSecond;
    this.#latency.record(latencyMs);
    if (place >= frames * 0.75) this.#lastQuarter.record(latencyMs);
  }

  report(): ReaderReport {
    const [latency, lastQuarter] = [this.#latency.ladder(), this.#lastQuarter.ladder()];
    return { kind: 'reader', latency, lastQuarter, missing: this.frames - this.count };
  }
}
