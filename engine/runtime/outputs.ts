/**
 * What a task has written in the open transaction: one encoder for each topic-partition, and an undo log of what they held
 * at the savepoints since the current record began, so that a savepoint is one number.
 */
import type { ByteWriter } from '../base/index.ts';
import { BatchEncoder, BatchMemory, EncoderMark, type Header } from '../batch/index.ts';
import type { Append } from '../log/index.ts';

/** One topic-partition that the task writes to. */
export class Lane {
  readonly topic: string;
  readonly partition: number;
  readonly encoder: BatchEncoder;
  /** The stretch between savepoints in which its state was last noted. */
  notedIn = -1;

  constructor(topic: string, partition: number, encoder: BatchEncoder) {
    this.topic = topic;
    this.partition = partition;
    this.encoder = encoder;
  }
}

export class TaskOutputs {
  readonly #memory: BatchMemory;
  readonly #lanes = new Map<string, Lane>();
  readonly #undoLanes: Lane[] = [];
  readonly #undoMarks: EncoderMark[] = [];
  #undoLength = 0;
  /** Counts the stretches between savepoints. */
  #stretch = 0;
  /** Appended bytes since the last `take`, keys and values only. */
  bytes = 0;

  constructor(memory = new BatchMemory()) {
    this.#memory = memory;
  }

  /** `recordBytesMax` counts for the call that makes the lane. */
  lane(topic: string, partition: number, recordBytesMax?: number): Lane {
    const id = `${partition} ${topic}`;
    let lane = this.#lanes.get(id);
    if (lane === undefined) {
      const memory = this.#memory;
      lane = new Lane(
        topic,
        partition,
        new BatchEncoder({ memory, ...(recordBytesMax === undefined ? {} : { recordBytesMax }) }),
      );
      this.#lanes.set(id, lane);
    }
    return lane;
  }

  append(
    lane: Lane,
    timestamp: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers?: readonly Header[],
  ): void {
    if (lane.notedIn !== this.#stretch) this.#note(lane);
    lane.encoder.append(timestamp, key, keyStart, keyEnd, value, valueStart, valueEnd, headers);
    this.bytes += valueEnd - valueStart + (keyEnd - keyStart);
  }

  /** Begins a record whose value is written next into what comes back; then `end`. */
  begin(lane: Lane, timestamp: number, key: Uint8Array, keyStart: number, keyEnd: number): ByteWriter {
    if (lane.notedIn !== this.#stretch) this.#note(lane);
    return lane.encoder.begin(timestamp, key, keyStart, keyEnd);
  }

  end(lane: Lane, keyLength: number): void {
    this.bytes += lane.encoder.end() + keyLength;
  }

  /** A savepoint: what is appended from now on can be undone. */
  get mark(): number {
    this.#stretch++;
    return this.#undoLength;
  }

  rollback(mark: number): void {
    this.#stretch++;
    while (this.#undoLength > mark) {
      this.#undoLength--;
      this.#undoLanes[this.#undoLength].encoder.rollback(this.#undoMarks[this.#undoLength]);
    }
  }

  settle(): void {
    this.#stretch++;
    this.#undoLength = 0;
  }

  #note(lane: Lane): void {
    const at = this.#undoLength;
    if (at === this.#undoMarks.length) this.#undoMarks.push(new EncoderMark());
    lane.encoder.saveTo(this.#undoMarks[at]);
    this.#undoLanes[at] = lane;
    this.#undoLength = at + 1;
    lane.notedIn = this.#stretch;
  }

  /** The finished batches; the encoders start anew. */
  take(): Append[] {
    const appends: Append[] = [];
    for (const { topic, partition, encoder } of this.#lanes.values())
      if (encoder.count > 0) appends.push({ topic, partition, bytes: encoder.finish() });
    this.bytes = 0;
    return appends;
  }
}
