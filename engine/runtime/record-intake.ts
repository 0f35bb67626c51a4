/**
 * Which of the records that were fetched an actor gets to see, and under which key id. What it may not see is dealt with
 * on the way: records that only tell the time, those in a partition that is not their key's, those without a value, and
 * those that have ended a thread.
 */
import { MsecError } from '../base/index.ts';
import type { BatchCursor, KeyTable } from '../batch/index.ts';
import { LETTER_HEADER } from './dead-letter.ts';
import type { ForeignPartitioning, ForeignRecords } from './foreign-records.ts';
import type { WorkerPosition } from './position.ts';
import type { StageRunner } from './stage-runner.ts';
import type { CondemnedRecord } from './thread-messages.ts';

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Of a source of the task. */
export interface IntakeSource {
  readonly index: number;
  readonly topic: string;
  readonly isResend: boolean;
  readonly foreignPartitioning: ForeignPartitioning | null;
  readonly feeds: readonly { readonly stage: StageRunner; readonly input: number }[];
}

/** Of the task. */
export interface IntakeSetup {
  readonly cursor: BatchCursor;
  readonly keys: KeyTable;
  readonly foreign: ForeignRecords;
  readonly slot: number;
  readonly position: WorkerPosition;
  readonly condemned: readonly CondemnedRecord[];
  /** Counts a record, and says whether other tasks are to have their turn. */
  isSliceOver(): boolean;
  /** The records so far are done and nothing of them can be undone any more. */
  settle(): void;
}

export class RecordIntake {
  readonly #setup: IntakeSetup;

  constructor(setup: IntakeSetup) {
    this.#setup = setup;
  }

  /**
   * Moves the cursor to the next record that is for an actor, and returns its key id; -1 at the end of what was fetched,
   * or of the slice.
   */
  take(source: IntakeSource): number {
    const { cursor, foreign, slot, position } = this.#setup;
    while (!this.#setup.isSliceOver() && cursor.next()) {
      position.enter(slot, source.index, cursor.offset);
      const isTimeOnly = cursor.keyStart < 0 && cursor.valueStart < 0;
      const keyId = isTimeOnly ? -1 : this.#keyId();
      const isForeign = !isTimeOnly && this.#isForeign(source, keyId);
      if (!isTimeOnly && !isForeign && !this.#mustRefuse(source)) return keyId;
      // What was walked before must not be undone with it.
      this.#setup.settle();
      if (isTimeOnly) for (const { stage, input } of source.feeds) stage.advance(input, cursor.timestamp);
      else if (isForeign) foreign.move(source, keyId, cursor);
      else this.#refuse(source, keyId);
      this.#setup.settle();
    }
    return -1;
  }

  /**
   * Reads ahead: how many records after the cursor's are for the actor, with their key ids in the columns; 0 at the end
   * of what was fetched, or of the slice.
   */
  takeStretch(source: IntakeSource, recordsMax: number): number {
    const { cursor } = this.#setup;
    const ready = Math.min(cursor.readAhead(), recordsMax);
    if (ready === 0) return 0;
    const first = cursor.index + 1;
    const taken = this.#forActor(source, first, first + ready) - first;
    if (taken > 0) return taken;
    const keyId = this.take(source);
    if (keyId < 0) return 0;
    cursor.places.keyIds[cursor.index] = keyId;
    cursor.moveTo(cursor.index - 1);
    return 1;
  }

  /** Interns the keys of the records [from, to) up to the first that is not for the actor; gives where that is. */
  #forActor(source: IntakeSource, from: number, to: number): number {
    const { keys, foreign, condemned, cursor } = this.#setup;
    const { keyIds, keyStarts, offsetDeltas } = cursor.places;
    const end = keys.internEach(cursor.bytes, cursor.places, from, to);
    if (source.foreignPartitioning === null && condemned.length === 0) return end;
    for (let index = from; index < end; index++) {
      const isKeyed = keyStarts[index]! >= 0;
      if (source.foreignPartitioning !== null && isKeyed && !foreign.isAtHome(keyIds[index]!)) return index;
      if (this.#condemned(source, cursor.baseOffset + offsetDeltas[index]!) !== undefined) return index;
    }
    return end;
  }

  /** Of the cursor's record. */
  #keyId(): number {
    const { keys, cursor } = this.#setup;
    const { bytes, keyStart, keyEnd } = cursor;
    return keyStart < 0 ? keys.intern(bytes, 0, 0) : keys.intern(bytes, keyStart, keyEnd);
  }

  #isForeign(source: IntakeSource, keyId: number): boolean {
    const { cursor, foreign } = this.#setup;
    return source.foreignPartitioning !== null && cursor.keyStart >= 0 && !foreign.isAtHome(keyId);
  }

  /** A record that ended its thread, or one without a value. */
  #mustRefuse(source: IntakeSource): boolean {
    const { offset, valueStart } = this.#setup.cursor;
    return valueStart < 0 || this.#condemned(source, offset) !== undefined;
  }

  #refuse(source: IntakeSource, keyId: number): void {
    const { cursor } = this.#setup;
    const condemned = this.#condemned(source, cursor.offset);
    const reason =
      condemned === undefined
        ? new MsecError('VALUE_MISSING', 'The record has no value.', { field: 'value' })
        : new MsecError(condemned.code, 'Handling this record ended its worker thread.');
    const resendFor = source.isResend ? letterActor(cursor) : '';
    for (const { stage, input } of source.feeds)
      if (!source.isResend || stage.planned.actor.name === resendFor)
        stage.refuse(input, keyId, cursor.timestamp, reason, condemned?.attempts ?? 1);
  }

  #condemned(source: IntakeSource, offset: number): CondemnedRecord | undefined {
    const { condemned } = this.#setup;
    if (condemned.length === 0) return undefined;
    return condemned.find((record) => record.source === source.index && record.offset === offset);
  }
}

/** Of a letter that comes again: the actor that it goes to. */
export function letterActor(cursor: BatchCursor): string {
  const value = cursor.header(LETTER_HEADER.actor);
  return value === undefined ? '' : utf8Decoder.decode(value);
}
