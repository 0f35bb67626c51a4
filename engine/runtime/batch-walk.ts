/**
 * Lets an actor walk through the records that were read for it (`processBatch`), and decides on the record at which it
 * throws. Places, times and key ids are read ahead for a stretch of records, and a savepoint is made once for it: when
 * one fails, the whole stretch is undone and walked again with a savepoint before each record, so that what remains is
 * as if each had had its own from the beginning. A stretch stays within a batch.
 */
import type { RecordWalk } from '../actor/index.ts';
import { MsecError } from '../base/index.ts';
import {
  AT_KEY_ID,
  AT_OFFSET_DELTA,
  AT_VALUE_END,
  AT_VALUE_START,
  type BatchCursor,
  PLACE_WORDS,
} from '../batch/index.ts';
import type { WorkerPosition } from './position.ts';
import type { Moment } from './stage-output.ts';
import type { StageRunner } from './stage-runner.ts';

/** What the walk needs of the task. */
export interface WalkedTask {
  readonly cursor: BatchCursor;
  readonly position: WorkerPosition;
  /** How many records after the cursor's are for the actor, with their key ids in its columns; 0: no more for now. */
  take(): number;
  /** Whether other tasks are to have their turn. */
  isTimeUp(): boolean;
  /** Before the first record of a stretch. */
  enter(offset: number): void;
  /** The records so far are done and nothing of them can be undone any more. */
  settle(): void;
}

/** Long enough that a savepoint costs nothing a record, short enough that walking it twice is not felt. */
export const STRETCH_RECORDS = 2048;
/** Records that are walked one by one after a failure: more than a stretch, so that many bad records cost little more. */
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
  readonly #task: WalkedTask;
  readonly #cursor: BatchCursor;
  readonly #stage: StageRunner;
  readonly #moment: Moment;
  readonly #input: number;
  readonly #columns: Int32Array;
  readonly #timestampDeltas: Float64Array;
  /** In the columns: the record at hand, the stretch, and where to look at the time next. */
  #index = 0;
  #first = 0;
  #end = 0;
  #checkAt = 0;
  #baseOffset = 0;
  /** Its lower half, as the task's position has it. */
  #baseLow = 0;
  #baseTimestamp = 0;
  /** So many stretches of one record are to come. */
  #careful = 0;
  #isOpen = false;
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
    this.#columns = task.cursor.places.columns;
    this.#timestampDeltas = task.cursor.places.timestampDeltas;
  }

  get offset(): number {
    return this.#baseOffset + this.#columns[this.#index * PLACE_WORDS + AT_OFFSET_DELTA]!;
  }

  next(): boolean {
    if (this.#isOpen) {
      // Open until it has succeeded: what fails here fails the record.
      this.#stage.finishWalked();
      this.#isOpen = false;
    }
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
    return true;
  }

  /** Until there is no more for now; returns what is not a record's own fault and stops the task there. */
  run(): { readonly thrown: unknown } | null {
    this.#isDone = false;
    this.#isBegun = false;
    this.#index = this.#cursor.index;
    this.#end = 0;
    this.#checkAt = 0;
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
    this.#task.settle();
    // At least one stretch: who never gets any further would never be done.
    const taken = this.#isBegun && this.#task.isTimeUp() ? 0 : this.#task.take();
    this.#isTaking = false;
    if (taken === 0) return false;
    this.#index = cursor.index + 1;
    this.#first = this.#index;
    this.#end = this.#index + taken;
    if (this.#careful > 0) {
      this.#careful--;
      this.#end = this.#index + 1;
    }
    this.bytes = cursor.bytes;
    this.#attempts = 0;
    this.#baseOffset = cursor.baseOffset;
    this.#baseLow = cursor.baseOffset | 0;
    // Where the broker stamps, each record has the batch's.
    this.#baseTimestamp = cursor.isLogAppendTime ? cursor.maxTimestamp : cursor.baseTimestamp;
    if (cursor.isLogAppendTime) this.#timestampDeltas.fill(0, this.#index, this.#end);
    this.#task.enter(this.offset);
    this.#stage.saveWalked(this.#input);
    return true;
  }

  #read(): void {
    const columns = this.#columns;
    const place = this.#index * PLACE_WORDS;
    this.#task.position.move(this.#baseLow + columns[place + AT_OFFSET_DELTA]!);
    this.timestamp = this.#baseTimestamp + this.#timestampDeltas[this.#index]!;
    this.keyId = columns[place + AT_KEY_ID]!;
    this.valueStart = columns[place + AT_VALUE_START]!;
    this.valueEnd = columns[place + AT_VALUE_END]!;
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
    this.#cursor.moveTo(this.#index);
    this.#isOpen = false;
    if (this.#index > this.#first) {
      this.#stage.undoWalked();
      this.#index = this.#first;
      this.#end = this.#first + 1;
      this.#checkAt = this.#end;
      this.#task.enter(this.offset);
      this.#read();
      this.#careful = CAREFUL_RECORDS;
      this.#isToBeTriedAgain = true;
      return null;
    }
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
    this.#stage.finishWalked();
    this.#isOpen = false;
  }
}
