/**
 * Answers trust.requests into trust.recommendations: each request once, as its answer and the offset behind it are one
 * transaction under an ownership of the partition. A process answers what lies in its own partitions; whoever takes one
 * over goes on behind the last answer.
 */
import {
  type Append,
  BatchCursor,
  BatchEncoder,
  ByteWriter,
  type Clock,
  errorData,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
  type PartitionPosition,
  pause,
} from '../../engine/index.ts';
import type { RecommendationRecord, RecommendationRequest } from '../../schemas/index.ts';
import { recommendationTopics, TRUST_RECOMMENDATIONS, TRUST_REQUESTS } from '../../schemas/topics/index.ts';
import { checked, LIMIT_DEFAULT, type Question } from './question.ts';
import type { Recommendation } from './recommendation.ts';

export interface RequestsOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly partitions: number;
  readonly schemaIds: ReadonlyMap<string, number>;
  /** Whether this process works on the partition: the others leave it to that one. */
  readonly isHere: (partition: number) => boolean;
  readonly who: (question: Question) => Promise<Recommendation>;
  /** Told once until it goes well again. */
  readonly onFailure: (error: unknown) => void;
}

export const REQUESTS_GROUP = 'city.recommendations';
const OWNER = 'msec.recommendations';
const FETCH_BYTES = 64 * 1024;
/** Longer keys are not given back, nor are longer names: an answer always fits in a batch. */
const KEY_BYTES_MAX = 1024;
const CHARS_MAX = 128;
/** Answered in one transaction. */
const AT_ONCE = 100;
const WAIT_MS = 1_000;
const RETRY_MS_MAX = 10_000;
const RETRY_MS = 100;

interface Followed {
  readonly ownership: Ownership;
  offset: number;
}

interface Asked {
  readonly key: Uint8Array | null;
  readonly request: RecommendationRequest | MsecError;
}

export class TrustRequests {
  readonly #options: RequestsOptions;
  readonly #reader: LogReader;
  readonly #topics = recommendationTopics();
  readonly #cursor = new BatchCursor();
  readonly #writer = new ByteWriter();
  readonly #followed = new Map<number, Followed>();
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#reader = options.log.openReader();
    for (const { codec } of Object.values(this.#topics)) codec.bindSchemaIds?.(options.schemaIds);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Answers what has come, of this process's partitions; true where there was something. */
  async step(): Promise<boolean> {
    let hasAnswered = false;
    for (let partition = 0; partition < this.#options.partitions && !this.#isClosed; partition++) {
      if (!this.#options.isHere(partition)) {
        await this.#leave(partition);
        continue;
      }
      const followed = this.#followed.get(partition) ?? (await this.#begin(partition));
      hasAnswered = (await this.#answer(partition, followed)) || hasAnswered;
    }
    return hasAnswered;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reader.close();
    await this.#running;
    for (const partition of [...this.#followed.keys()]) await this.#leave(partition);
  }

  async #run(): Promise<void> {
    const { clock, onFailure } = this.#options;
    let failures = 0;
    while (!this.#isClosed) {
      try {
        const hasAnswered = await this.step();
        failures = 0;
        if (!hasAnswered && !this.#isClosed) await this.#wait();
      } catch (error) {
        if (this.#isClosed) return;
        failures++;
        if (failures === 1 && !isPassing(error)) onFailure(error);
        await pause(clock, Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(failures, 10)));
      }
    }
  }

  async #wait(): Promise<void> {
    const positions = [...this.#followed].map(
      ([partition, { offset }]): PartitionPosition => ({ topic: TRUST_REQUESTS, partition, offset }),
    );
    if (positions.length === 0) await pause(this.#options.clock, WAIT_MS);
    else await this.#reader.wait(positions, WAIT_MS);
  }

  async #begin(partition: number): Promise<Followed> {
    const place = { group: REQUESTS_GROUP, topic: TRUST_REQUESTS, partition };
    const ownership = await this.#options.log.acquire(`${OWNER}-${partition}`, [place]);
    const committed = await this.#reader.committed(REQUESTS_GROUP, TRUST_REQUESTS);
    const { start } = await this.#reader.bounds(TRUST_REQUESTS, partition);
    const followed = { ownership, offset: Math.max(start, committed[partition] ?? 0) };
    this.#followed.set(partition, followed);
    return followed;
  }

  async #leave(partition: number): Promise<void> {
    const followed = this.#followed.get(partition);
    this.#followed.delete(partition);
    if (followed !== undefined) await this.#options.log.release?.(followed.ownership);
  }

  async #answer(partition: number, followed: Followed): Promise<boolean> {
    const { log, clock } = this.#options;
    const { asked, next } = await this.#read(partition, followed.offset);
    if (next === followed.offset) return false;
    const answers = await Promise.all(asked.map(({ request }) => this.#answerOf(request)));
    const encoder = new BatchEncoder();
    for (const [i, answer] of answers.entries()) {
      this.#writer.clear();
      this.#topics.recommendations.codec.encode(answer, this.#writer);
      const { key } = asked[i]!;
      const { bytes, position } = this.#writer;
      encoder.append(clock.now(), key ?? bytes, key === null ? -1 : 0, key?.length ?? 0, bytes, 0, position);
    }
    const appends: Append[] =
      answers.length === 0 ? [] : [{ topic: TRUST_RECOMMENDATIONS, partition, bytes: encoder.finish() }];
    const offsets = [{ group: REQUESTS_GROUP, topic: TRUST_REQUESTS, partition, offset: next }];
    try {
      await log.commit({ ownership: followed.ownership, appends, offsets, admission: 'internal' });
    } catch (error) {
      // Whether it was committed, the next ownership tells; this one commits nothing more.
      this.#followed.delete(partition);
      throw error;
    }
    followed.offset = next;
    return true;
  }

  async #read(partition: number, from: number): Promise<{ readonly asked: Asked[]; readonly next: number }> {
    const asked: Asked[] = [];
    const cursor = this.#cursor;
    try {
      const { bytes, start, end } = await this.#reader.fetch(TRUST_REQUESTS, partition, from, FETCH_BYTES);
      cursor.reset(bytes, start, end);
    } catch (error) {
      // Retention has passed it by.
      if (!(error instanceof MsecError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error;
      const bounds = await this.#reader.bounds(TRUST_REQUESTS, partition);
      if (bounds.start <= from) throw error;
      return { asked, next: bounds.start };
    }
    cursor.seek(from);
    while (cursor.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      if (valueStart < 0) continue;
      const hasKey = keyStart >= 0 && keyEnd - keyStart <= KEY_BYTES_MAX;
      const key = hasKey ? bytes.slice(keyStart, keyEnd) : null;
      asked.push({ key, request: this.#decode(bytes, valueStart, valueEnd) });
      if (asked.length === AT_ONCE) return { asked, next: cursor.offset + 1 };
    }
    return { asked, next: Math.max(from, cursor.offsetNext) };
  }

  #decode(bytes: Uint8Array, start: number, end: number): RecommendationRequest | MsecError {
    try {
      return this.#topics.requests.codec.decode(bytes, start, end);
    } catch (error) {
      if (error instanceof MsecError && error.kind === 'input') return error;
      throw error;
    }
  }

  /** What is wrong with a request is its answer; what may pass is thrown, and the request is read again. */
  async #answerOf(request: RecommendationRequest | MsecError): Promise<RecommendationRecord> {
    const nothing = { at: this.#options.clock.now(), considered: 0, barred: 0, providers: [] };
    if (request instanceof MsecError) {
      const { code, message } = errorData(request);
      return { ...nothing, request: '', trustor: '', service: '', error: code, message };
    }
    const { id, trustor, service, near, among, without, weights } = request;
    try {
      const limit = request.limit ?? LIMIT_DEFAULT;
      const answer = await this.#options.who(checked({ service, trustor, near, limit, among, without, weights }));
      return { ...answer, request: short(id), error: null, message: null };
    } catch (error) {
      if (!(error instanceof MsecError) || error.kind !== 'input') throw error;
      const told = { request: short(id), trustor: short(trustor), service: short(service) };
      return { ...nothing, ...told, error: error.code, message: error.message };
    }
  }
}

/** The scores are still being read, or another process has taken over: nothing that anybody should look at. */
const isPassing = (error: unknown): boolean =>
  error instanceof MsecError && (error.code === 'FENCED' || error.code === 'DEPENDENCY_DOWN');

const short = (text: string): string => text.slice(0, CHARS_MAX);
