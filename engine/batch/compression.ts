/**
 * The codecs of a batch's records. Reading knows all four of Kafka's, writing two. Whatever a block claims, no more
 * than the caller's limit is ever unpacked: each size is known before native code allocates it.
 */
import { gunzipSync, constants as zlibConstants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { uncompressSync as snappyUncompressSync } from 'snappy';
import { corrupt, readI32 } from './layout.ts';
import { decompressLz4Frame } from './lz4-frame.ts';
import { bomb, type UnpackedRecords } from './unpacked-records.ts';

export const CODEC_NONE = 0;
const CODEC_GZIP = 1;
const CODEC_SNAPPY = 2;
const CODEC_LZ4 = 3;
const CODEC_ZSTD = 4;

/** What the encoder can write. */
export type Compression = 'none' | 'lz4' | 'zstd';
export const CODEC_OF: Readonly<Record<Compression, number>> = { none: CODEC_NONE, lz4: CODEC_LZ4, zstd: CODEC_ZSTD };

const FIELD = 'records';
/** xerial's stream header, which the Java client writes: 0x82 "SNAPPY" 0, version i32, compatible i32. */
const XERIAL_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);
const XERIAL_HEADER_BYTES = 16;

/**
 * Unpacks bytes[start, end) into `into`. BATCH_CORRUPT for an unknown codec, bytes that do not unpack, and more than
 * `bytesMax` unpacked bytes.
 */
export function decompress(
  codec: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  bytesMax: number,
  into: UnpackedRecords,
): void {
  into.length = 0;
  if (codec === CODEC_SNAPPY && isXerial(bytes, start, end)) {
    decompressXerial(bytes, start, end, bytesMax, into);
    return;
  }
  if (codec === CODEC_LZ4) {
    decompressLz4Frame(bytes, start, end, bytesMax, into);
    return;
  }
  const block = bytes.subarray(start, end);
  let unpacked: Uint8Array;
  try {
    if (codec === CODEC_GZIP) unpacked = gunzipSync(block, { maxOutputLength: bytesMax });
    else if (codec === CODEC_ZSTD) unpacked = zstdDecompressSync(block, { maxOutputLength: bytesMax });
    else if (codec === CODEC_SNAPPY) unpacked = snappyBlock(bytes, start, end, bytesMax, 0);
    else throw corrupt(`codec ${codec} is unknown`, 'attributes', start);
  } catch (error) {
    throw asCorrupt(error, start, bytesMax);
  }
  into.ensure(unpacked.length);
  into.append(unpacked);
}

/** An own copy of bytes[start, end), packed. `codec` is one of CODEC_OF but not none. */
export function compress(codec: number, bytes: Uint8Array, start: number, end: number): Uint8Array {
  const block = bytes.subarray(start, end);
  if (codec === CODEC_LZ4) return compressFrameSync(asBuffer(block));
  // Level 1 packs device frames within a few percent of the default 3 at a multiple of its speed.
  return zstdCompressSync(block, { params: { [zlibConstants.ZSTD_c_compressionLevel]: 1 } });
}

function asBuffer(view: Uint8Array): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.length);
}

function asCorrupt(error: unknown, start: number, bytesMax: number): Error {
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'BATCH_CORRUPT') return error;
    if (error.code === 'ERR_BUFFER_TOO_LARGE') return bomb(start, bytesMax);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return corrupt(`records do not unpack: ${reason}`, FIELD, start, error);
}

function isXerial(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < XERIAL_HEADER_BYTES) return false;
  for (let i = 0; i < XERIAL_MAGIC.length; i++) if (bytes[start + i] !== XERIAL_MAGIC[i]) return false;
  return true;
}

/** After the header: (length i32, snappy block)*. */
function decompressXerial(
  bytes: Uint8Array,
  start: number,
  end: number,
  bytesMax: number,
  into: UnpackedRecords,
): void {
  const blocks: Uint8Array[] = [];
  let total = 0;
  let at = start + XERIAL_HEADER_BYTES;
  while (at < end) {
    if (end - at < 4) throw corrupt('a snappy block is cut off', FIELD, at);
    const length = readI32(bytes, at);
    if (length <= 0 || length > end - at - 4) throw corrupt(`a snappy block of ${length} bytes`, FIELD, at);
    let unpacked: Uint8Array;
    try {
      unpacked = snappyBlock(bytes, at + 4, at + 4 + length, bytesMax, total);
    } catch (error) {
      throw asCorrupt(error, at, bytesMax);
    }
    blocks.push(unpacked);
    total += unpacked.length;
    at += 4 + length;
  }
  into.ensure(total);
  for (const block of blocks) into.append(block);
}

/** A raw block starts with its unpacked length (little-endian base 128), which native code would allocate unseen. */
function snappyBlock(bytes: Uint8Array, start: number, end: number, bytesMax: number, before: number): Uint8Array {
  let length = 0;
  let at = start;
  for (let factor = 1; ; factor *= 128) {
    if (at >= end || at - start > 4) throw corrupt('the length of a snappy block is malformed', FIELD, start);
    const byte = bytes[at++]!;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  if (before + length > bytesMax) throw bomb(start, bytesMax);
  return snappyUncompressSync(bytes.subarray(start, end)) as Buffer;
}
