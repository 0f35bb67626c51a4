/**
 * Lets an actor walk through the records that were read for it (`processBatch`), one by one or a run of them in a loop of
 * its own, and decides on the record at which it throws. Places, times and key ids are read ahead for a stretch of records of one batch, and a savepoint is made for
 * some stretches: when a record fails, all since the savepoint are undone and walked again, from the one that failed on
 * with a savepoint before each, so that what remains is as if each had had its own from the beginning.
 */
import type { RecordColumns, RecordWalk } from '../actor/index.ts';
import { assert, MsecError } from '../base/index.ts';
import type { BatchCursor, RecordPlaces } from '../batch/index.ts';
import { dueWithinRun } from './handed-values.ts';
import type { WorkerPosition } from './position.ts';
import { LATEST, LIMIT, runEnd, runTimes } from './run-end.ts';
import { type Moment, noRecord } from './stage-output.ts';
import type { StageRunner } from './stage-runner.ts';

/** What the walk needs of the task. */
export interface WalkedTask {
  readonly cursor: BatchCursor;
  readonly position: WorkerPosition;
  /** How many records after the cursor's are for the actor, with their key ids in its columns; 0: no more for now. */
  take(recordsMax: number): number;
  /** Lets the cursor stand before the record of that offset, which was walked before. */
  rewind(offset: number): void;
  /** Whether other tasks are to have their turn. */
  isTimeUp(): boolean;
  /** Whether one of the records of these offsets may have ended a thread, though not known which. */
  isDoubtful(first: number, last: number): boolean;
  /** Before the first record of a stretch. */
  enter(offset: number): void;
  /** The records so far are done and nothing of them can be undone any more. */
  settle(): void;
  /** Counts the calls of `settle`, whoever made them. */
  readonly settlements: number;
}

export const STRETCH_RECORDS = 2048;
/**
 * A savepoint that stays copies each block of state once, and a stretch touches most of what is in use: but walking so
 * many records twice must not be felt, and their undo stay in the processor's cache.
 */
const SAVED_RECORDS_MAX = 8 * STRETCH_RECORDS;
const SAVED_BLOCKS_MAX = 4096;
/** Records that are walked one by one after a failure, so that many bad records cost little more. */
const CAREFUL_RECORDS = 2 * STRETCH_RECORDS;
const TIME_CHECK_RECORDS = 128;

export class BatchWalk implements RecordWalk {
  // Doubles from the beginning: V8 then writes them in place.
  timestamp = Number.NEGATIVE_INFINITY;
  inputWatermark = Number.NEGATIVE_INFINITY;
  keyId = -1;
  bytes: Uint8Array = new Uint8Array(0);
  valueStart = 0;
  valueEnd = 0;
  stretch = 0;
  /** The run at hand; of one record, if it is none. */
  from = 0;
  to = 0;
  readonly columns: RecordColumns;
  readonly #task: WalkedTask;
  readonly #cursor: BatchCursor;
  readonly #stage: StageRunner;
  readonly #moment: Moment;
  readonly #input: number;
  readonly #places: RecordPlaces;
  /** In the columns: the record at hand, the stretch's end, and where to look at the time next. */
  #index = 0;
  #end = 0;
  #checkAt = 0;
  #baseOffset = 0;
  /** Its lower half, as the task's position has it. */
  #baseLow = 0;
  /** The first record since the savepoint, how many were taken since, and the settlement before it; -1: there is none. */
  #savedAt = 0;
  #savedRecords = 0;
  #settlement = -1;
  /** The offset from which on records are walked one by one, and how many of them are left. */
  #carefulFrom = Number.POSITIVE_INFINITY;
  #careful = 0;
  #isOpen = false;
  /** More than one record is at hand, and so none. */
  #isRun = false;
  readonly #times = runTimes();
  #isTaking = false;
  #isToBeTriedAgain = false;
  #attempts = 0;
  #isCalled = false;
  #isDone = false;
  /** Since `run`. */
  #isBegun = false;

  constructor(task: WalkedTask, stage: StageRunner, input: number) {
    this.#task = task;
    this.#cursor = task.cursor;
    this.#stage = stage;
    this.#moment = stage.moment;
    this.#input = input;
    this.#places = task.cursor.places;
    this.columns = this.#places;
  }

  get ahead(): number {
    return this.#end;
  }

  get offset(): number {
    return this.#offsetAt(this.#index);
  }

  next(): boolean {
    // Open until it has succeeded: what fails here fails the record.
    if (this.#isOpen) this.#finish();
    this.#isCalled = true;
    if (this.#isToBeTriedAgain) this.#isToBeTriedAgain = false;
    else {
      this.#index++;
      if (this.#index >= this.#checkAt && !this.#isMore()) return false;
      this.#read();
    }
    const moment = this.#moment;
    moment.keyId = this.keyId;
    moment.timestamp = this.timestamp;
    this.inputWatermark = this.#stage.watermarkOf(this.#input);
    this.#stage.beginWalked();
    this.#isOpen = true;
    this.from = this.#index;
    return true;
  }

  nextRun(): boolean {
    if (!this.next()) return false;
    this.to = this.from + 1;
    if (this.to < this.#end) this.#beginRun();
    return true;
  }

  endRun(to: number): void {
    assert(to > this.from && to <= this.to, 'a run ends behind one of its records');
    this.to = to;
  }

  /** Until there is no more for now; returns what is not a record's own fault and stops the task there. */
  run(): { readonly thrown: unknown } | null {
    this.#isDone = false;
    this.#isBegun = false;
    this.#index = this.#cursor.index;
    this.#end = 0;
    this.#checkAt = 0;
    this.#settlement = -1;
    while (!this.#isDone) {
      this.#isCalled = false;
      try {
        this.#stage.processBatch(this.#input, this);
        this.#finish();
        if (!this.#isCalled) throw new MsecError('ACTOR_FAILED', 'processBatch returned without a call of next.');
      } catch (thrown) {
        const stopped = this.#fail(thrown);
        if (stopped !== null) return stopped;
      }
    }
    this.#task.settle();
    return null;
  }

  /** Lets the cursor stand at the record at hand, where something wants to know more of it. */
  stand(): void {
    if (this.#isRun) throw noRecord('a letter');
    if (this.#isOpen) this.#cursor.moveTo(this.#index);
  }

  /** Whether there is a record at #index. */
  #isMore(): boolean {
    this.#cursor.moveTo(this.#index - 1);
    if (this.#index < this.#end) {
      if (this.#task.isTimeUp()) {
        this.#isDone = true;
        return false;
      }
    } else if (!this.#take()) {
      this.#isDone = true;
      return false;
    }
    this.#isBegun = true;
    this.#checkAt = Math.min(this.#index + TIME_CHECK_RECORDS, this.#end);
    return true;
  }

  /** Begins the next stretch. */
  #take(): boolean {
    const cursor = this.#cursor;
    this.#isTaking = true;
    if (!this.#maySaveLater()) this.#task.settle();
    // At least one stretch: who never gets any further would never be done.
    const isOver = this.#isBegun && this.#task.isTimeUp();
    const taken = isOver ? 0 : this.#task.take(this.#careful > 0 ? 1 : STRETCH_RECORDS);
    this.#isTaking = false;
    if (taken === 0) return false;
    this.stretch++;
    this.#index = cursor.index + 1;
    this.#end = this.#index + taken;
    this.#baseOffset = cursor.baseOffset;
    this.#baseLow = cursor.baseOffset | 0;
    this.bytes = cursor.bytes;
    this.#attempts = 0;
    this.#becomeCareful();
    this.#task.enter(this.offset);
    if (this.#settlement !== this.#task.settlements) this.#save();
    this.#savedRecords += this.#end - this.#index;
    return true;
  }

  #maySaveLater(): boolean {
    return this.#careful === 0 && this.#savedRecords < SAVED_RECORDS_MAX && this.#stage.undoBlocks < SAVED_BLOCKS_MAX;
  }

  #save(): void {
    this.#stage.saveWalked(this.#input);
    this.#settlement = this.#task.settlements;
    this.#savedAt = this.offset;
    this.#savedRecords = 0;
  }

  /** Ends the stretch before the record from which on they go one by one, or behind that one. */
  #becomeCareful(): void {
    const last = this.#offsetAt(this.#end - 1);
    if (this.#careful > 0) this.#careful--;
    else if (this.#task.isDoubtful(this.offset, last)) this.#carefulFrom = this.offset;
    if (this.offset >= this.#carefulFrom) {
      this.#carefulFrom = Number.POSITIVE_INFINITY;
      this.#careful = CAREFUL_RECORDS;
      this.#task.settle();
      this.#end = this.#index + 1;
    }
    while (this.#offsetAt(this.#end - 1) >= this.#carefulFrom) this.#end--;
  }

  #offsetAt(index: number): number {
    return this.#baseOffset + this.#places.offsetDeltas[index]!;
  }

  /** More than one record, the first of which is at hand: as many as bring nothing about but themselves. */
  #beginRun(): void {
    const times = this.#times;
    times[LIMIT] = Number.POSITIVE_INFINITY;
    this.#stage.limitTime(this.#input, times);
    this.to = this.#runEnd(this.#end);
    if (this.to === this.from + 1) return;
    const { offsetDeltas } = this.#places;
    this.#task.position.spread(offsetDeltas[this.to - 1]! - offsetDeltas[this.from]! + 1);
    this.#stage.beginRun();
    this.#isRun = true;
  }

  /** Behind the first record that brings event time to the limit. */
  #runEnd(end: number): number {
    this.#times[LATEST] = this.inputWatermark;
    return runEnd(this.#places.timestamps, this.from, end, this.#times);
  }

  #finishRun(): void {
    const { from, to } = this;
    this.#stage.limitTime(this.#input, this.#times);
    if (this.#runEnd(to) < to) throw dueWithinRun();
    this.#isRun = false;
    // Time may move on now, and that is the doing of the last one.
    this.#index = to - 1;
    this.#task.position.move(this.#baseLow + this.#places.offsetDeltas[this.#index]!);
    this.#task.position.spread(1);
    const moment = this.#moment;
    moment.keyId = this.#places.keyIds[this.#index]!;
    moment.timestamp = this.#times[LATEST]!;
    this.#stage.finishWalked(to - from);
  }

  #read(): void {
    const places = this.#places;
    const index = this.#index;
    this.#task.position.move(this.#baseLow + places.offsetDeltas[index]!);
    this.timestamp = places.timestamps[index]!;
    this.keyId = places.keyIds[index]!;
    this.valueStart = places.valueStarts[index]!;
    this.valueEnd = places.valueEnds[index]!;
  }

  #fail(thrown: unknown): { readonly thrown: unknown } | null {
    if (!this.#isOpen) {
      const isOfNoRecord = !this.#isTaking && !(thrown instanceof MsecError && !thrown.retriable);
      this.#isTaking = false;
      // It cannot be tried again: the cursor stands at a record that is done.
      return {
        thrown: isOfNoRecord ? new MsecError('ACTOR_FAILED', `between two records: ${String(thrown)}`) : thrown,
      };
    }
    this.#isOpen = false;
    if (this.#isRun || this.offset > this.#savedAt) {
      this.#carefulFrom = this.#offsetAt(this.from);
      this.#isRun = false;
      this.#stage.undoWalked();
      this.#task.rewind(this.#savedAt);
      this.#index = this.#cursor.index;
      this.#end = 0;
      this.#checkAt = 0;
      this.#careful = 0;
      // Or there would be nothing where the cursor stands, had the time run out.
      this.#isBegun = false;
      this.#isDone = false;
      return null;
    }
    this.#cursor.moveTo(this.#index);
    this.#attempts++;
    try {
      this.#isToBeTriedAgain = this.#stage.failWalked(this.#input, thrown, this.#attempts);
    } catch (unwound) {
      return { thrown: unwound };
    }
    this.#end = this.#index + 1;
    this.#checkAt = this.#end;
    if (!this.#isToBeTriedAgain) this.#task.settle();
    return null;
  }

  #finish(): void {
    if (!this.#isOpen) return;
    if (this.#isRun) this.#finishRun();
    else this.#stage.finishWalked();
    this.#isOpen = false;
  }
}
