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
import { ByteWriter, copyShort, MsecError } from '../base/index.ts';
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
const BLOCK_WORDS = BLOCK_BYTES / 4;
/** A view is made for more: a loop over so many is done before. */
const COPY_BY_WORD_MAX = 64;
/** Kind and slot. */
const HEAD_BYTES = 5;

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

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
    this.#rowHead(slot, keys, slots, length);
    this.#writer.copy(content, start, start + length);
  }

  /** The same of memory that is looked at in words of 32 bits: words[from, from + count). */
  rowOfWords(slot: number, keys: KeyTable, slots: SlotPairs, words: Int32Array, from: number, count: number): void {
    this.#rowHead(slot, keys, slots, 4 * count);
    this.#copyWords(words, from, count);
  }

  #rowHead(slot: number, keys: KeyTable, slots: SlotPairs, length: number): void {
    const keyId = slots.keyIds[slot];
    const keyStart = keys.startOf(keyId);
    const keyEnd = keys.endOf(keyId);
    this.#change(ROW, slot);
    const w = this.#writer;
    w.ensure(16 + keyEnd - keyStart);
    const { view } = w;
    view.setFloat64(w.position, slots.subs[slot]);
    view.setUint32(w.position + 8, keyEnd - keyStart);
    const at = copyShort(view, w.position + 12, keys.arena, keyStart, keyEnd);
    view.setUint32(at, length);
    w.position = at + 4;
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

  /** words[from, from + 16). */
  block(slot: number, block: number, words: Int32Array, from: number): void {
    this.#change(BLOCK, slot);
    this.#writer.u32(block);
    this.#copyWords(words, from, BLOCK_WORDS);
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
    const w = this.#writer;
    w.ensure(HEAD_BYTES);
    w.bytes[w.position] = kind;
    w.view.setUint32(w.position + 1, slot);
    w.position += HEAD_BYTES;
  }

  /** As they lie in memory: the writer's place is no multiple of four. */
  #copyWords(words: Int32Array, from: number, count: number): void {
    const w = this.#writer;
    w.ensure(4 * count);
    const { view } = w;
    let at = w.position;
    if (count <= COPY_BY_WORD_MAX)
      for (let i = from; i < from + count; i++, at += 4) view.setInt32(at, words[i]!, true);
    else w.bytes.set(new Uint8Array(words.buffer, words.byteOffset + 4 * from, 4 * count), at);
    w.position += 4 * count;
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
