/**
 * Sends a topic's records as syslog messages. It reads no faster than the receiver takes them, and the group's offsets
 * follow what was sent: nothing is left out while the receiver is away, and what nobody knows to have arrived is sent
 * again. Order is kept within each partition.
 */
import { BatchCursor, type Clock, type Log, type LogReader, MsecError, pause } from '../../engine/index.ts';
import { type SyslogMessage, type SyslogSender, syslogBytes } from './syslog-message.ts';
import { type SyslogAddress, type SyslogTransport, syslogTransport } from './syslog-transport.ts';

/** One record. `bytes` are used again for the next one. */
export interface SyslogSource {
  readonly timestampMs: number;
  readonly key: string | null;
  /** Null where the record ends its key. */
  readonly value: Uint8Array | null;
}

export interface SyslogSinkOptions {
  readonly log: Pick<Log, 'commit'>;
  /** Becomes the sink's: it closes it. */
  readonly reader: LogReader;
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly address: SyslogAddress;
  readonly sender: SyslogSender;
  /** What is sent of a record; undefined leaves it out. What throws is left out, too, and told. */
  readonly message: (record: SyslogSource) => SyslogMessage | undefined;
  readonly clock: Clock;
  /** The receiver is away, told once until it is back; or a record could not be read. */
  readonly onFailure: (error: unknown) => void;
}

/** At most so many messages are read and not sent. */
const MESSAGES_MAX = 256;
const FETCH_BYTES_MAX = 256 * 1024;
const WAIT_MS = 1000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 30_000;
/** How long what is in the log is still sent while everything closes. */
const CLOSE_MS_MAX = 2000;

export class SyslogSink {
  readonly #options: SyslogSinkOptions;
  readonly #transport: SyslogTransport;
  readonly #cursor = new BatchCursor();
  #offsets: number[] = [];
  #turn = 0;

  private constructor(options: SyslogSinkOptions) {
    this.#options = options;
    this.#transport = syslogTransport(options.address, options.clock);
  }

  /** Goes on where the group is, from the topic's start where there is none. TOPIC_UNKNOWN. */
  static async open(options: SyslogSinkOptions): Promise<SyslogSink> {
    const sink = new SyslogSink(options);
    try {
      const { reader, topic, group, partitions } = options;
      const committed = await reader.committed(group, topic);
      sink.#offsets = Array.from({ length: partitions }, (_, partition) => committed[partition] ?? 0);
    } catch (error) {
      await sink.close();
      throw error;
    }
    return sink;
  }

  /** Sends what comes until the signal. Rejects when the log fails for good. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onFailure } = this.#options;
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      try {
        const records = await this.step();
        retryMs = RETRY_MS_MIN;
        if (records === 0 && !signal.aborted) await Promise.race([this.#wait(), stopped]);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof MsecError && !error.retriable) throw error;
        if (retryMs === RETRY_MS_MIN) onFailure(error);
        await pause(clock, retryMs, signal);
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
      }
    }
    const untilMs = clock.monotonic() + CLOSE_MS_MAX;
    try {
      while (clock.monotonic() < untilMs && (await this.step()) > 0);
    } catch {
      // The receiver is away: the next start sends the rest.
    }
  }

  /** Sends what is there, up to a bound, and commits; gives the number of records. DEPENDENCY_DOWN. */
  async step(): Promise<number> {
    const { log, group, topic, partitions } = this.#options;
    const offsets = [...this.#offsets];
    const messages: Buffer[] = [];
    let records = 0;
    for (let i = 0; i < partitions && messages.length < MESSAGES_MAX; i++)
      records += await this.#read((this.#turn + i) % partitions, offsets, messages);
    this.#turn = (this.#turn + 1) % partitions;
    if (records === 0) return 0;
    if (messages.length > 0) await this.#transport.send(messages);
    this.#offsets = offsets;
    await log.commit({ offsets: offsets.map((offset, partition) => ({ group, topic, partition, offset })) });
    return records;
  }

  async close(): Promise<void> {
    await this.#options.reader.close();
    this.#transport.close();
  }

  /** Moves the partition's offset past what it puts into `messages`. */
  async #read(partition: number, offsets: number[], messages: Buffer[]): Promise<number> {
    const { reader, topic, sender, message, onFailure } = this.#options;
    const cursor = this.#cursor;
    const before = offsets[partition]!;
    const from = Math.max(before, (await reader.bounds(topic, partition)).start);
    const fetched = await reader.fetch(topic, partition, from, FETCH_BYTES_MAX);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(from);
    let records = 0;
    while (messages.length < MESSAGES_MAX && cursor.next()) {
      records++;
      const { bytes, timestamp: timestampMs, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      const key = keyStart < 0 ? null : Buffer.from(bytes.subarray(keyStart, keyEnd)).toString();
      try {
        const sent = message({
          timestampMs,
          key,
          value: valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd),
        });
        if (sent !== undefined) messages.push(syslogBytes(sent, sender));
      } catch (error) {
        onFailure(error);
      }
      offsets[partition] = cursor.offset + 1;
    }
    if (messages.length < MESSAGES_MAX) offsets[partition] = Math.max(from, cursor.offsetNext);
    return records === 0 && offsets[partition]! > before ? 1 : records;
  }

  #wait(): Promise<boolean> {
    const { reader, topic } = this.#options;
    return reader.wait(
      this.#offsets.map((offset, partition) => ({ topic, partition, offset })),
      WAIT_MS,
    );
  }
}
