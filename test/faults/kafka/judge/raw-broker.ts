/**
 * The judge's own line to the broker, past the proxy and past every client under test: the four requests it needs, in
 * fixed versions that Kafka 3.5 to 4.1 speak. No metadata: there is one broker, and its port is known.
 */
import { createConnection, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { FrameSplitter } from '../proxy/frame-splitter.ts';
import { type AbortedRange, committedRecords, type RawBatch, type RawRecord, rawBatches } from './raw-records.ts';

const LIST_OFFSETS = { key: 2, version: 2 };
const FETCH = { key: 1, version: 4 };
const OFFSET_FETCH = { key: 9, version: 7 };
const FETCH_BYTES_MAX = 8 * 1024 * 1024;
const NOT_LEADER_OR_FOLLOWER = 6;
const NO_LEADER_ATTEMPTS = 300;
const NO_LEADER_PAUSE_MS = 100;
const UNSTABLE_OFFSET_COMMIT = 88;

export interface Fetched {
  readonly records: readonly RawRecord[];
  /** Where to go on reading. */
  readonly next: number;
}

export class RawBroker {
  readonly #socket: Socket;
  readonly #waiting: { resolve(answer: Reader): void; reject(error: Error): void }[] = [];
  #correlationId = 0;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const splitter = new FrameSplitter((frame) => this.#waiting.shift()?.resolve(new Reader(frame, 8)));
    socket.on('data', (chunk) => splitter.push(chunk));
    const fail = (error: Error) => {
      this.#failure ??= error;
      for (const each of this.#waiting.splice(0)) each.reject(this.#failure);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the broker closed the connection')));
  }

  static async connect(address: string): Promise<RawBroker> {
    const colon = address.lastIndexOf(':');
    const socket = createConnection({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
    const broker = new RawBroker(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return broker;
  }

  /** The end of each partition: of what is decided (`stable`), and of what is written. */
  async ends(topic: string, partitions: number): Promise<{ readonly stable: number[]; readonly written: number[] }> {
    const ends = (isolation: number) => whileNoLeader(() => this.#ends(topic, partitions, isolation));
    return { stable: await ends(1), written: await ends(0) };
  }

  /** What is committed from an offset on, as much as comes at once; nothing where there is nothing yet. */
  async fetch(topic: string, partition: number, from: number): Promise<Fetched> {
    const { bytes, aborted } = await whileNoLeader(() => this.#fetch(topic, partition, from, 1));
    return committedRecords(bytes, from, aborted);
  }

  /** Everything that is written in a partition, decided or not. */
  async batches(topic: string, partition: number): Promise<RawBatch[]> {
    const batches: RawBatch[] = [];
    for (;;) {
      const next = batches.length === 0 ? 0 : batches.at(-1)!.last + 1;
      const { bytes } = await whileNoLeader(() => this.#fetch(topic, partition, next, 0));
      const more = [...rawBatches(bytes)];
      if (more.length === 0) return batches;
      batches.push(...more);
    }
  }

  async #fetch(
    topic: string,
    partition: number,
    from: number,
    isolation: number,
  ): Promise<{ readonly bytes: Buffer; readonly aborted: AbortedRange[] }> {
    const body = new Writer().i32(-1).i32(0).i32(0).i32(FETCH_BYTES_MAX).i8(isolation);
    body.i32(1).string(topic).i32(1).i32(partition).i64(from).i32(FETCH_BYTES_MAX);
    const answer = await this.#ask(FETCH, body);
    answer.skip(4 + 4);
    answer.string();
    answer.skip(4 + 4);
    check(answer.i16(), `Fetch of ${topic}-${partition}`);
    answer.skip(16);
    const aborted: AbortedRange[] = [];
    for (let left = Math.max(answer.i32(), 0); left > 0; left--) {
      aborted.push({ producerId: answer.i64(), firstOffset: Number(answer.i64()) });
    }
    return { bytes: answer.bytes(answer.i32()), aborted };
  }

  /** The group's offset once no transaction holds it open; null where there is none. One topic, one partition. */
  async committedOffset(group: string, topic: string, partition: number): Promise<number | null | 'unstable'> {
    const body = new Writer().compact(group).i8(2).compact(topic).i8(2).i32(partition).i8(0).i8(1).i8(0);
    const answer = await this.#ask(OFFSET_FETCH, body);
    answer.skip(1 + 4);
    // Without topics it says why: the group's coordinator does not serve it yet.
    if (answer.u8() < 2) return 'unstable';
    answer.compact();
    answer.skip(1 + 4);
    const offset = Number(answer.i64());
    answer.skip(4);
    answer.compact();
    const error = answer.i16();
    if (error === UNSTABLE_OFFSET_COMMIT) return 'unstable';
    check(error, `OffsetFetch of ${group}`);
    return offset < 0 ? null : offset;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ends(topic: string, partitions: number, isolation: number): Promise<number[]> {
    const body = new Writer().i32(-1).i8(isolation).i32(1).string(topic).i32(partitions);
    for (let partition = 0; partition < partitions; partition++) body.i32(partition).i64(-1);
    const answer = await this.#ask(LIST_OFFSETS, body);
    answer.skip(4 + 4);
    answer.string();
    const ends: number[] = new Array(partitions).fill(0);
    for (let left = answer.i32(); left > 0; left--) {
      const partition = answer.i32();
      check(answer.i16(), `ListOffsets of ${topic}-${partition}`);
      answer.skip(8);
      ends[partition] = Number(answer.i64());
    }
    return ends;
  }

  #ask({ key, version }: { readonly key: number; readonly version: number }, body: Writer): Promise<Reader> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const head = new Writer()
      .i16(key)
      .i16(version)
      .i32(this.#correlationId++)
      .string('judge');
    if (key === OFFSET_FETCH.key) head.i8(0);
    const bytes = Buffer.concat([head.take(), body.take()]);
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(Buffer.concat([length, bytes]));
    });
  }
}

class NoLeader extends Error {}

/** On a busy machine the only broker is taken for dead for a while, and nobody leads its partitions. */
async function whileNoLeader<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof NoLeader) || attempt === NO_LEADER_ATTEMPTS) throw error;
      await pause(NO_LEADER_PAUSE_MS);
    }
  }
}

function check(error: number, what: string): void {
  if (error === NOT_LEADER_OR_FOLLOWER) throw new NoLeader(`Kafka answers that nobody leads to ${what}`);
  if (error !== 0) throw new Error(`Kafka answers error ${error} to ${what}`);
}

class Writer {
  readonly #parts: Buffer[] = [];

  #add(size: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.alloc(size);
    write(bytes);
    this.#parts.push(bytes);
    return this;
  }

  i8 = (value: number): this => this.#add(1, (bytes) => bytes.writeInt8(value));
  i16 = (value: number): this => this.#add(2, (bytes) => bytes.writeInt16BE(value));
  i32 = (value: number): this => this.#add(4, (bytes) => bytes.writeInt32BE(value));
  i64 = (value: number): this => this.#add(8, (bytes) => bytes.writeBigInt64BE(BigInt(value)));

  string(value: string): this {
    this.i16(Buffer.byteLength(value));
    this.#parts.push(Buffer.from(value));
    return this;
  }

  /** At most 126 bytes, so that the length is one byte. */
  compact(value: string): this {
    this.i8(Buffer.byteLength(value) + 1);
    this.#parts.push(Buffer.from(value));
    return this;
  }

  take(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  skip(length: number): void {
    this.#at += length;
  }

  u8(): number {
    return this.#bytes[this.#at++]!;
  }

  i16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  i32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  i64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  string(): string {
    return this.bytes(this.i16()).toString();
  }

  compact(): string {
    return this.bytes(this.u8() - 1).toString();
  }

  bytes(length: number): Buffer {
    this.#at += Math.max(length, 0);
    return this.#bytes.subarray(this.#at - Math.max(length, 0), this.#at);
  }
}
