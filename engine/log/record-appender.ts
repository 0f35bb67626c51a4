/**
 * Gathers single records, from thousands of callers, into batches: one batch a partition and round, one promise a
 * record. A partition has one round on its way to the disk; what comes meanwhile is the next one. For bridges.
 */
import { MsecError } from '../base/index.ts';
import { BatchEncoder, type Compression, type Header } from '../batch/index.ts';
import type { Log, Transaction } from './port.ts';

export interface RecordAppenderOptions {
  /** Records that may wait; one more is refused with QUOTA_EXCEEDED. Default 65,536. */
  readonly recordsMax?: number;
  /** The same in bytes. Default 32 MiB. */
  readonly bytesMax?: number;
  /** Default 256 KiB. */
  readonly batchBytesMax?: number;
  readonly compression?: Compression;
  /** Default 'refusable': what a bridge appends comes from outside. */
  readonly admission?: Transaction['admission'];
}

const NO_BYTES = new Uint8Array(0);

interface Waiter {
  readonly resolve: (offset: number) => void;
  readonly reject: (error: Error) => void;
}

class Lane {
  readonly topic: string;
  readonly partition: number;
  readonly encoder: BatchEncoder;
  waiters: Waiter[] = [];
  isCommitting = false;
  isScheduled = false;

  constructor(topic: string, partition: number, encoder: BatchEncoder) {
    this.topic = topic;
    this.partition = partition;
    this.encoder = encoder;
  }
}

export class RecordAppender {
  readonly #log: Pick<Log, 'commit'>;
  readonly #options: RecordAppenderOptions;
  readonly #recordsMax: number;
  readonly #bytesMax: number;
  readonly #lanes = new Map<string, (Lane | undefined)[]>();
  #records = 0;
  #bytes = 0;
  #isClosed = false;
  #idle = Promise.withResolvers<void>();

  constructor(log: Pick<Log, 'commit'>, options: RecordAppenderOptions = {}) {
    this.#log = log;
    this.#options = options;
    this.#recordsMax = options.recordsMax ?? 65_536;
    this.#bytesMax = options.bytesMax ?? 32 * 1024 * 1024;
  }

  /** Records that were handed in and are not yet durable. */
  get pendingRecords(): number {
    return this.#records;
  }

  /**
   * Resolves with the record's offset once it is durable. Key, value and headers are copied before this returns.
   * Records of one partition keep the order of the calls. QUOTA_EXCEEDED, TOPIC_UNKNOWN, BATCH_TOO_LARGE, CLOSED.
   */
  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: readonly Header[],
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new MsecError('CLOSED', 'the appender is closed');
      if (this.#records >= this.#recordsMax || this.#bytes >= this.#bytesMax) {
        throw new MsecError('QUOTA_EXCEEDED', `${this.#records} records wait for the disk`);
      }
      const lane = this.#lane(topic, partition);
      const { encoder } = lane;
      const before = encoder.byteLength;
      encoder.append(
        timestamp,
        key ?? NO_BYTES,
        key === null ? -1 : 0,
        key?.length ?? 0,
        value ?? NO_BYTES,
        value === null ? -1 : 0,
        value?.length ?? 0,
        headers,
      );
      lane.waiters.push({ resolve, reject });
      this.#records++;
      this.#bytes += encoder.byteLength - before;
      this.#schedule(lane);
    });
  }

  /** Refuses what comes from now on and waits for what was handed in. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#records > 0) await this.#idle.promise;
  }

  #lane(topic: string, partition: number): Lane {
    let lanes = this.#lanes.get(topic);
    if (lanes === undefined) {
      lanes = [];
      this.#lanes.set(topic, lanes);
    }
    const known = lanes[partition];
    if (known !== undefined) return known;
    if (!Number.isInteger(partition) || partition < 0) {
      throw new MsecError('TOPIC_UNKNOWN', `${topic} has no partition ${partition}`, { field: 'partition' });
    }
    const { batchBytesMax = 256 * 1024, compression } = this.#options;
    const encoder = new BatchEncoder({ batchBytesMax, ...(compression === undefined ? {} : { compression }) });
    const lane = new Lane(topic, partition, encoder);
    lanes[partition] = lane;
    return lane;
  }

  /** A name that came from outside must not stay. */
  #forget(lane: Lane): void {
    const lanes = this.#lanes.get(lane.topic);
    if (lane.waiters.length > 0 || lanes?.[lane.partition] !== lane) return;
    delete lanes[lane.partition];
    if (lanes.every((other) => other === undefined)) this.#lanes.delete(lane.topic);
  }

  /** At the end of the turn, so that all who were woken by the last round are in the next. */
  #schedule(lane: Lane): void {
    if (lane.isScheduled || lane.isCommitting) return;
    lane.isScheduled = true;
    queueMicrotask(() => {
      lane.isScheduled = false;
      void this.#commitRound(lane);
    });
  }

  async #commitRound(lane: Lane): Promise<void> {
    const { waiters, encoder, topic, partition } = lane;
    lane.waiters = [];
    lane.isCommitting = true;
    const roundBytes = encoder.byteLength;
    try {
      const bytes = encoder.finish();
      const { admission = 'refusable' } = this.#options;
      const { baseOffsets } = await this.#log.commit({ appends: [{ topic, partition, bytes }], admission });
      let offset = baseOffsets[0]!;
      for (const { resolve } of waiters) resolve(offset++);
    } catch (error) {
      for (const { reject } of waiters) reject(error as Error);
      if (error instanceof MsecError && error.code === 'TOPIC_UNKNOWN') this.#forget(lane);
    }
    lane.isCommitting = false;
    this.#records -= waiters.length;
    this.#bytes -= roundBytes;
    if (lane.waiters.length > 0) this.#schedule(lane);
    if (this.#records > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }
}
