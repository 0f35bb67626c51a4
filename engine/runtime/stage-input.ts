/** One input of a stage: the record that its actor is shown, again and again, and the letters of those that it fails on. */
import type { ActorRecord, Topic } from '../actor/index.ts';
import { errorData } from '../base/index.ts';
import type { KeyTable } from '../batch/index.ts';
import { deadLetterTopic, type PlannedStage } from '../topology/index.ts';
import { letterHeaders } from './dead-letter.ts';
import type { Lane } from './outputs.ts';
import type { StageSurroundings } from './stage-surroundings.ts';

/** A record that was taken must fit into its letter too, whatever its headers add: more than any log takes as a batch. */
export const LETTER_BYTES_MAX = 64 * 1024 * 1024;
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

class TaskRecord implements ActorRecord<unknown> {
  input = '';
  value: unknown = null;
  timestamp = 0;
  keyId = -1;
  readonly #keys: KeyTable;

  constructor(keys: KeyTable) {
    this.#keys = keys;
  }

  keyText(): string {
    return utf8Decoder.decode(this.#keys.bytesOf(this.keyId));
  }
}

export class StageInput {
  readonly name: string;
  readonly #deadLetters: Lane;
  readonly #actor: string;
  readonly #around: StageSurroundings;
  readonly record: TaskRecord;
  readonly topic: Topic<unknown>;

  constructor(planned: PlannedStage, name: string, around: StageSurroundings) {
    this.name = name;
    this.topic = planned.actor.inputs[name];
    this.record = new TaskRecord(around.keys);
    this.record.input = name;
    const letters = deadLetterTopic(this.topic.name);
    this.#actor = planned.actor.name;
    this.#around = around;
    this.#deadLetters = around.outputs.lane(letters, around.partition, LETTER_BYTES_MAX);
  }

  /** `keyId` -1: the record has no key. `offset` is where the log has what it came from. */
  appendLetter(
    keyId: number,
    timestamp: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    thrown: unknown,
    attempts: number,
    offset: number,
  ): void {
    const { keys, outputs, source, partition, subtopology } = this.#around;
    const { topic } = source;
    const origin = { actor: this.#actor, stage: subtopology, topic, partition, offset, attempts };
    const keyStart = keyId < 0 ? -1 : keys.startOf(keyId);
    const keyEnd = keyId < 0 ? -1 : keys.endOf(keyId);
    const headers = letterHeaders(errorData(thrown), origin);
    outputs.append(this.#deadLetters, timestamp, keys.arena, keyStart, keyEnd, bytes, start, end, headers);
  }
}
