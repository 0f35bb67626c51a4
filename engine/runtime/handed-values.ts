/**
 * Values that a stage is handed at once by the one before it (`emitRun`): in loops of the actor's own where it has
 * `processRun`, else one call after the other, all under one savepoint. Where the actor fails on one of them, all are undone
 * and handled one by one, so that what remains is as if each had had its own from the beginning.
 */
import type { HandedRun, ValueRun } from '../actor/index.ts';
import { assert, MsecError } from '../base/index.ts';
import { LATEST, LIMIT, type RunTimes, runEnd, runTimes } from './run-end.ts';
import { CALLED } from './stage-surroundings.ts';

/** What is needed of the stage. */
export interface HandedStage {
  readonly takesRuns: boolean;
  saveWalked(inputIndex: number, from: number): void;
  processEach(inputIndex: number, keyId: number, value: unknown, run: ValueRun): void;
  processRun(inputIndex: number, run: HandedRun<unknown>): void;
  finishHanded(inputIndex: number, count: number, times: RunTimes): void;
  undoHanded(thrown: unknown): void;
  watermarkOf(inputIndex: number): number;
  limitTime(inputIndex: number, limit: RunTimes): void;
  handle(inputIndex: number, keyId: number, timestamp: number, value: unknown, from: number): void;
}

export class HandedValues implements HandedRun<unknown> {
  value: unknown = null;
  keyId = -1;
  from = 0;
  to = 0;
  timestamps: Float64Array = new Float64Array(0);
  // A double from the beginning: V8 then writes it in place.
  inputWatermark = Number.NEGATIVE_INFINITY;
  readonly #stage: HandedStage;
  readonly #times = runTimes();
  #run: ValueRun | null = null;

  constructor(stage: HandedStage) {
    this.#stage = stage;
  }

  move(index: number): void {
    this.#run!.move(index);
  }

  endRun(to: number): void {
    assert(to > this.from && to <= this.to, 'a run ends behind one of its values');
    this.to = to;
  }

  handle(inputIndex: number, keyId: number, value: unknown, run: ValueRun): void {
    const { from, to, timestamps } = run;
    const stage = this.#stage;
    stage.saveWalked(inputIndex, CALLED);
    try {
      if (stage.takesRuns) this.#loop(inputIndex, keyId, value, run);
      else stage.processEach(inputIndex, keyId, value, run);
    } catch (thrown) {
      stage.undoHanded(thrown);
      for (let i = from; i < to; i++) {
        run.move(i);
        stage.handle(inputIndex, keyId, timestamps[i]!, value, CALLED);
      }
    } finally {
      this.#run = null;
    }
  }

  #loop(inputIndex: number, keyId: number, value: unknown, run: ValueRun): void {
    const stage = this.#stage;
    const times = this.#times;
    this.#run = run;
    this.value = value;
    this.keyId = keyId;
    this.timestamps = run.timestamps;
    for (let at = run.from; at < run.to; at = this.to) {
      this.from = at;
      this.to = run.to;
      this.inputWatermark = stage.watermarkOf(inputIndex);
      this.to = this.#endOf(inputIndex);
      stage.processRun(inputIndex, this);
      // Time may move on now, and that is the doing of the last one.
      if (this.#endOf(inputIndex) < this.to) throw dueWithinRun();
      stage.finishHanded(inputIndex, this.to - at, times);
    }
  }

  /** Behind the first of them after which something is due. */
  #endOf(inputIndex: number): number {
    const times = this.#times;
    times[LIMIT] = Number.POSITIVE_INFINITY;
    times[LATEST] = this.inputWatermark;
    this.#stage.limitTime(inputIndex, times);
    return runEnd(this.timestamps, this.from, this.to, times);
  }
}

export function dueWithinRun(): MsecError {
  return new MsecError('ACTOR_FAILED', 'within a run the actor made something due that was due within it');
}
