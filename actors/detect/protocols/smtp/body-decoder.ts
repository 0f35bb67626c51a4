/**
 * Bodies of a mail's parts out of their coding, line by line, handed on in Suricata's pieces: where a piece ends decides
 * what URLs are found in it. What follows a line's end is known with the next line only, since the last one belongs to the
 * boundary behind it.
 */
import { FIELD_BYTES } from './limits.ts';
import type { Transfer } from './mime-entity.ts';

/** What comes out, in pieces of no more than this. */
const PIECE_BYTES = 3072;
const LINE_END = Uint8Array.of(0x0d, 0x0a);
const EQUALS = 0x3d;
const BLOCK = 4;

/** By byte: its six bits; 64: padding; 255: none of the alphabet. */
const SIX_BITS = new Uint8Array(256).fill(255);
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/='].entries())
  SIX_BITS[char.charCodeAt(0)] = value;
const PADDING = 64;
const NOT_OF_IT = 255;

/** False: the body cannot be followed any further. */
export type TakePiece = (piece: Uint8Array) => boolean;

export interface BodyNotes {
  invalidQuoted(): void;
  longLine(): void;
}

export class BodyDecoder {
  readonly #take: TakePiece;
  readonly #notes: BodyNotes;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  #length = 0;
  /** Of a block of base64 what has come, less than a whole one. */
  #block: number[] = [];

  constructor(take: TakePiece, notes: BodyNotes) {
    this.#take = take;
    this.#notes = notes;
  }

  /** False: it cannot be followed any further. `end`: the line's own end, none where only a part of it came. */
  line(line: Uint8Array, end: Uint8Array, transfer: Transfer): boolean {
    if (transfer === 'base64') return this.#base64(line);
    return transfer === 'quoted' ? this.#quoted(line, end) : this.#plain(line, end);
  }

  /** The body is over. */
  complete(transfer: Transfer): boolean {
    if (this.#block.length > 0) {
      while (this.#block.length < BLOCK) this.#block.push(PADDING);
      this.#makeRoom(3);
      this.#decodeBlock();
      this.#makeRoom(3);
    }
    // Of plain text the last end of line belongs to the boundary.
    if (transfer === 'plain') this.#length = 0;
    return this.#flush();
  }

  #flush(): boolean {
    const isTaken = this.#take(this.#piece.subarray(0, this.#length));
    this.#length = 0;
    return isTaken;
  }

  #makeRoom(bytes: number): boolean {
    return PIECE_BYTES - this.#length >= bytes || this.#flush();
  }

  #plain(line: Uint8Array, end: Uint8Array): boolean {
    let isFollowed = true;
    for (let at = 0; at < line.length; ) {
      const part = line.subarray(at, at + PIECE_BYTES - this.#length);
      this.#piece.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length === PIECE_BYTES) isFollowed = this.#flush();
    }
    if (isFollowed) isFollowed = this.#flush();
    this.#piece.set(end);
    this.#length = end.length;
    return isFollowed;
  }

  #add(byte: number): void {
    this.#piece[this.#length] = byte;
    this.#length += 1;
  }

  #quoted(line: Uint8Array, end: Uint8Array): boolean {
    if (line.length > FIELD_BYTES.encodedLine) this.#notes.longLine();
    if (line.length === 0) {
      for (const byte of end) this.#add(byte);
      return this.#flush();
    }
    let isFollowed = true;
    for (let at = 0; at < line.length; ) {
      const left = line.length - at;
      const byte = line[at]!;
      let used = 1;
      let isWritten = byte !== EQUALS;
      if (isWritten) this.#add(byte);
      else if (left > 1) {
        const value = left < 3 ? -1 : hexByte(line[at + 1]!, line[at + 2]!);
        if (value === -1) this.#notes.invalidQuoted();
        else {
          this.#add(value);
          used = 3;
          isWritten = true;
        }
      }
      at += used;
      if (isWritten && at === line.length && end.length > 0) for (const one of LINE_END) this.#add(one);
      isFollowed = this.#makeRoom(LINE_END.length + 1);
    }
    return isFollowed;
  }

  #base64(line: Uint8Array): boolean {
    if (line.length > FIELD_BYTES.encodedLine) this.#notes.longLine();
    if (this.#block.length + line.length < BLOCK) return this.#keep(line);
    let at = 0;
    if (this.#block.length > 0) {
      for (; at < line.length && this.#block.length < BLOCK; at += 1)
        if (SIX_BITS[line[at]!] !== NOT_OF_IT) this.#block.push(SIX_BITS[line[at]!]!);
      this.#makeRoom(3);
      if (this.#block.length === BLOCK) {
        this.#decodeBlock();
        this.#makeRoom(3);
      }
      if (line.length - at < BLOCK) return this.#keep(line.subarray(at));
    }
    const isFollowed = this.#blocks(line.subarray(at));
    return isFollowed && (this.#length === 0 || this.#flush());
  }

  /** Whole blocks; what is left of the last one waits. */
  #blocks(line: Uint8Array): boolean {
    for (const byte of line) {
      if (SIX_BITS[byte] === NOT_OF_IT) continue;
      this.#block.push(SIX_BITS[byte]!);
      if (this.#block.length < BLOCK) continue;
      this.#decodeBlock();
      if (!this.#makeRoom(3)) return false;
    }
    return true;
  }

  /** Less than makes a block. */
  #keep(bytes: Uint8Array): boolean {
    for (const byte of bytes) if (SIX_BITS[byte] !== NOT_OF_IT) this.#block.push(SIX_BITS[byte]!);
    return true;
  }

  #decodeBlock(): void {
    const padding = this.#block.filter((bits) => bits === PADDING).length;
    const [a, b, c, d] = this.#block.map((bits) => (bits === PADDING ? 0 : bits)) as [number, number, number, number];
    const bytes = [(a << 2) | (b >> 4), (b << 4) | (c >> 2), (c << 6) | d];
    for (const byte of bytes.slice(0, padding < BLOCK ? bytes.length - padding : 0)) this.#add(byte & 255);
    this.#block = [];
  }
}

/** Of two digits in capitals; -1: they are none. */
function hexByte(high: number, low: number): number {
  const [a, b] = [hexDigit(high), hexDigit(low)];
  return a === -1 || b === -1 ? -1 : (a << 4) | b;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x41 && byte <= 0x46 ? byte - 0x37 : -1;
}
