/**
 * Lets an actor walk through the records that were read for it (`processBatch`): begins and finishes each record around
 * its `next`, and decides on the record at which it throws.
 */
import type { RecordWalk } from '../actor/index.ts';
import { MsecError } from '../base/index.ts';
import type { BatchCursor } from '../batch/index.ts';
import type { StageRunner } from './stage-runner.ts';

/** What the walk needs of the task. */
export interface WalkedTask {
  readonly cursor: BatchCursor;
  /** Moves the cursor to the next record for the actor and returns its key id; -1 when there is none for now. */
  take(): number;
  /** The record is done and nothing of it can be undone any more. */
  settle(): void;
}

export class BatchWalk implements RecordWalk {
  offset = 0;
  timestamp = 0;
  keyId = -1;
  bytes: Uint8Array = new Uint8Array(0);
  valueStart = 0;
  valueEnd = 0;
  readonly #task: WalkedTask;
  readonly #stage: StageRunner;
  readonly #input: number;
  #isOpen = false;
  #isToBeTriedAgain = false;
  #attempts = 0;
  #outputsMark = 0;
  #calls = 0;
  #isDone = false;

  constructor(task: WalkedTask, stage: StageRunner, input: number) {
    this.#task = task;
    this.#stage = stage;
    this.#input = input;
  }

  next(): boolean {
    this.#calls++;
    this.#finish();
    if (this.#isToBeTriedAgain) this.#isToBeTriedAgain = false;
    else {
      this.keyId = this.#task.take();
      if (this.keyId < 0) {
        this.#isDone = true;
        return false;
      }
      const { cursor } = this.#task;
      this.offset = cursor.offset;
      this.timestamp = cursor.timestamp;
      this.bytes = cursor.bytes;
      this.valueStart = cursor.valueStart;
      this.valueEnd = cursor.valueEnd;
      this.#attempts = 0;
    }
    this.#attempts++;
    this.#outputsMark = this.#stage.beginWalked(this.#input, this.keyId, this.timestamp);
    this.#isOpen = true;
    return true;
  }

  /** Until there is no more for now; returns what is not a record's own fault and stops the task there. */
  run(): { readonly thrown: unknown } | null {
    this.#isDone = false;
    while (!this.#isDone) {
      const calls = this.#calls;
      try {
        this.#stage.processBatch(this.#input, this);
        this.#finish();
        if (this.#calls === calls) throw new MsecError('ACTOR_FAILED', 'processBatch returned without a call of next.');
      } catch (thrown) {
        if (!this.#isOpen) return { thrown };
        this.#isOpen = false;
        try {
          this.#isToBeTriedAgain = this.#stage.failWalked(this.#input, this.#outputsMark, thrown, this.#attempts);
        } catch (unwound) {
          return { thrown: unwound };
        }
        if (!this.#isToBeTriedAgain) this.#task.settle();
      }
    }
    return null;
  }

  #finish(): void {
    if (!this.#isOpen) return;
    // Open until it has succeeded: what fails here fails the record.
    this.#stage.finishWalked(this.#input, this.timestamp);
    this.#isOpen = false;
    this.#task.settle();
  }
}
