/**
 * Runs actors over records in memory: the real stages, state and encoders, without threads, log or time. Each record is
 * handled to its end, with whatever reads what it wrote, before the next.
 */
import { ByteWriter, type Codec } from '../../engine/base/index.ts';
import { BatchCursor, KeyTable } from '../../engine/batch/index.ts';
import type { StageStatus } from '../../engine/observe/index.ts';
import { type Letter, readLetter } from '../../engine/runtime/dead-letter.ts';
import { TaskOutputs } from '../../engine/runtime/outputs.ts';
import { bindSchemaIds, schemasOf } from '../../engine/runtime/schema-ids.ts';
import { StageRunner } from '../../engine/runtime/stage-runner.ts';
import { READ, type StageSurroundings } from '../../engine/runtime/stage-surroundings.ts';
import { StageState } from '../../engine/state/index.ts';
import { planTopology, type Subtopology, type TopologyDefinition } from '../../engine/topology/index.ts';

export interface DrivenRecord {
  readonly topic: string;
  readonly key: string;
  readonly timestamp: number;
  readonly value: Uint8Array;
  readonly letter: Letter | null;
}

class DrivenTask {
  readonly subtopology: Subtopology;
  readonly stages: StageRunner[] = [];
  readonly outputs = new TaskOutputs();
  readonly keys = new KeyTable();
  readonly around: StageSurroundings;
  readonly record = { offset: -1, timestamp: 0, keyStart: 0, bytes: new Uint8Array(0), valueStart: 0, valueEnd: 0 };

  constructor(subtopology: Subtopology) {
    this.subtopology = subtopology;
    this.around = {
      keys: this.keys,
      outputs: this.outputs,
      partition: 0,
      partitions: 1,
      subtopology: subtopology.name,
      attemptsMax: 1,
      source: { topic: '', record: () => this.record },
      unwinding: null,
      timeNotTaken: (thrown) => {
        throw thrown;
      },
    };
    for (const planned of subtopology.stages) {
      const state = new StageState(planned.actor.state, Object.keys(planned.actor.inputs), this.keys);
      this.stages.push(new StageRunner(planned, state, this.around));
    }
    for (let i = this.stages.length - 1; i >= 0; i--) this.stages[i]?.open(this.stages);
  }

  settle(): void {
    this.outputs.settle();
    for (const stage of this.stages) stage.settle();
  }
}

export class StageDriver {
  readonly records: DrivenRecord[] = [];
  readonly #tasks: DrivenTask[];
  readonly #cursor = new BatchCursor();

  constructor(definition: Omit<TopologyDefinition, 'partitions' | 'name'>) {
    const whole = { ...definition, partitions: 1, name: 'test' };
    const subjects = [...new Set(schemasOf(whole).map(({ subject }) => subject))];
    bindSchemaIds(whole, new Map(subjects.map((subject, i) => [subject, i + 1])));
    this.#tasks = planTopology(whole).subtopologies.map((subtopology) => new DrivenTask(subtopology));
  }

  /** `key` null: a record that only tells the time. */
  feed(topic: string, key: string | null, timestamp: number, value: Uint8Array): void {
    for (const task of this.#tasks) this.#feedTask(task, topic, key, timestamp, value);
  }

  of(topic: string): DrivenRecord[] {
    return this.records.filter((record) => record.topic === topic);
  }

  /** Letters of all topics: reason, or `reason field`. */
  get reasons(): string[] {
    return this.records.flatMap(({ letter }) => (letter === null ? [] : [letter.code]));
  }

  counts(actor: string): Readonly<Record<string, number>> {
    return this.status(actor).counts;
  }

  status(actor: string): StageStatus {
    for (const { stages } of this.#tasks) {
      for (const stage of stages) if (stage.planned.actor.name === actor) return stage.status();
    }
    throw new Error(`no actor ${actor}`);
  }

  #feedTask(task: DrivenTask, topic: string, key: string | null, timestamp: number, value: Uint8Array): void {
    for (const source of task.subtopology.sources) {
      if (source.topic.name !== topic) continue;
      const keyBytes = new TextEncoder().encode(key ?? '');
      task.around.source.topic = topic;
      const at = { offset: task.record.offset + 1, timestamp, bytes: value as Uint8Array<ArrayBuffer> };
      Object.assign(task.record, at, { valueEnd: value.length });
      for (const { stage: index, input } of source.feeds) {
        const stage = task.stages[index];
        if (stage === undefined) throw new Error('no such stage');
        const inputIndex = stage.inputIndex(input);
        if (key === null) {
          stage.advance(inputIndex, timestamp);
          continue;
        }
        const keyId = task.keys.intern(keyBytes, 0, keyBytes.length);
        let decoded: unknown;
        try {
          decoded = source.topic.codec.decode(value, 0, value.length);
        } catch (thrown) {
          stage.refuse(inputIndex, keyId, timestamp, thrown, 1);
          continue;
        }
        stage.handle(inputIndex, keyId, timestamp, decoded, READ);
      }
      task.settle();
      this.#drain(task);
    }
  }

  #drain(task: DrivenTask): void {
    const made: { record: DrivenRecord; key: string | null }[] = [];
    for (const { topic, bytes } of task.outputs.take()) {
      const cursor = this.#cursor;
      cursor.reset(bytes);
      while (cursor.next()) {
        const key =
          cursor.keyStart < 0 ? null : Buffer.from(cursor.bytes).toString('utf8', cursor.keyStart, cursor.keyEnd);
        const value =
          cursor.valueStart < 0 ? new Uint8Array(0) : cursor.bytes.slice(cursor.valueStart, cursor.valueEnd);
        const letter = topic.endsWith('.dlq') ? readLetter(cursor) : null;
        made.push({ key, record: { topic, key: key ?? '', timestamp: cursor.timestamp, value, letter } });
      }
    }
    for (const { key, record } of made) {
      if (key !== null) this.records.push(record);
      this.feed(record.topic, key, record.timestamp, record.value);
    }
  }
}

export function encoded<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  codec.encode(value, writer);
  return writer.take();
}
