/** One input of a stage: the record that its actor is shown, again and again, and where its letters go. */
import type { ActorRecord, Topic } from '../actor/index.ts';
import type { KeyTable } from '../batch/index.ts';
import { deadLetterTopic, type PlannedStage } from '../topology/index.ts';
import type { Lane } from './outputs.ts';
import type { StageSurroundings } from './stage-surroundings.ts';

/** A record that was taken must fit into its letter too, whatever its headers add: more than any log takes as a batch. */
export const LETTER_BYTES_MAX = 64 * 1024 * 1024;
const utf8Decoder = new TextDecoder();

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
  readonly deadLetters: Lane;
  readonly record: TaskRecord;
  readonly topic: Topic<unknown>;

  constructor(planned: PlannedStage, name: string, around: StageSurroundings) {
    this.name = name;
    this.topic = planned.actor.inputs[name];
    this.record = new TaskRecord(around.keys);
    this.record.input = name;
    const letters = deadLetterTopic(this.topic.name);
    this.deadLetters = around.outputs.lane(letters, around.partition, LETTER_BYTES_MAX);
  }
}
