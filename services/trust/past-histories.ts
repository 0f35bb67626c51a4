/**
 * How a provider's scores went before this process began to read, made anew from the log of interactions when somebody looks: one
 * provider at a time, in steps between which others have their turn, and no further back than so many entries.
 */
import { BatchCursor, type LogReader, MsecError, partitionForKey } from '../../engine/index.ts';
import { TRUST_LOG } from '../../schemas/topics/index.ts';
import { decodeEntry } from '../../schemas/trust-log/index.ts';
import { type HalfLives, ProviderReplay, ScoreBook } from '../trust-audit/index.ts';
import { type HistoryPoint, knownOrNull, PointLine } from './point-line.ts';

export interface Past {
  /** Oldest first. */
  readonly points: readonly HistoryPoint[];
  /** Whether more may come. */
  readonly isReading: boolean;
  /** Whether older entries were not looked at, or are gone. */
  readonly isCut: boolean;
}

export interface PastOptions {
  /** Becomes its own. */
  readonly reader: LogReader;
  readonly partitions: number;
  readonly halfLives: HalfLives;
  /** Of a partition's log, before its end. */
  readonly entriesMax?: number;
  readonly onFailure: (error: unknown) => void;
}

const ENTRIES_MAX = 300_000;
const KEPT_MAX = 32;
const WAITING_MAX = 4;
const FETCH_BYTES = 256 * 1024;
const RECORDS_A_TURN = 256;

interface Known extends Past {
  readonly line: PointLine;
  isReading: boolean;
  isCut: boolean;
}

export class PastHistories {
  readonly #options: PastOptions;
  readonly #entriesMax: number;
  /** In the order of use. */
  readonly #known = new Map<string, Known>();
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: PastOptions) {
    this.#options = options;
    this.#entriesMax = options.entriesMax ?? ENTRIES_MAX;
  }

  /** What is known by now; the first question begins the reading, of which the next one hears. */
  of(service: string, party: string): Past {
    const key = `${party} ${service}`;
    let known = this.#known.get(key);
    if (known !== undefined) this.#known.delete(key);
    else if (this.#waiting >= WAITING_MAX) return { points: [], isReading: true, isCut: false };
    else {
      known = knownOf(new PointLine());
      this.#begin(known, service, party, key);
    }
    this.#known.set(key, known);
    if (this.#known.size > KEPT_MAX) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#options.reader.close();
    await this.#turn;
  }

  #begin(known: Known, service: string, party: string, key: string): void {
    this.#waiting++;
    this.#turn = this.#turn
      .then(() => this.#read(known, service, party))
      .catch((error: unknown) => {
        // Whoever looks again begins again.
        this.#known.delete(key);
        if (!this.#isClosed) this.#options.onFailure(error);
      })
      .finally(() => {
        known.isReading = false;
        this.#waiting--;
      });
  }

  async #read(known: Known, service: string, party: string): Promise<void> {
    const { reader, partitions, halfLives } = this.#options;
    const name = Buffer.from(party);
    const partition = partitionForKey(name, 0, name.length, partitions);
    const bounds = await reader.bounds(TRUST_LOG, partition);
    const book = new ScoreBook({ trustor: null, trustee: party, service });
    const replay = new ProviderReplay(halfLives);
    const cursor = new BatchCursor();
    let offset = Math.max(bounds.start, bounds.end - this.#entriesMax);
    let isFirst = true;
    let taken = 0;
    while (offset < bounds.end && !this.#isClosed) {
      const { bytes, start, end } = await fetched(reader, partition, offset);
      cursor.reset(bytes, start, end);
      cursor.seek(offset);
      while (cursor.next() && cursor.offset < bounds.end) {
        if (++taken % RECORDS_A_TURN === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          if (this.#isClosed) return;
        }
        const { keyStart, keyEnd, valueStart, valueEnd } = cursor;
        if (valueStart < 0 || (!isFirst && !isKey(cursor.bytes, keyStart, keyEnd, name))) continue;
        const entry = decodeEntry(cursor.bytes, valueStart, valueEnd);
        if (isFirst) known.isCut = entry.index > 0;
        isFirst = false;
        if (entry.trustee !== party || entry.service !== service) continue;
        book.add(entry, false);
        replay.add(entry, book.pairOf(entry));
        if (known.line.wants(replay.newestMs)) known.line.add(pointOf(replay));
      }
      if (cursor.offsetNext <= offset) return;
      offset = cursor.offsetNext;
    }
    if (replay.interactions > 0) known.line.add(pointOf(replay));
  }
}

const knownOf = (line: PointLine): Known => ({
  line,
  isReading: true,
  isCut: false,
  get points() {
    return line.points;
  },
});

function pointOf(replay: ProviderReplay): HistoryPoint {
  const { newestMs, recent, lasting, trust } = replay;
  return { at: newestMs, small: knownOrNull(recent), big: knownOrNull(lasting), trust: knownOrNull(trust) };
}

function isKey(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

/** Retention may have taken the beginning away since the bounds were asked for. */
async function fetched(reader: LogReader, partition: number, offset: number) {
  try {
    return await reader.fetch(TRUST_LOG, partition, offset, FETCH_BYTES);
  } catch (error) {
    if (!(error instanceof MsecError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error;
    const { start } = await reader.bounds(TRUST_LOG, partition);
    return reader.fetch(TRUST_LOG, partition, Math.max(start, offset), FETCH_BYTES);
  }
}
