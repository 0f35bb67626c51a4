/**
 * Reads every record of a topic, all partitions, from the beginning on, and goes on with what comes: how each bridge
 * process learns what was decided elsewhere.
 */
import { BatchCursor, type LogReader, MsecError } from '../../engine/index.ts';

export interface FollowedRecord {
  readonly key: string;
  /** A view, valid during the call; null where the record ends its key. */
  readonly value: Uint8Array | null;
}

export interface TopicFollowOptions {
  /** Becomes the follower's: it closes it. */
  readonly reader: LogReader;
  readonly topic: string;
  readonly partitions: number;
  readonly take: (record: FollowedRecord) => void;
  /** A record that `take` threw at: it is passed over. */
  readonly onFailure: (error: unknown) => void;
}

const FETCH_BYTES_MAX = 512 * 1024;
const WAIT_MS = 1000;

export class TopicFollow {
  readonly #options: TopicFollowOptions;
  readonly #cursor = new BatchCursor();
  readonly #offsets: number[];
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: TopicFollowOptions) {
    this.#options = options;
    this.#offsets = new Array<number>(options.partitions).fill(0);
  }

  /** Resolves when everything that is there was taken. `failed` is told once if it ends by itself later. */
  static async open(options: TopicFollowOptions, failed: (error: unknown) => void): Promise<TopicFollow> {
    const follow = new TopicFollow(options);
    try {
      while (await follow.#round());
    } catch (error) {
      await options.reader.close();
      throw error;
    }
    follow.#start(failed);
    return follow;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#options.reader.close();
    await this.#running;
  }

  #start(failed: (error: unknown) => void): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#isClosed) failed(error);
    });
  }

  async #run(): Promise<void> {
    const { reader, topic } = this.#options;
    while (!this.#isClosed) {
      if (await this.#round()) continue;
      if (this.#isClosed) return;
      await reader.wait(
        this.#offsets.map((offset, partition) => ({ topic, partition, offset })),
        WAIT_MS,
      );
    }
  }

  /** True where there was something. */
  async #round(): Promise<boolean> {
    let hasRead = false;
    for (let partition = 0; partition < this.#offsets.length; partition++) {
      if (this.#isClosed) return false;
      hasRead = (await this.#step(partition)) || hasRead;
    }
    return hasRead;
  }

  async #step(partition: number): Promise<boolean> {
    const { reader, topic } = this.#options;
    const before = this.#offsets[partition]!;
    try {
      const { bytes, start, end } = await reader.fetch(topic, partition, before, FETCH_BYTES_MAX);
      if (start === end) return false;
      this.#walk(partition, bytes, start, end);
      return this.#offsets[partition]! > before;
    } catch (error) {
      // Retention has passed it by, or what is there begins later.
      if (!(error instanceof MsecError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error;
      const bounds = await reader.bounds(topic, partition);
      if (bounds.start <= before) throw error;
      this.#offsets[partition] = bounds.start;
      return true;
    }
  }

  #walk(partition: number, bytes: Uint8Array, start: number, end: number): void {
    const cursor = this.#cursor;
    cursor.reset(bytes, start, end);
    cursor.seek(this.#offsets[partition]!);
    while (cursor.next()) {
      if (cursor.keyStart < 0) continue;
      const key = Buffer.from(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd)).toString();
      const value = cursor.valueStart < 0 ? null : cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
      try {
        this.#options.take({ key, value });
      } catch (error) {
        this.#options.onFailure(error);
      }
    }
    if (cursor.offsetNext > this.#offsets[partition]!) this.#offsets[partition] = cursor.offsetNext;
  }
}
