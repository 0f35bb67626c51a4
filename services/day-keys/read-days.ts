/**
 * Knows when every required reader has read what was sealed with a day's key. Once the day is over, all of it lies
 * below the end that each partition has then; a reader that committed so far has read it. Kept in memory only: after a
 * restart the ends are taken anew, which can only be later.
 */
import type { LogReader } from '../../engine/index.ts';
import { isOver } from './day-keys.ts';

/** A topic that holds sealed records, and the groups that must have read it. */
export interface SealedTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly requiredReaders: readonly string[];
}

interface Progress {
  /** How many of the topics, in order, were read to their ends. */
  topicsRead: number;
  /** The ends of the topic being waited for. */
  ends: readonly number[] | null;
}

export class ReadDays {
  readonly #reader: LogReader;
  readonly #topics: readonly SealedTopic[];
  readonly #progress = new Map<string, Progress>();

  /**
   * `topics` in the order in which sealed records pass through them: the ends of the second are taken only when the
   * first was read. The reader is the caller's, and used during `update` alone.
   */
  constructor(reader: LogReader, topics: readonly SealedTopic[]) {
    this.#reader = reader;
    this.#topics = topics;
  }

  /** Looks at the log for each of these keys; call before `retire`, with `DayKeys.list()`. */
  async update(keyIds: readonly string[], nowMs: number): Promise<void> {
    for (const keyId of this.#progress.keys()) if (!keyIds.includes(keyId)) this.#progress.delete(keyId);
    for (const keyId of keyIds) {
      if (isOver(keyId, nowMs)) await this.#advance(keyId);
      // A clock set back into the day: more is sealed with its key than was there when the ends were taken.
      else this.#progress.delete(keyId);
    }
  }

  isRead(keyId: string): boolean {
    return (this.#progress.get(keyId)?.topicsRead ?? -1) >= this.#topics.length;
  }

  async #advance(keyId: string): Promise<void> {
    const progress = this.#progress.get(keyId) ?? { topicsRead: 0, ends: null };
    this.#progress.set(keyId, progress);
    for (;;) {
      const sealed = this.#topics[progress.topicsRead];
      if (sealed === undefined) return;
      progress.ends ??= await this.#endsOf(sealed);
      if (!(await this.#areRead(sealed, progress.ends))) return;
      progress.topicsRead++;
      progress.ends = null;
    }
  }

  async #endsOf(sealed: SealedTopic): Promise<number[]> {
    const ends: number[] = [];
    for (let partition = 0; partition < sealed.partitions; partition++) {
      ends.push((await this.#reader.bounds(sealed.topic, partition)).end);
    }
    return ends;
  }

  async #areRead(sealed: SealedTopic, ends: readonly number[]): Promise<boolean> {
    for (const group of sealed.requiredReaders) {
      const committed = await this.#reader.committed(group, sealed.topic);
      if (ends.some((end, partition) => (committed[partition] ?? 0) < end)) return false;
    }
    return true;
  }
}
