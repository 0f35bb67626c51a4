/**
 * The changelog's format: a chunk is what one transaction changed in the state of one stage, cut at 256 KiB.
 *
 *   chunk   := version u8 (1), section*
 *   section := name length u8, name, unit bytes u32 (row width; 0 for values), change*, 0 u8
 *   change  := 1 u8, slot u32, sub f64, key length u32, key, content length u32, content      a whole row
 *            | 2 u8, slot u32, block u32, 64 bytes                                            a block of a known row
 *            | 3 u8, slot u32                                                                 a removed row
 *   the section of no name holds the watermarks: its rows have the input's name as key and f64 content
 *
 * Numbers are big-endian; the content of rows is memory as it is (little-endian on every machine that Node runs on).
 */
import { ByteWriter, MsecError } from '../base/index.ts';
import type { KeyTable } from '../batch/index.ts';

const VERSION = 1;
const CHUNK_BYTES_MAX = 256 * 1024;
const WRITER_BYTES_MIN = 4096;
/** More than this is not kept for the next transaction. */
const RETAINED_BYTES_MAX = 16 * 1024 * 1024;
const END = 0;
const ROW = 1;
const BLOCK = 2;
const REMOVED = 3;
const BLOCK_BYTES = 64;

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** The (key id, sub) of each slot. */
interface SlotPairs {
  readonly keyIds: Int32Array;
  readonly subs: Float64Array;
}

export class ChangeWriter {
  /** All chunks, one after another. */
  #writer = new ByteWriter(WRITER_BYTES_MIN);
  readonly #ends: number[] = [];
  #chunkStart = 0;
  #section: { name: Uint8Array; unitBytes: number } | null = null;
  #isEmpty = true;

  /** Bytes written since the last `take`. */
  get bytes(): number {
    return this.#writer.position;
  }

  get hasChanges(): boolean {
    return !this.#isEmpty;
  }

  section(name: string, unitBytes: number): void {
    this.#endSection();
    this.#section = { name: utf8.encode(name), unitBytes };
    this.#writeSectionHead();
  }

  /** `slots` says which pair the row is of. */
  row(slot: number, keys: KeyTable, slots: SlotPairs, content: Uint8Array, start: number, length: number): void {
    const keyId = slots.keyIds[slot];
    const keyStart = keys.startOf(keyId);
    const keyEnd = keys.endOf(keyId);
    this.#change(ROW, slot);
    const w = this.#writer;
    w.f64(slots.subs[slot]);
    w.u32(keyEnd - keyStart);
    w.copy(keys.arena, keyStart, keyEnd);
    w.u32(length);
    w.copy(content, start, start + length);
  }

  /** A row under a plain text key, for what is not keyed by records. */
  named(name: string, value: number): void {
    const key = utf8.encode(name);
    this.#change(ROW, 0);
    const w = this.#writer;
    w.f64(0);
    w.u32(key.length);
    w.copy(key);
    w.u32(8);
    w.f64(value);
  }

  block(slot: number, block: number, content: Uint8Array, start: number): void {
    this.#change(BLOCK, slot);
    this.#writer.u32(block);
    this.#writer.copy(content, start, start + BLOCK_BYTES);
  }

  removed(slot: number): void {
    this.#change(REMOVED, slot);
  }

  /** The finished chunks, valid until something is written again; none when nothing changed. */
  take(): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    const writer = this.#writer;
    if (!this.#isEmpty) {
      this.#endSection();
      this.#ends.push(writer.position);
      let start = 0;
      for (const end of this.#ends) {
        chunks.push(writer.bytes.subarray(start, end));
        start = end;
      }
    }
    this.#ends.length = 0;
    this.#chunkStart = 0;
    if (writer.bytes.length > RETAINED_BYTES_MAX) this.#writer = new ByteWriter(WRITER_BYTES_MIN);
    else writer.clear();
    this.#section = null;
    this.#isEmpty = true;
    return chunks;
  }

  #change(kind: number, slot: number): void {
    if (this.#writer.position - this.#chunkStart > CHUNK_BYTES_MAX) {
      this.#writer.u8(END);
      this.#chunkStart = this.#writer.position;
      this.#ends.push(this.#chunkStart);
      this.#writeSectionHead();
    }
    this.#isEmpty = false;
    this.#writer.u8(kind);
    this.#writer.u32(slot);
  }

  #writeSectionHead(): void {
    if (this.#section === null) return;
    if (this.#writer.position === this.#chunkStart) this.#writer.u8(VERSION);
    this.#writer.u8(this.#section.name.length);
    this.#writer.copy(this.#section.name);
    this.#writer.u32(this.#section.unitBytes);
  }

  #endSection(): void {
    if (this.#section !== null) this.#writer.u8(END);
  }
}

/** Walks one chunk. What it reads comes from our own log, so anything odd is corruption and stops the restore. */
export class ChangeReader {
  kind: 'row' | 'block' | 'removed' = 'row';
  slot = 0;
  sub = 0;
  block = 0;
  sectionName = '';
  unitBytes = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 1;
  #keyStart = 0;
  #keyEnd = 0;
  #contentStart = 0;
  #contentEnd = 0;

  constructor(chunk: Uint8Array) {
    this.#bytes = chunk;
    this.#view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (chunk[0] !== VERSION) throw this.#corrupt('version', 0);
  }

  nextSection(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const nameEnd = this.#need('section name', 1 + this.#view.getUint8(this.#at));
    this.sectionName = utf8Decoder.decode(this.#bytes.subarray(this.#at + 1, nameEnd));
    this.#at = nameEnd;
    const end = this.#need('unit bytes', 4);
    this.unitBytes = this.#view.getUint32(this.#at);
    this.#at = end;
    return true;
  }

  /** False at the end of the section. */
  next(): boolean {
    this.#need('change', 1);
    const kind = this.#view.getUint8(this.#at++);
    if (kind === END) return false;
    this.#need('slot', 4);
    this.slot = this.#u32();
    if (kind === REMOVED) {
      this.kind = 'removed';
    } else if (kind === BLOCK) {
      this.kind = 'block';
      this.#need('block', 4 + BLOCK_BYTES);
      this.block = this.#u32();
      this.#contentStart = this.#at;
      this.#at = this.#contentEnd = this.#at + BLOCK_BYTES;
    } else if (kind === ROW) {
      this.kind = 'row';
      this.#need('row', 12);
      this.sub = this.#view.getFloat64(this.#at);
      this.#at += 8;
      const keyBytes = this.#u32();
      this.#keyStart = this.#at;
      this.#at = this.#keyEnd = this.#need('key', keyBytes);
      this.#need('content', 4);
      const contentBytes = this.#u32();
      this.#contentStart = this.#at;
      this.#at = this.#contentEnd = this.#need('content', contentBytes);
    } else throw this.#corrupt('kind of change', this.#at - 1);
    return true;
  }

  internKey(keys: KeyTable): number {
    return keys.intern(this.#bytes, this.#keyStart, this.#keyEnd);
  }

  keyText(): string {
    return utf8Decoder.decode(this.#bytes.subarray(this.#keyStart, this.#keyEnd));
  }

  /** A view; `length` is what it must have. */
  content(length = this.#contentEnd - this.#contentStart): Uint8Array {
    if (this.#contentEnd - this.#contentStart !== length) throw this.#corrupt('content', this.#contentStart);
    return this.#bytes.subarray(this.#contentStart, this.#contentEnd);
  }

  number(): number {
    return this.#view.getFloat64(this.#contentStart);
  }

  #u32(): number {
    const value = this.#view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  #need(field: string, bytes: number): number {
    if (this.#at + bytes > this.#bytes.length) throw this.#corrupt(field, this.#at);
    return this.#at + bytes;
  }

  #corrupt(field: string, byteOffset: number): MsecError {
    return new MsecError('STATE_CORRUPT', `The state's changelog cannot be read: ${field} at byte ${byteOffset}.`, {
      field,
      byteOffset,
    });
  }
}
