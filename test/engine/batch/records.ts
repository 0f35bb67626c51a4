/** Records as plain objects, for tests: how they are made, written by our encoder and read back by our cursor. */
import fc from 'fast-check';
import { BatchCursor, type BatchEncoder, type CursorOptions, type Header } from '../../../engine/batch/index.ts';

export interface PlainRecord {
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
}

const bytesOrNull = (maxLength: number) =>
  fc.oneof({ weight: 4, arbitrary: fc.uint8Array({ maxLength }) }, { weight: 1, arbitrary: fc.constant(null) });

const timestamps = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 2 ** 31, -(2 ** 31), 4_102_444_800_000) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
);

// fast-check's default also makes objects without a prototype, which a deep comparison tells apart.
const plain = { noNullPrototype: true };
const header = fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 20 }), value: bytesOrNull(20) }, plain);

export const anyRecord: fc.Arbitrary<PlainRecord> = fc.record(
  {
    timestamp: timestamps,
    key: bytesOrNull(80),
    value: bytesOrNull(300),
    headers: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(header) }),
  },
  plain,
);

const EMPTY = new Uint8Array(0);

export function append(encoder: BatchEncoder, record: PlainRecord): void {
  const { timestamp, key, value, headers } = record;
  encoder.append(
    timestamp,
    key ?? EMPTY,
    key === null ? -1 : 0,
    key?.length ?? -1,
    value ?? EMPTY,
    value === null ? -1 : 0,
    value?.length ?? -1,
    headers,
  );
}

export interface ReadRecord extends PlainRecord {
  readonly offset: number;
}

/** Everything that a cursor finds, copied. */
export function readAll(bytes: Uint8Array, options: CursorOptions = {}): ReadRecord[] {
  const cursor = new BatchCursor(options);
  cursor.reset(bytes);
  const records: ReadRecord[] = [];
  while (cursor.next()) records.push(recordAt(cursor));
  return records;
}

export function recordAt(cursor: BatchCursor): ReadRecord {
  const { offset, timestamp, bytes } = cursor;
  const key = cursor.keyStart < 0 ? null : bytes.slice(cursor.keyStart, cursor.keyEnd);
  const value = cursor.valueStart < 0 ? null : bytes.slice(cursor.valueStart, cursor.valueEnd);
  return { offset, timestamp, key, value, headers: cursor.readHeaders() };
}
