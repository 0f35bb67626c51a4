/**
 * kafkajs's own batch encoder and decoder, as judges that share no code with ours. Their modules are internal to that
 * package and carry no types, so what is used of them is declared here.
 */
import { createRequire } from 'node:module';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { compressSync as snappyCompressSync, uncompressSync as snappyUncompressSync } from 'snappy';

const require = createRequire(import.meta.url);

interface Encoded {
  readonly buffer: Buffer;
}

export interface JudgedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | null | (Buffer | null)[]>>;
}

interface JudgedBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly maxTimestamp: string;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly inTransaction: boolean;
  readonly records: readonly JudgedRecord[];
}

interface RecordOptions {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

interface BatchOptions {
  readonly compression: number;
  readonly firstOffset: unknown;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly lastOffsetDelta: number;
  readonly records: readonly Encoded[];
}

const Long = require('kafkajs/src/utils/long') as { fromValue(value: number): unknown };
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => { offset: number };
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (from: unknown) => Promise<JudgedBatch>;
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (options: RecordOptions) => Encoded;
const { RecordBatch: encodeBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(options: BatchOptions): Promise<Encoded>;
};
const { CompressionCodecs } = require('kafkajs') as { CompressionCodecs: Record<number, () => unknown> };

const codec = (pack: (bytes: Buffer) => Buffer, unpack: (bytes: Buffer) => Buffer) => () => ({
  compress: async (encoder: Encoded) => pack(encoder.buffer),
  decompress: async (bytes: Buffer) => unpack(bytes),
});
CompressionCodecs[2] = codec(snappyCompressSync, (bytes) => snappyUncompressSync(bytes) as Buffer);
CompressionCodecs[3] = codec(compressFrameSync, decompressFrameSync);
CompressionCodecs[4] = codec(zstdCompressSync, zstdDecompressSync);

export const CODECS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** What kafkajs reads from consecutive batches. */
export async function judgeBatches(bytes: Uint8Array): Promise<JudgedBatch[]> {
  const decoder = new Decoder(Buffer.from(bytes));
  const batches: JudgedBatch[] = [];
  while (decoder.offset < bytes.length) batches.push(await decodeBatch(decoder));
  return batches;
}

export interface ForeignRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  readonly headers?: Readonly<Record<string, Uint8Array>>;
}

/** One batch written by kafkajs. */
export async function foreignBatch(
  records: readonly ForeignRecord[],
  compression: number,
  baseOffset: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const first = records[0]?.timestamp ?? 0;
  const encoded = await encodeBatch({
    compression,
    firstOffset: Long.fromValue(baseOffset),
    firstTimestamp: first,
    maxTimestamp: Math.max(...records.map((record) => record.timestamp)),
    lastOffsetDelta: records.length - 1,
    records: records.map((record, offsetDelta) =>
      encodeRecord({
        offsetDelta,
        timestampDelta: record.timestamp - first,
        key: record.key && Buffer.from(record.key),
        value: record.value && Buffer.from(record.value),
        headers: Object.fromEntries(
          Object.entries(record.headers ?? {}).map(([name, value]) => [name, Buffer.from(value)]),
        ),
      }),
    ),
  });
  return new Uint8Array(encoded.buffer);
}
