/**
 * Record batches (v2, uncompressed) as the judge reads them, after the format's documentation, with the aborted ones
 * left out as a consumer under read committed has to. Shares nothing with engine/batch, which it judges.
 */

export interface RawRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

/** The producer's batches from this offset to its next abort marker are aborted. */
export interface AbortedRange {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

const HEADER_BYTES = 61;
const COMPRESSION = 0x07;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const ABORT_MARKER = 0;

export interface RawBatch {
  readonly base: number;
  readonly last: number;
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
  readonly isTransactional: boolean;
  /** Of a control batch. */
  readonly marker: 'commit' | 'abort' | null;
  readonly records: readonly RawRecord[];
}

/** Every whole batch, of whatever kind. */
export function* rawBatches(bytes: Buffer): Generator<RawBatch> {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    // The last batch of an answer may be cut off.
    if (end > bytes.length) return;
    const base = Number(bytes.readBigInt64BE(at));
    const attributes = bytes.readInt16BE(at + 21);
    if ((attributes & COMPRESSION) !== 0) throw new Error('the judge reads no compressed batches');
    const isControl = (attributes & CONTROL) !== 0;
    const start = at + HEADER_BYTES;
    yield {
      base,
      last: base + bytes.readInt32BE(at + 23),
      producerId: bytes.readBigInt64BE(at + 43),
      epoch: bytes.readInt16BE(at + 51),
      sequence: bytes.readInt32BE(at + 53),
      isTransactional: (attributes & TRANSACTIONAL) !== 0,
      marker: !isControl ? null : markerOf(bytes, start) === ABORT_MARKER ? 'abort' : 'commit',
      records: isControl ? [] : [...recordsOf(bytes, start, bytes.readInt32BE(at + 57), base)],
    };
    at = end;
  }
}

export function committedRecords(
  bytes: Buffer,
  from: number,
  aborted: readonly AbortedRange[],
): { readonly records: RawRecord[]; readonly next: number } {
  const waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const active = new Set<bigint>();
  const records: RawRecord[] = [];
  let next = from;
  for (const batch of rawBatches(bytes)) {
    while (waiting.length > 0 && waiting[0]!.firstOffset <= batch.last) active.add(waiting.shift()!.producerId);
    const isAborted = batch.isTransactional && active.has(batch.producerId);
    if (batch.marker === 'abort') active.delete(batch.producerId);
    if (!isAborted) records.push(...batch.records.filter(({ offset }) => offset >= from));
    next = batch.last + 1;
  }
  return { records, next };
}

function* recordsOf(bytes: Buffer, start: number, count: number, base: number): Generator<RawRecord> {
  const cursor = { bytes, at: start };
  for (let i = 0; i < count; i++) {
    const length = varint(cursor);
    const end = cursor.at + length;
    cursor.at++;
    varint(cursor);
    const offset = base + varint(cursor);
    const key = text(cursor);
    const value = text(cursor);
    yield { offset, key, value };
    cursor.at = end;
  }
}

/** A control record's key is a version and a type, of 16 bits each. */
function markerOf(bytes: Buffer, start: number): number {
  const cursor = { bytes, at: start };
  varint(cursor);
  cursor.at++;
  varint(cursor);
  varint(cursor);
  varint(cursor);
  return bytes.readInt16BE(cursor.at + 2);
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

function text(cursor: Cursor): string {
  const length = varint(cursor);
  if (length < 0) return '';
  cursor.at += length;
  return cursor.bytes.toString('utf8', cursor.at - length, cursor.at);
}

/** Zigzag. Timestamps differ by less than 2^53 within a batch. */
function varint(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = cursor.bytes[cursor.at++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 128;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
