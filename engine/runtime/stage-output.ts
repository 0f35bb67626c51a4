/** One output of a stage: writes to the log where somebody reads there, and calls the stages that are fused to it. */
import type { Output, ValueRun } from '../actor/index.ts';
import { MsecError } from '../base/index.ts';
import { partitionForKey } from '../batch/index.ts';
import type { PlannedOutput } from '../topology/index.ts';
import type { Lane } from './outputs.ts';
import { CALLED, type Callee, type StageSurroundings } from './stage-surroundings.ts';

const NOTHING = new Uint8Array(0);

/** Of several records in one loop, none is at hand: they come again one by one. */
export function noRecord(call: string): MsecError {
  return new MsecError('ACTOR_FAILED', `${call} is for a record, and none is at hand`);
}

/** What a stage's outputs write under unless they are told otherwise: of the record that it handles. */
export class Moment {
  keyId = -1;
  /** Of values that are handled in one loop, none of which is at hand; else -1. */
  runKeyId = -1;
  /** A double from the beginning: V8 then writes it in place. */
  timestamp = Number.NEGATIVE_INFINITY;
}

export class StageOutput implements Output<unknown> {
  readonly planned: PlannedOutput;
  readonly name: string;
  emitted = 0;
  readonly #moment: Moment;
  readonly #around: StageSurroundings;
  readonly #lane: Lane | null;
  /** Of a rekeyed output, by partition. */
  readonly #lanes: Lane[] = [];
  #calls: { stage: Callee; input: number }[] = [];

  constructor(planned: PlannedOutput, moment: Moment, around: StageSurroundings) {
    this.#moment = moment;
    this.planned = planned;
    this.name = planned.name;
    this.#around = around;
    this.#lane =
      planned.isWritten && !planned.isRekeyed ? around.outputs.lane(planned.topic.name, around.partition) : null;
  }

  connect(stages: readonly Callee[]): void {
    this.#calls = this.planned.calls.map(({ stage, input }) => ({
      stage: stages[stage],
      input: stages[stage].inputIndex(input),
    }));
  }

  /** Whether event time is told through it. */
  get tellsTime(): boolean {
    return (this.#lane !== null && this.planned.carriesWatermark) || this.#calls.length > 0;
  }

  emit(value: unknown, timestamp = this.#moment.timestamp): void {
    const { keyId } = this.#moment;
    if (keyId < 0) throw noRecord('emit');
    this.emitFor(keyId, value, timestamp);
  }

  emitFor(keyId: number, value: unknown, timestamp: number): void {
    this.emitted++;
    const lane = this.#lane;
    if (lane !== null) {
      const { keys, outputs } = this.#around;
      const start = keys.startOf(keyId);
      const end = keys.endOf(keyId);
      this.planned.topic.codec.encode(value, outputs.begin(lane, timestamp, keys.arena, start, end));
      outputs.end(lane, end - start);
    }
    for (const { stage, input } of this.#calls) stage.handle(input, keyId, timestamp, value, CALLED);
  }

  emitKeyed(key: Uint8Array, value: unknown, timestamp: number): void {
    const partition = partitionForKey(key, 0, key.length, this.#around.partitions);
    this.#emitTo(partition, key, 0, key.length, value, timestamp);
  }

  emitBeside(key: Uint8Array, keyStart: number, keyEnd: number, value: unknown, timestamp: number): void {
    this.#emitTo(this.#around.partition, key, keyStart, keyEnd, value, timestamp);
  }

  removeBeside(key: Uint8Array, keyStart: number, keyEnd: number, timestamp: number): void {
    const { outputs, partition } = this.#around;
    if (!this.planned.isWritten) return;
    this.emitted++;
    outputs.append(this.#laneOf(partition), timestamp, key, keyStart, keyEnd, NOTHING, -1, -1);
  }

  #emitTo(
    partition: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: unknown,
    timestamp: number,
  ): void {
    if (!this.planned.isWritten) return;
    this.emitted++;
    const { outputs } = this.#around;
    const lane = this.#laneOf(partition);
    this.planned.topic.codec.encode(value, outputs.begin(lane, timestamp, key, keyStart, keyEnd));
    outputs.end(lane, keyEnd - keyStart);
  }

  #laneOf(partition: number): Lane {
    let lane = this.#lanes[partition];
    if (lane === undefined) {
      lane = this.#around.outputs.lane(this.planned.topic.name, partition);
      this.#lanes[partition] = lane;
    }
    return lane;
  }

  emitRun(value: unknown, run: ValueRun): void {
    const moment = this.#moment;
    const keyId = moment.keyId < 0 ? moment.runKeyId : moment.keyId;
    if (keyId < 0) throw noRecord('emitRun');
    const { from, to, timestamps } = run;
    this.emitted += to - from;
    const lane = this.#lane;
    if (lane !== null) {
      const { keys, outputs } = this.#around;
      const start = keys.startOf(keyId);
      const end = keys.endOf(keyId);
      for (let i = from; i < to; i++) {
        run.move(i);
        this.planned.topic.codec.encode(value, outputs.begin(lane, timestamps[i]!, keys.arena, start, end));
        outputs.end(lane, end - start);
      }
    }
    for (const { stage, input } of this.#calls) stage.handleRun(input, keyId, value, run);
  }

  advance(watermark: number): void {
    // Neither key nor value: a record that only tells the time (docs/specs/watermarks.md).
    if (this.#lane !== null && this.planned.carriesWatermark)
      this.#around.outputs.append(this.#lane, watermark, NOTHING, -1, -1, NOTHING, -1, -1);
    for (const { stage, input } of this.#calls) stage.advance(input, watermark);
  }
}
