/**
 * Reads every record of some topics, from the beginning on, and goes on with what comes. Behind some records there is a turn
 * for others: whoever asks meanwhile waits for these and not for a backlog.
 */
import { BatchCursor, type LogReader, MsecError, type PartitionPosition } from '../../engine/index.ts';

export interface TailedTopic {
  readonly topic: string;
  readonly partitions: number;
  /** The cursor stands on a record with a key; it moves on when this returns. */
  take(record: BatchCursor): void;
}

export interface TailOptions {
  /** Becomes the tail's: it closes it. */
  readonly reader: LogReader;
  readonly topics: readonly TailedTopic[];
  /** A record that `take` threw at: it is passed over. */
  readonly onRecordFailure: (error: unknown) => void;
}

const FETCH_BYTES = 256 * 1024;
const RECORDS_A_TURN = 16;
const WAIT_MS = 1_000;

interface Position {
  readonly tailed: TailedTopic;
  readonly partition: number;
  offset: number;
}

export class Tail {
  readonly #options: TailOptions;
  readonly #cursor = new BatchCursor();
  readonly #positions: Position[];
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;
  /** Whether everything was taken once that was there. */
  isCaughtUp = false;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#positions = options.topics.flatMap((tailed) =>
      Array.from({ length: tailed.partitions }, (_, partition) => ({ tailed, partition, offset: 0 })),
    );
  }

  /** Everything that is there; for whoever wants no more. */
  async readAll(): Promise<void> {
    while (!this.#isClosed && (await this.#round()));
    this.isCaughtUp = !this.#isClosed;
  }

  /** `failed` is told once if it ends by itself. */
  start(failed: (error: unknown) => void): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#isClosed) failed(error);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#options.reader.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (await this.#round()) continue;
      if (this.#isClosed) return;
      this.isCaughtUp = true;
      await this.#options.reader.wait(this.#positions.map(positionOf), WAIT_MS);
    }
  }

  /** True where there was something. */
  async #round(): Promise<boolean> {
    let hasRead = false;
    for (const position of this.#positions) {
      if (this.#isClosed) return false;
      hasRead = (await this.#step(position)) || hasRead;
    }
    return hasRead;
  }

  async #step(position: Position): Promise<boolean> {
    const { reader } = this.#options;
    const { tailed, partition, offset } = position;
    try {
      const { bytes, start, end } = await reader.fetch(tailed.topic, partition, offset, FETCH_BYTES);
      if (start === end) return false;
      await this.#walk(position, bytes, start, end);
      return position.offset > offset;
    } catch (error) {
      // Retention has passed it by, or what is there begins later.
      if (!(error instanceof MsecError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error;
      const bounds = await reader.bounds(tailed.topic, partition);
      if (bounds.start <= offset) throw error;
      position.offset = bounds.start;
      return true;
    }
  }

  /** The bytes are the reader's until it fetches again, or is closed. */
  async #walk(position: Position, bytes: Uint8Array, start: number, end: number): Promise<void> {
    const cursor = this.#cursor;
    cursor.reset(bytes, start, end);
    cursor.seek(position.offset);
    for (let taken = 1; cursor.next(); taken++) {
      if (cursor.keyStart >= 0) this.#take(position.tailed);
      if (taken % RECORDS_A_TURN !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#isClosed) return;
    }
    if (cursor.offsetNext > position.offset) position.offset = cursor.offsetNext;
  }

  #take({ take }: TailedTopic): void {
    try {
      take(this.#cursor);
    } catch (error) {
      this.#options.onRecordFailure(error);
    }
  }
}

const positionOf = ({ tailed: { topic }, partition, offset }: Position): PartitionPosition => ({
  topic,
  partition,
  offset,
});
