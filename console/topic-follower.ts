/**
 * Follows topics for people's eyes: newest first in importance, complete only where asked for. A follower that falls
 * behind leaps ahead instead of burning time on what nobody will see, and counts what it passed over.
 */
import { BatchCursor, type LogReader, MsecError } from '../engine/index.ts';
import type { RawRecord } from './ports.ts';

export interface FollowedTopic {
  readonly topic: string;
  /** Records before the end of each partition to begin with. */
  readonly history: number;
  /** How far behind a partition it may fall before it leaps; Infinity: it reads everything. */
  readonly behindMax: number;
  take(record: RawRecord): void;
  /** So many were leapt over. */
  passed?(records: number): void;
}

const FETCH_BYTES_MAX = 256 * 1024;
const WAIT_MS = 1_000;
/** After so many fetches in a row others get a turn; a page must not hold up the process it looks into. */
const FETCHES_PER_TURN = 8;

interface Position {
  readonly followed: FollowedTopic;
  readonly partition: number;
  offset: number;
}

export class TopicFollower {
  readonly #reader: LogReader;
  readonly #cursor = new BatchCursor();
  readonly #positions: Position[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** Records passed over by leaping. */
  skipped = 0;

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  /** Finds where to begin. TOPIC_UNKNOWN. */
  async open(topics: readonly FollowedTopic[], partitionsOf: (topic: string) => number): Promise<void> {
    for (const followed of topics) {
      for (let partition = 0; partition < partitionsOf(followed.topic); partition++) {
        const { start, end } = await this.#reader.bounds(followed.topic, partition);
        this.#positions.push({ followed, partition, offset: Math.max(start, end - followed.history) });
      }
    }
  }

  /** `failed` is told once if the follower ends by itself. */
  start(failed: (error: unknown) => void): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#isClosed) failed(error);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reader.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    let fetches = 0;
    while (!this.#isClosed) {
      let hasRead = false;
      for (const position of this.#positions) {
        if (this.#isClosed) return;
        hasRead = (await this.#step(position)) || hasRead;
        fetches++;
        if (fetches % FETCHES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      if (!hasRead && !this.#isClosed) {
        const wanted = this.#positions.map(({ followed, partition, offset }) => ({
          topic: followed.topic,
          partition,
          offset,
        }));
        await this.#reader.wait(wanted, WAIT_MS);
      }
    }
  }

  async #step(position: Position): Promise<boolean> {
    const { followed, partition } = position;
    try {
      const fetched = await this.#reader.fetch(followed.topic, partition, position.offset, FETCH_BYTES_MAX);
      const behind = fetched.bounds.end - position.offset;
      if (behind > followed.behindMax) {
        const leap = behind - followed.history;
        this.skipped += leap;
        followed.passed?.(leap);
        position.offset += leap;
        return true;
      }
      if (fetched.end === fetched.start) return false;
      this.#walk(position, fetched.bytes, fetched.start, fetched.end);
      return true;
    } catch (error) {
      // Retention has passed the follower by: it goes on where the log now begins.
      if (!(error instanceof MsecError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error;
      const { start } = await this.#reader.bounds(followed.topic, partition);
      position.offset = Math.max(start, position.offset);
      return true;
    }
  }

  #walk(position: Position, bytes: Uint8Array, start: number, end: number): void {
    const cursor = this.#cursor;
    const { topic } = position.followed;
    cursor.reset(bytes, start, end);
    cursor.seek(position.offset);
    while (cursor.next()) {
      position.followed.take({
        topic,
        partition: position.partition,
        offset: cursor.offset,
        timestamp: cursor.timestamp,
        key: cursor.keyStart < 0 ? null : cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd),
        value: cursor.valueStart < 0 ? null : cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd),
        headers: cursor.headersCount === 0 ? [] : cursor.readHeaders(),
      });
    }
    if (cursor.offsetNext > position.offset) position.offset = cursor.offsetNext;
  }
}
