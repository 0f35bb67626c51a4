/**
 * Runs one actor within a task: gives it its context, calls it record by record under a savepoint, and decides what
 * becomes of a record that it fails on. A stage that follows in the same task is called straight from `emit`, under a
 * savepoint of its own, so that a failure there leaves what the earlier stages did in place, as if a topic stood between.
 */
import {
  type ActorContext,
  type ActorTask,
  directiveFor,
  type HandedRun,
  type KeptValue,
  type RecordWalk,
  type States,
  type Topics,
  type ValueRun,
} from '../actor/index.ts';
import { ByteWriter, type MsecError } from '../base/index.ts';
import type { KeyTable } from '../batch/index.ts';
import type { StageStatus } from '../observe/index.ts';
import type { RowStore, StageState, StateChange, ValueStore } from '../state/index.ts';
import type { PlannedStage } from '../topology/index.ts';
import { HandedValues } from './handed-values.ts';
import { LATEST, type RunTimes } from './run-end.ts';
import { StageInput } from './stage-input.ts';
import { Moment, noRecord, StageOutput } from './stage-output.ts';
import { CALLED, READ, RESENT, type StageSurroundings } from './stage-surroundings.ts';
import { nextStep, WATERMARK_STEP_MS } from './watermark-step.ts';

const NO_KEY = -1;
const ALWAYS = Float64Array.of(Number.NEGATIVE_INFINITY);
const NEVER = Float64Array.of(Number.POSITIVE_INFINITY);

/** Places in a stage's clock: its own watermark, the next step, then the watermark of each input. */
const OWN = 0;
const STEP_NEXT = 1;
const INPUTS = 2;

export class StageRunner implements ActorContext<Topics, Topics, States> {
  readonly planned: PlannedStage;
  readonly state: ActorContext<Topics, Topics, States>['state'];
  readonly keys: KeyTable;
  readonly partition: number;
  readonly out: Readonly<Record<string, StageOutput>>;
  readonly #around: StageSurroundings;
  readonly #state: StageState;
  readonly #inputs: StageInput[];
  readonly moment = new Moment();
  readonly #outputs: StageOutput[];
  readonly #clock: Float64Array;
  /** The clock as it was when the task's current record began. */
  readonly #recordClock: Float64Array;
  readonly #handed = new HandedValues(this);
  readonly #scratch = new ByteWriter(1024);
  readonly #counts = new Map<string, number>();
  /** What was added to them since the last settlement. */
  readonly #counted: (readonly [string, number])[] = [];
  /** This stage and all that it may call, and what the last savepoint found there. */
  #scope: readonly StageRunner[] = [];
  #stores: readonly (RowStore | ValueStore<unknown>)[] = [];
  #storeMarks = new Float64Array(0);
  #clockMarks = new Float64Array(0);
  #turnMarks = new Float64Array(0);
  /** How often the actor was called, for whatever reason. */
  #turns = 0;
  /** The record that is being handled: its input, how it came, and whether the actor itself has sent it away. */
  #current = 0;
  #currentFrom = CALLED;
  #isRefused = false;
  task: ActorTask<Topics> = { process: () => {} };
  #watermarkDue: Float64Array = ALWAYS;
  /** Whether any output carries event time on. */
  #tellsTime = false;
  #recordsIn = 0;
  #deadLetters = 0;
  #walkedMark = 0;
  #walkedStatistics: readonly (readonly number[])[] = [];

  constructor(planned: PlannedStage, state: StageState, around: StageSurroundings) {
    this.planned = planned;
    this.state = state.stores as ActorContext<Topics, Topics, States>['state'];
    this.keys = around.keys;
    this.partition = around.partition;
    this.#around = around;
    this.#state = state;
    this.#inputs = [...state.watermarks.keys()].map((name) => new StageInput(planned, name, around));
    this.#outputs = planned.outputs.map((output) => new StageOutput(output, this.moment, around));
    this.out = Object.fromEntries(this.#outputs.map((output) => [output.name, output]));
    const watermarks = this.#inputs.map(({ name, topic }) =>
      topic.timeless ? NEVER[0]! : state.watermarks.get(name)!,
    );
    const own = Math.min(...watermarks);
    this.#clock = Float64Array.of(own, nextStep(own), ...watermarks);
    this.#recordClock = this.#clock.slice();
  }

  /** Connects the stages that this one calls, then opens the actor. Stages are opened from the last to the first. */
  open(stages: readonly StageRunner[]): void {
    const scope = new Set<StageRunner>([this]);
    for (const output of this.#outputs) {
      output.connect(stages);
      this.#tellsTime ||= output.tellsTime;
      for (const { stage } of output.planned.calls) for (const callee of stages[stage].#scope) scope.add(callee);
    }
    this.#scope = [...scope];
    this.#stores = this.#scope.flatMap((stage) => stage.#state.list);
    this.#storeMarks = new Float64Array(this.#stores.length * 2);
    this.#clockMarks = new Float64Array(this.#scope.reduce((sum, stage) => sum + stage.#clock.length, 0));
    this.#turnMarks = new Float64Array(this.#scope.length);
    this.task = this.planned.actor.open(this);
    const { onWatermark, watermarkDue = ALWAYS } = this.task;
    this.#watermarkDue = onWatermark === undefined ? NEVER : watermarkDue;
  }

  inputIndex(name: string): number {
    const inputs = this.#inputs;
    for (let i = 0; i < inputs.length; i++) if (inputs[i].name === name) return i;
    return -1;
  }

  watermark(): number {
    return this.#clock[OWN];
  }

  inputWatermark(input: string): number {
    return this.#clock[INPUTS + this.inputIndex(input)];
  }

  watermarkOf(inputIndex: number): number {
    return this.#clock[INPUTS + inputIndex];
  }

  deadLetter(reason: MsecError): void {
    const { keyId, timestamp } = this.moment;
    if (keyId === NO_KEY) throw noRecord('deadLetter');
    const { value } = this.#inputs[this.#current].record;
    this.#isRefused = true;
    this.#sendAway(this.#current, keyId, timestamp, value, this.#currentFrom, reason, 1);
  }

  sourceOffset(): number {
    return this.#around.source.record().offset;
  }

  deadLetterKept({ input, keyId, timestamp, value, offset }: KeptValue, reason: MsecError): void {
    this.#sendAway(this.inputIndex(input), keyId, timestamp, value, CALLED, reason, 1, offset);
  }

  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
    this.#counted.push([name, by]);
  }

  /** `from` is CALLED, READ or RESENT; a letter that comes again belongs to the past and moves no watermark. */
  handle(inputIndex: number, keyId: number, timestamp: number, value: unknown, from: number): void {
    const record = this.#inputs[inputIndex].record;
    for (let attempts = 1; ; attempts++) {
      const outputsMark = this.#save();
      this.#enter(inputIndex, keyId, timestamp, from);
      record.keyId = keyId;
      record.timestamp = timestamp;
      record.value = value;
      try {
        this.task.process(record as never);
        this.#finish(inputIndex, from);
        return;
      } catch (thrown) {
        if (!this.#mayRetry(outputsMark, thrown, attempts)) {
          this.#sendAway(inputIndex, keyId, timestamp, value, from, thrown, attempts);
          return;
        }
      }
    }
  }

  /** The offset of the first record that the actor is to be shown again; null: of none. */
  replayFrom(inputIndex: number): number | null {
    return this.task.replay?.from(this.#inputs[inputIndex].name) ?? null;
  }

  /** A record that was handled before the task was opened. */
  replay(inputIndex: number, keyId: number, timestamp: number, value: unknown): void {
    this.task.replay?.take(Object.assign(this.#inputs[inputIndex].record, { keyId, timestamp, value }) as never);
  }

  /** From a stage before it: as `handle` for each value. */
  handleRun(inputIndex: number, keyId: number, value: unknown, run: ValueRun): void {
    this.#handed.handle(inputIndex, keyId, value, run);
  }

  /** Whether values that are handed over at once may be left to a loop of the actor's. */
  get takesRuns(): boolean {
    return this.task.processRun !== undefined;
  }

  /** Since `saveWalked`; the actor is called for each. */
  processEach(inputIndex: number, keyId: number, value: unknown, run: ValueRun): void {
    const { record } = this.#inputs[inputIndex];
    const { from, to, timestamps } = run;
    this.moment.keyId = keyId;
    record.keyId = keyId;
    record.value = value;
    for (let i = from; i < to; i++) {
      run.move(i);
      this.beginWalked();
      record.timestamp = timestamps[i]!;
      this.moment.timestamp = timestamps[i]!;
      this.task.process(record as never);
      this.#finish(inputIndex, CALLED);
    }
  }

  /** Since `saveWalked`; none of the values is at hand. */
  processRun(inputIndex: number, run: HandedRun<unknown>): void {
    const { moment } = this;
    this.#isRefused = false;
    moment.keyId = NO_KEY;
    moment.runKeyId = run.keyId;
    try {
      this.task.processRun?.(this.#inputs[inputIndex].name, run as never);
    } finally {
      moment.runKeyId = NO_KEY;
    }
    moment.keyId = run.keyId;
  }

  /** So many values were handled and bring event time as far. */
  finishHanded(inputIndex: number, count: number, times: RunTimes): void {
    this.#recordsIn += count;
    this.moment.timestamp = times[LATEST]!;
    this.#finish(inputIndex, CALLED);
  }

  /** Undoes all since `saveWalked`, to begin anew; throws on what is no record's own fault. */
  undoHanded(thrown: unknown): void {
    if (this.#around.unwinding === null) {
      this.undoWalked();
      return;
    }
    this.#rollback(this.#walkedMark);
    throw thrown;
  }

  /** Whether the actor walks through the records that were read for it, instead of being called for each. */
  get walksBatches(): boolean {
    return this.task.processBatch !== undefined;
  }

  /** Lets the actor walk; `records` calls `beginWalked` and `finishWalked` around each record. */
  processBatch(inputIndex: number, records: RecordWalk): void {
    this.task.processBatch?.(this.#inputs[inputIndex].name, records);
  }

  /** Before a walked record or a handed value: it, and those after it until the next call, can be undone. Nothing else must be open. */
  saveWalked(inputIndex: number, from = READ): void {
    this.#walkedMark = this.#save();
    this.#walkedStatistics = this.#scope.map(StageRunner.#statisticsOf);
    // Of all the records to come, which are told to nobody else: a rollback sees that the actor was called.
    this.#turns++;
    this.#current = inputIndex;
    this.#currentFrom = from;
  }

  /** Blocks of rows that would be copied back. */
  get undoBlocks(): number {
    let sum = 0;
    for (const { undoLength } of this.#stores) sum += undoLength;
    return sum;
  }

  /** Undoes every record since `saveWalked`, and that they were ever counted: they come again, one by one. */
  undoWalked(): void {
    this.#rollback(this.#walkedMark);
    this.#around.unwinding = null;
    for (const [i, stage] of this.#scope.entries()) stage.#restoreStatistics(this.#walkedStatistics[i]!);
  }

  /** The moment says which record it is. */
  beginWalked(): void {
    this.#recordsIn++;
    this.#isRefused = false;
  }

  /** Of several records in one loop the moment is that of the last, but for the time, which is the latest of theirs. */
  finishWalked(count = 1): void {
    // The first was counted when it was at hand.
    this.#recordsIn += count - 1;
    this.#finish(this.#current, READ);
  }

  /** Before several records in one loop: none of them is at hand. */
  beginRun(): void {
    this.moment.keyId = NO_KEY;
  }

  /** Lowers limit[0] to how far a record may bring the input's event time before something other than the next record is due. */
  limitTime(inputIndex: number, limit: Float64Array): void {
    const clock = this.#clock;
    let others = Number.POSITIVE_INFINITY;
    for (let i = INPUTS; i < clock.length; i++) if (i !== INPUTS + inputIndex && clock[i]! < others) others = clock[i]!;
    const due = Math.min(this.#watermarkDue[0]!, this.#tellsTime ? clock[STEP_NEXT]! : Number.POSITIVE_INFINITY);
    if (others > clock[OWN]! && others >= due) limit[0] = Math.min(limit[0]!, due);
  }

  /** A record right after `saveWalked` has failed: undoes it. True when it is to be tried again, else its letter is written. */
  failWalked(inputIndex: number, thrown: unknown, attempts: number): boolean {
    if (this.#mayRetry(this.#walkedMark, thrown, attempts)) return true;
    const { keyId, timestamp } = this.moment;
    this.refuse(inputIndex, keyId, timestamp, thrown, attempts);
    return false;
  }

  #enter(inputIndex: number, keyId: number, timestamp: number, from: number): void {
    this.#recordsIn++;
    this.#turns++;
    this.#current = inputIndex;
    this.#currentFrom = from;
    this.#isRefused = false;
    this.moment.keyId = keyId;
    this.moment.timestamp = timestamp;
  }

  #finish(inputIndex: number, from: number): void {
    if (this.#around.unwinding !== null) throw this.#around.unwinding.thrown;
    const { timestamp } = this.moment;
    if (this.#isRefused || from === RESENT || timestamp <= this.#clock[INPUTS + inputIndex]) return;
    this.#clock[INPUTS + inputIndex] = timestamp;
    this.#advance();
  }

  /** Undoes the record. True: call the actor again; false: send the record away; throws what is not the record's fault. */
  #mayRetry(outputsMark: number, thrown: unknown, attempts: number): boolean {
    this.#rollback(outputsMark);
    if (this.#around.unwinding !== null) throw thrown;
    const directive = directiveFor(thrown, attempts, this.#around.attemptsMax);
    if (directive === 'retry') {
      this.#recordsIn--;
      return true;
    }
    if (directive === 'dead-letter') return false;
    this.#around.unwinding = { thrown };
    throw thrown;
  }

  /** Event time of an input has come this far without a record to show it. */
  advance(inputIndex: number, timestamp: number): void {
    if (timestamp <= this.#clock[INPUTS + inputIndex]) return;
    this.#turns++;
    this.moment.keyId = NO_KEY;
    this.moment.timestamp = timestamp;
    const outputsMark = this.#save();
    try {
      this.#clock[INPUTS + inputIndex] = timestamp;
      this.#advance();
    } catch (thrown) {
      this.#rollback(outputsMark);
      if (this.#around.unwinding !== null) throw thrown;
      if (directiveFor(thrown, 1, 1) !== 'dead-letter') {
        this.#around.unwinding = { thrown };
        throw thrown;
      }
      // No record to send away. A failing actor must not hold up the stages before it: its time stands still, and the
      // next step tries again.
      this.count('timeNotTaken');
      this.#around.timeNotTaken(thrown);
    }
  }

  /** Writes the letter of the record that was read from the log: key and value as they stand there. */
  refuse(inputIndex: number, keyId: number, timestamp: number, thrown: unknown, attempts: number): void {
    const { keyStart, bytes, valueStart, valueEnd } = this.#around.source.record();
    const ofKey = keyStart >= 0 ? keyId : NO_KEY;
    const offset = this.sourceOffset();
    this.#inputs[inputIndex].appendLetter(ofKey, timestamp, bytes, valueStart, valueEnd, thrown, attempts, offset);
    this.#deadLetters++;
  }

  /** What must be in the changelog with the next transaction. */
  collectState(): StateChange {
    for (const [i, { name }] of this.#inputs.entries()) this.#state.watermarks.set(name, this.#clock[INPUTS + i]);
    return this.#state.collect();
  }

  /** The transaction of `change` is committed; told in the order of the transactions. */
  stateCommitted(change: StateChange, baseOffset: number): void {
    this.#state.committed(change, baseOffset);
  }

  /** The record is done and nothing of it can be undone any more. */
  settle(): void {
    this.#state.list.forEach(settleStore);
    if (this.#counted.length > 0) this.#counted.length = 0;
    const clock = this.#clock;
    for (let i = 0; i < clock.length; i++) this.#recordClock[i] = clock[i];
  }

  /** Takes back everything since the record began, wherever in the task it was done. */
  undoRecord(): void {
    for (const store of this.#state.list) store.rollback(0, 0);
    this.#clock.set(this.#recordClock);
    this.task.onRollback?.();
  }

  status(): StageStatus {
    return {
      actor: this.planned.actor.name,
      recordsIn: this.#recordsIn,
      recordsOut: Object.fromEntries(this.#outputs.map((output) => [output.planned.topic.name, output.emitted])),
      deadLetters: this.#deadLetters,
      counts: Object.fromEntries(this.#counts),
    };
  }

  get stateBytes(): number {
    return this.#state.bytes;
  }

  #sendAway(
    inputIndex: number,
    keyId: number,
    timestamp: number,
    value: unknown,
    from: number,
    thrown: unknown,
    attempts: number,
    offset = this.sourceOffset(),
  ): void {
    if (from !== CALLED) {
      this.refuse(inputIndex, keyId, timestamp, thrown, attempts);
      return;
    }
    // As it would stand in the topic between the stages.
    this.#scratch.clear();
    const input = this.#inputs[inputIndex];
    input.topic.codec.encode(value, this.#scratch);
    const { bytes, position } = this.#scratch;
    input.appendLetter(keyId, timestamp, bytes, 0, position, thrown, attempts, offset);
    this.#deadLetters++;
  }

  static readonly #statisticsOf = (stage: StageRunner): number[] => [
    stage.#counted.length,
    stage.#recordsIn,
    stage.#deadLetters,
    ...stage.#outputs.map(({ emitted }) => emitted),
  ];

  #restoreStatistics([counted, recordsIn, deadLetters, ...emitted]: readonly number[]): void {
    this.#recordsIn = recordsIn!;
    this.#deadLetters = deadLetters!;
    for (let i = 0; i < emitted.length; i++) this.#outputs[i].emitted = emitted[i]!;
    for (const [name, by] of this.#counted.splice(counted!)) this.#counts.set(name, this.#counts.get(name)! - by);
  }

  #save(): number {
    const stores = this.#stores;
    for (let i = 0; i < stores.length; i++) {
      this.#storeMarks[i * 2] = stores[i].slotsMark;
      this.#storeMarks[i * 2 + 1] = stores[i].blocksMark;
    }
    const scope = this.#scope;
    let at = 0;
    for (let i = 0; i < scope.length; i++) {
      const { length } = scope[i].#clock;
      for (let j = 0; j < length; j++) this.#clockMarks[at++] = scope[i].#clock[j];
      this.#turnMarks[i] = scope[i].#turns;
    }
    return this.#around.outputs.mark;
  }

  #rollback(outputsMark: number): void {
    const stores = this.#stores;
    for (let i = 0; i < stores.length; i++) stores[i].rollback(this.#storeMarks[i * 2], this.#storeMarks[i * 2 + 1]);
    this.#around.outputs.rollback(outputsMark);
    let at = 0;
    this.#scope.forEach((stage, i) => {
      for (let j = 0; j < stage.#clock.length; j++) stage.#clock[j] = this.#clockMarks[at++];
      if (stage.#turns !== this.#turnMarks[i]) stage.task.onRollback?.();
    });
  }

  /** After the clock of an input was set. */
  #advance(): void {
    const clock = this.#clock;
    let least = clock[INPUTS];
    for (let i = INPUTS + 1; i < clock.length; i++) if (clock[i] < least) least = clock[i];
    if (least <= clock[OWN]) return;
    clock[OWN] = least;
    if (least >= this.#watermarkDue[0]) this.task.onWatermark?.(least);
    if (this.#around.unwinding !== null) throw this.#around.unwinding.thrown;
    if (least < clock[STEP_NEXT]) return;
    clock[STEP_NEXT] = nextStep(least);
    // The step and not the time itself: the same, whether or not a topic stands between the stages.
    const step = clock[STEP_NEXT] - WATERMARK_STEP_MS - (this.planned.actor.watermarkDelayMs ?? 0);
    for (const output of this.#outputs) output.advance(step);
  }
}

/** For stretch after stretch: where V8 does not see through an iterator, it is made anew each time. */
const settleStore = (store: RowStore | ValueStore<unknown>): void => store.settle();
