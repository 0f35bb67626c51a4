/**
 * The codecs of a batch's records. Reading knows all four of Kafka's, writing two. Whatever a block claims, no more
 * than the caller's limit is ever unpacked: each size is known before native code allocates it.
 */
import { gunzipSync, constants as zlibConstants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { uncompressSync as snappyUncompressSync } from 'snappy';
import { corrupt, readI32 } from './layout.ts';

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

/** A recycled buffer that holds one unpacked batch; `bytes` is replaced where it is too small. */
export class UnpackedRecords {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  ensure(length: number): void {
    if (this.bytes.length < length) this.bytes = new Uint8Array(Math.max(length, this.bytes.length * 2, 4096));
  }

  append(source: Uint8Array): void {
    this.bytes.set(source, this.length);
    this.length += source.length;
  }
}

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
  const block = bytes.subarray(start, end);
  let unpacked: Uint8Array;
  try {
    if (codec === CODEC_GZIP) unpacked = gunzipSync(block, { maxOutputLength: bytesMax });
    else if (codec === CODEC_ZSTD) unpacked = zstdDecompressSync(block, { maxOutputLength: bytesMax });
    else if (codec === CODEC_LZ4) {
      checkLz4Frame(bytes, start, end, bytesMax);
      unpacked = decompressFrameSync(asBuffer(block));
    } else if (codec === CODEC_SNAPPY) unpacked = snappyBlock(bytes, start, end, bytesMax, 0);
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
    if (error.code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(start, bytesMax);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return corrupt(`records do not unpack: ${reason}`, FIELD, start, error);
}

function tooLarge(at: number, bytesMax: number): Error {
  return corrupt(`records unpack to more than ${bytesMax} bytes, a decompression bomb`, FIELD, at);
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
  if (before + length > bytesMax) throw tooLarge(start, bytesMax);
  return snappyUncompressSync(bytes.subarray(start, end)) as Buffer;
}

/**
 * Walks an LZ4 frame (LZ4 frame format 1.6.2) without unpacking it, adding up the literals and matches of its blocks,
 * because the native decoder takes no limit. Throws where the sum passes `bytesMax` or the frame does not end with
 * the input.
 */
function checkLz4Frame(bytes: Uint8Array, start: number, end: number, bytesMax: number): void {
  const cut = (at: number) => corrupt('an lz4 frame is malformed', FIELD, at);
  if (end - start < 11 || readI32(bytes, start) !== 0x04224d18) throw cut(start);
  const flags = bytes[start + 4]!;
  if (flags >> 6 !== 1) throw cut(start + 4);
  const blockChecksumBytes = flags & 0x10 ? 4 : 0;
  let at = start + 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
  let total = 0;
  for (;;) {
    if (end - at < 4) throw cut(at);
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    at += 4;
    if (word === 0) break;
    const length = word & 0x7fffffff;
    if (length > end - at) throw cut(at - 4);
    total += word < 0 ? length : lz4BlockLength(bytes, at, at + length, bytesMax);
    if (total > bytesMax) throw tooLarge(at, bytesMax);
    at += length + blockChecksumBytes;
  }
  at += flags & 0x04 ? 4 : 0;
  if (at !== end) throw cut(at);
}

/** Sequences: token (4 bits literals, 4 bits match - 4), longer lengths in bytes of 255, literals, offset u16. */
function lz4BlockLength(bytes: Uint8Array, start: number, end: number, bytesMax: number): number {
  let at = start;
  let total = 0;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (at >= end) throw corrupt('an lz4 block is cut off', FIELD, at);
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    at += literals;
    total += literals;
    if (at > end) throw corrupt('an lz4 literal is cut off', FIELD, at);
    if (at === end) break;
    at += 2;
    let match = (token & 15) + 4;
    if (match === 19) {
      let more: number;
      do {
        if (at >= end) throw corrupt('an lz4 block is cut off', FIELD, at);
        more = bytes[at++]!;
        match += more;
      } while (more === 255);
    }
    if (at > end) throw corrupt('an lz4 match is cut off', FIELD, at);
    total += match;
    if (total > bytesMax) throw tooLarge(start, bytesMax);
  }
  return total;
}
