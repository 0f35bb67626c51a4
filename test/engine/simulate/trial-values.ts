/** The bytes of the trial's topics, small and binary, so that ten thousand runs cost no minutes. Big-endian. */
import { type ByteWriter, type Codec, MsecError } from '../../../engine/index.ts';

/** What a record asks its actor to do; the oracle has the same list from the specification, in words of its own. */
export const KIND = {
  ok: 0,
  /** Input error at the first stage. */
  reject: 1,
  /** Throws after it has stored and emitted. */
  poison: 2,
  /** As poison, but only each first time. */
  flaky: 3,
  kill: 4,
  heap: 5,
  hang: 6,
  /** Retriable while the dependency is down. */
  needsDependency: 7,
  /** Sent away by the actor itself, which remembers it. */
  refuse: 8,
  /** Input error until the actor is mended. */
  mendable: 9,
  /** Throws in the second stage, after it has stored. */
  poisonLater: 10,
  /** Input error in the second stage until it is mended. */
  mendableLater: 11,
  /** Cannot be decoded while the dependency is down. */
  needsSchema: 12,
} as const;

export interface Reading {
  kind: number;
  id: number;
  amount: number;
}

export interface Counted extends Reading {
  /** How many of this key have been counted, this one included. */
  count: number;
}

export interface WindowResult {
  start: number;
  count: number;
  sum: number;
}

export interface JoinResult {
  start: number;
  readings: number;
  settings: number;
}

export interface Tally {
  count: number;
  sum: number;
}

function check(bytes: Uint8Array, start: number, end: number, length: number): DataView {
  if (end - start !== length)
    throw new MsecError('VALUE_INVALID', `${end - start} bytes instead of ${length}`, {
      field: 'length',
      byteOffset: 0,
    });
  return new DataView(bytes.buffer, bytes.byteOffset + start, length);
}

/** kind u8, id u32, amount i16 */
export function readingCodec(isDown: () => boolean): Codec<Reading> {
  const reading: Reading = { kind: 0, id: 0, amount: 0 };
  return {
    format: 'trial-reading',
    decode(bytes, start, end) {
      const view = check(bytes, start, end, 7);
      reading.kind = view.getUint8(0);
      if (reading.kind > 12) throw new MsecError('VALUE_INVALID', 'no such kind', { field: 'kind', byteOffset: 0 });
      if (reading.kind === KIND.needsSchema && isDown()) throw new MsecError('DEPENDENCY_DOWN', 'no registry');
      reading.id = view.getUint32(1);
      reading.amount = view.getInt16(5);
      return reading;
    },
    encode: writeReading,
  };
}

function writeReading(value: Reading, writer: ByteWriter): void {
  writer.u8(value.kind);
  writer.u32(value.id);
  writer.u16(value.amount & 0xffff);
}

/** reading, count u32 */
export function countedCodec(): Codec<Counted> {
  const counted: Counted = { kind: 0, id: 0, amount: 0, count: 0 };
  return {
    format: 'trial-counted',
    decode(bytes, start, end) {
      const view = check(bytes, start, end, 11);
      counted.kind = view.getUint8(0);
      counted.id = view.getUint32(1);
      counted.amount = view.getInt16(5);
      counted.count = view.getUint32(7);
      return counted;
    },
    encode(value, writer) {
      writeReading(value, writer);
      writer.u32(value.count);
    },
  };
}

/** Three numbers of 64 bits. */
export function numbersCodec<T>(format: string, names: readonly (keyof T & string)[]): Codec<T> {
  return {
    format,
    decode(bytes, start, end) {
      const view = check(bytes, start, end, names.length * 8);
      return Object.fromEntries(names.map((name, i) => [name, view.getFloat64(i * 8)])) as T;
    },
    encode(value, writer) {
      for (const name of names) writer.f64(value[name] as number);
    },
  };
}
