/**
 * Lets an actor walk through the records that were read for it (`processBatch`), and decides on the record at which it
 * throws. A savepoint is made once for a stretch of records, not for each: when one fails, the whole stretch is undone
 * and walked again with a savepoint before each record, so that what remains is as if each had had its own from the
 * beginning. A stretch stays within a batch, where the cursor can return to its first record.
 */
import type { RecordWalk } from '../actor/index.ts';
import { MsecError } from '../base/index.ts';
import { type BatchCursor, RecordPlace } from '../batch/index.ts';
import type { StageRunner } from './stage-runner.ts';

/** What the walk needs of the task. */
export interface WalkedTask {
  readonly cursor: BatchCursor;
  /** Moves the cursor to the next record for the actor and returns its key id; -1 when there is none for now. */
  take(): number;
  /** Moves it back to a record that was taken, of the same batch, and returns its key id. */
  takeAgain(place: RecordPlace): number;
  /** The records so far are done and nothing of them can be undone any more. */
  settle(): void;
  /** How often that has happened, for whatever reason. */
  readonly settlements: { count: number };
}

/** Long enough that a savepoint costs nothing a record, short enough that walking it twice is not felt. */
const STRETCH_RECORDS = 1024;
/** Records that are walked one by one after a failure: more than a stretch, so that many bad records cost little more. */
const CAREFUL_RECORDS = 4096;

export class BatchWalk implements RecordWalk {
  offset = 0;
  timestamp = 0;
  keyId = -1;
  bytes: Uint8Array = new Uint8Array(0);
  valueStart = 0;
  valueEnd = 0;
  readonly #task: WalkedTask;
  readonly #cursor: BatchCursor;
  readonly #stage: StageRunner;
  readonly #input: number;
  /** The first record of the stretch. */
  readonly #first = new RecordPlace();
  /** Of the stretch: its batch, the records begun and those that it may still take, the task's settlements before it. */
  #batch = -1;
  #begun = 0;
  #left = 0;
  #settlements = -1;
  /** So many stretches of one record are to come. */
  #careful = 0;
  #isOpen = false;
  #isTaking = false;
  #isToBeTriedAgain = false;
  #attempts = 0;
  #calls = 0;
  #isDone = false;

  constructor(task: WalkedTask, stage: StageRunner, input: number) {
    this.#task = task;
    this.#cursor = task.cursor;
    this.#stage = stage;
    this.#input = input;
  }

  next(): boolean {
    this.#calls++;
    if (this.#isOpen) {
      // Open until it has succeeded: what fails here fails the record.
      this.#stage.finishWalked();
      this.#isOpen = false;
    }
    if (this.#isToBeTriedAgain) this.#isToBeTriedAgain = false;
    else {
      this.#isTaking = true;
      this.keyId = this.#task.take();
      this.#isTaking = false;
      if (this.keyId < 0) {
        this.#isDone = true;
        return false;
      }
      const cursor = this.#cursor;
      this.#read(cursor);
      const isStretchOver =
        this.#left === 0 || this.#batch !== cursor.batchStart || this.#settlements !== this.#task.settlements.count;
      if (isStretchOver) this.#beginStretch();
    }
    this.#attempts++;
    this.#left--;
    this.#begun++;
    this.#stage.beginWalked(this.keyId);
    this.#isOpen = true;
    return true;
  }

  /** Until there is no more for now; returns what is not a record's own fault and stops the task there. */
  run(): { readonly thrown: unknown } | null {
    this.#isDone = false;
    // A batch of another fetch may lie at the same place.
    this.#left = 0;
    while (!this.#isDone) {
      const calls = this.#calls;
      try {
        this.#stage.processBatch(this.#input, this);
        this.#finish();
        if (this.#calls === calls) throw new MsecError('ACTOR_FAILED', 'processBatch returned without a call of next.');
      } catch (thrown) {
        const stopped = this.#fail(thrown);
        if (stopped !== null) return stopped;
      }
    }
    this.#task.settle();
    return null;
  }

  #read(cursor: BatchCursor): void {
    this.offset = cursor.offset;
    this.timestamp = cursor.timestamp;
    this.bytes = cursor.bytes;
    this.valueStart = cursor.valueStart;
    this.valueEnd = cursor.valueEnd;
    this.#attempts = 0;
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
    if (this.#begun > 1) {
      this.#stage.undoWalked();
      this.keyId = this.#task.takeAgain(this.#first);
      this.#read(this.#cursor);
      this.#careful = CAREFUL_RECORDS;
      this.#isToBeTriedAgain = true;
      this.#begun = 0;
      this.#left = 1;
      return null;
    }
    try {
      this.#isToBeTriedAgain = this.#stage.failWalked(this.#input, thrown, this.#attempts);
    } catch (unwound) {
      return { thrown: unwound };
    }
    this.#begun = 0;
    this.#left = this.#isToBeTriedAgain ? 1 : 0;
    if (!this.#isToBeTriedAgain) this.#task.settle();
    return null;
  }

  #beginStretch(): void {
    this.#task.settle();
    this.#settlements = this.#task.settlements.count;
    this.#stage.saveWalked(this.#input);
    this.#cursor.saveTo(this.#first);
    this.#batch = this.#cursor.batchStart;
    this.#begun = 0;
    this.#left = STRETCH_RECORDS;
    if (this.#careful > 0) {
      this.#careful--;
      this.#left = 1;
    }
  }

  #finish(): void {
    if (!this.#isOpen) return;
    this.#stage.finishWalked();
    this.#isOpen = false;
  }
}
