/**
 * Writes a topic's records as lines of JSON, each exactly once: the offsets stand in the position file beside the
 * lines, and the group's offsets in the log follow them. Order is kept within each partition.
 */
import { BatchCursor, type Clock, errorData, type Log, type LogReader, MsecError, pause } from '../../engine/index.ts';
import { FileSet } from './file-set.ts';

/** One record. The object and `bytes` are used again for the next one. */
export interface SinkRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly bytes: Uint8Array;
  /** Of the value in `bytes`; -1 where there is none. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface Rotation {
  /** A file is closed when it is larger than that after a write. Default 64 MiB. */
  readonly bytesMax?: number;
  /** Or older than that. Default one hour. */
  readonly ageMsMax?: number;
}

export interface FileRetention {
  /** Closed files that are kept. Default 100. */
  readonly filesMax?: number;
  /** Closed files last written before that go. Default: none goes by age. */
  readonly ageMsMax?: number;
}

export type NdjsonEvent =
  /** A write failed and is tried again; nothing is lost meanwhile. */
  | { readonly event: 'NdjsonWriteFailed'; readonly topic: string; readonly message: string }
  /** Retention was faster than this reader. */
  | { readonly event: 'RecordsMissed'; readonly topic: string; readonly partition: number; readonly records: number };

export interface NdjsonSinkOptions {
  readonly log: Pick<Log, 'commit'>;
  /** Becomes the sink's: it closes it. */
  readonly reader: LogReader;
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly folder: string;
  /** What becomes a line; undefined leaves the record out. What throws becomes a line that says so. */
  readonly decode: (record: SinkRecord) => unknown;
  readonly clock: Clock;
  readonly rotation?: Rotation;
  readonly retention?: FileRetention;
  /** Least time between two writes, each of which waits for the disk. Default 200. */
  readonly flushMs?: number;
  readonly fetchBytesMax?: number;
  readonly onEvent?: (event: NdjsonEvent) => void;
}

const LINES_CHARS_MAX = 4 * 1024 * 1024;
const WAIT_MS = 1000;
const RETRY_MS = 1000;

export class NdjsonSink {
  readonly #options: NdjsonSinkOptions;
  readonly #files: FileSet;
  readonly #cursor = new BatchCursor();
  #offsets: number[] = [];
  /** Which partition is read first, so that none waits for ever behind a busy one. */
  #turn = 0;

  private constructor(options: NdjsonSinkOptions, files: FileSet) {
    this.#options = options;
    this.#files = files;
  }

  /** CONFIG_INVALID where the files do not belong to this topic or its log; TOPIC_UNKNOWN. */
  static async open(options: NdjsonSinkOptions): Promise<NdjsonSink> {
    const files = await FileSet.open(options.folder, options.topic);
    const sink = new NdjsonSink(options, files);
    try {
      await sink.#start();
    } catch (error) {
      await sink.close();
      throw error;
    }
    return sink;
  }

  /** The next offset of each partition whose lines are durable. */
  get offsets(): readonly number[] {
    return this.#files.position?.offsets ?? [];
  }

  /** Writes what comes until the signal, and what was there when it came. Rejects when the log fails for good. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, flushMs = 200, topic, onEvent } = this.#options;
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      try {
        const written = await this.step();
        await pause(clock, flushMs, signal);
        if (written === 0 && !signal.aborted) await Promise.race([this.#wait(), stopped]);
      } catch (error) {
        // A full or broken disk may come back; what the log says is final.
        if (error instanceof MsecError && !error.retriable) throw error;
        onEvent?.({ event: 'NdjsonWriteFailed', topic, message: errorData(error).message });
        await pause(clock, RETRY_MS, signal);
      }
    }
    while ((await this.step()) > 0);
  }

  /** Reads what is there, up to a bound, and makes it durable; gives the number of records. */
  async step(): Promise<number> {
    const { clock, rotation } = this.#options;
    const before = this.#files.position!;
    if (before.bytes > 0 && clock.now() - before.openedAtMs >= (rotation?.ageMsMax ?? 3_600_000)) await this.#rotate();
    const offsets = [...this.#files.position!.offsets];
    const lines: string[] = [];
    const records = await this.#read(offsets, lines);
    if (records === 0) return 0;
    await this.#files.append(Buffer.from(lines.join('')), offsets);
    this.#offsets = offsets;
    await this.#commit();
    if (this.#files.position!.bytes >= (rotation?.bytesMax ?? 64 * 1024 * 1024)) await this.#rotate();
    return records;
  }

  async close(): Promise<void> {
    await this.#options.reader.close();
    await this.#files.close();
  }

  async #start(): Promise<void> {
    const { reader, topic, group, partitions, clock, folder } = this.#options;
    const known = this.#files.position;
    const bounds = await Promise.all(Array.from({ length: partitions }, (_, i) => reader.bounds(topic, i)));
    if (known === undefined) {
      const committed = await reader.committed(group, topic);
      await this.#files.begin(
        bounds.map(({ start }, partition) => Math.max(start, committed[partition] ?? 0)),
        clock.now(),
      );
    } else if (known.offsets.length !== partitions || known.offsets.some((offset, i) => offset > bounds[i]!.end)) {
      throw new MsecError(
        'CONFIG_INVALID',
        `the files of ${topic} in ${folder} are ahead of the log: they belong to another one; name another folder`,
        { field: 'folder' },
      );
    }
    // A kill may have come after the position and before this.
    this.#offsets = [...this.#files.position!.offsets];
    await this.#commit();
  }

  async #commit(): Promise<void> {
    const { log, group, topic } = this.#options;
    const offsets = this.#offsets.map((offset, partition) => ({ group, topic, partition, offset }));
    await log.commit({ offsets });
  }

  /** Moves `offsets` past what it puts into `lines`. */
  async #read(offsets: number[], lines: string[]): Promise<number> {
    const { partitions } = this.#options;
    let records = 0;
    let chars = 0;
    for (let i = 0; i < partitions && chars < LINES_CHARS_MAX; i++) {
      const first = lines.length;
      records += await this.#readPartition((this.#turn + i) % partitions, offsets, lines);
      for (let at = first; at < lines.length; at++) chars += lines[at]!.length;
    }
    this.#turn = (this.#turn + 1) % partitions;
    return records;
  }

  async #readPartition(partition: number, offsets: number[], lines: string[]): Promise<number> {
    const { reader, topic, fetchBytesMax = 1024 * 1024, onEvent } = this.#options;
    const wanted = offsets[partition]!;
    const { start: earliest } = await reader.bounds(topic, partition);
    if (earliest > wanted) onEvent?.({ event: 'RecordsMissed', topic, partition, records: earliest - wanted });
    const from = Math.max(wanted, earliest);
    const { bytes, start, end } = await reader.fetch(topic, partition, from, fetchBytesMax);
    const cursor = this.#cursor;
    cursor.reset(bytes, start, end);
    cursor.seek(from);
    let records = 0;
    while (cursor.nextBatch()) {
      while (cursor.next()) {
        records += 1;
        const line = this.#line(partition);
        if (line !== undefined) lines.push(line);
      }
    }
    offsets[partition] = Math.max(from, cursor.offsetNext);
    // Offsets without records (a compacted batch, a marker) move the position too.
    return records === 0 && offsets[partition] > wanted ? 1 : records;
  }

  #line(partition: number): string | undefined {
    const { bytes, offset, timestamp, keyStart, keyEnd, valueStart, valueEnd } = this.#cursor;
    const key =
      keyStart < 0 ? null : Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString();
    try {
      const value = this.#options.decode({
        partition,
        offset,
        timestampMs: timestamp,
        key,
        bytes,
        valueStart,
        valueEnd,
      });
      return value === undefined ? undefined : `${JSON.stringify(value)}\n`;
    } catch (thrown) {
      const { topic } = this.#options;
      return `${JSON.stringify({ topic, partition, offset, key, error: errorData(thrown) })}\n`;
    }
  }

  #wait(): Promise<boolean> {
    const { reader, topic } = this.#options;
    const positions = this.#offsets.map((offset, partition) => ({ topic, partition, offset }));
    return reader.wait(positions, WAIT_MS);
  }

  async #rotate(): Promise<void> {
    const { clock, retention } = this.#options;
    const nowMs = clock.now();
    await this.#files.rotate(nowMs);
    const closed = await this.#files.closedSequences();
    const excess = Math.max(0, closed.length - (retention?.filesMax ?? 100));
    for (const [i, sequence] of closed.entries()) {
      const isOld =
        retention?.ageMsMax !== undefined && (await this.#files.closedAgeMs(sequence, nowMs)) > retention.ageMsMax;
      if (i < excess || isOld) await this.#files.remove(sequence);
    }
  }
}
