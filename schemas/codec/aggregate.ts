/** The aggregate of one window as an object, and its Avro form in Confluent's wire format. */
import { AvroReader, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { writeLong, writeString } from './strings.ts';

export interface MeasureAggregate {
  readonly name: string;
  readonly unit: string;
  readonly count: number;
  /** In `unit`; null where count is 0, as are the next three. */
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Of the population. */
  readonly stddev: number | null;
}

export interface DistinctCount {
  readonly name: string;
  readonly count: number | null;
  readonly suppressed: boolean;
}

/** Times are Unix milliseconds; the window holds `windowStart` and not `windowEnd`. */
export interface Aggregate {
  readonly device: string;
  readonly type: string;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly count: number;
  readonly verifiedCount: number;
  readonly measures: readonly MeasureAggregate[];
  readonly distinct: DistinctCount | null;
}

const avro = new AvroReader();

export function encodeAggregate(writer: ByteWriter, schemaId: number, aggregate: Aggregate): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  writeString(writer, aggregate.device);
  writeString(writer, aggregate.type);
  writeLong(writer, aggregate.windowStart);
  writeLong(writer, aggregate.windowEnd);
  writeLong(writer, aggregate.count);
  writeLong(writer, aggregate.verifiedCount);
  if (aggregate.measures.length > 0) writeLong(writer, aggregate.measures.length);
  for (const measure of aggregate.measures) {
    writeString(writer, measure.name);
    writeString(writer, measure.unit);
    writeLong(writer, measure.count);
    writeOptionalDouble(writer, measure.mean);
    writeOptionalDouble(writer, measure.min);
    writeOptionalDouble(writer, measure.max);
    writeOptionalDouble(writer, measure.stddev);
  }
  writer.u8(0);
  const { distinct } = aggregate;
  writer.u8(distinct === null ? 0 : 2);
  if (distinct === null) return;
  writeString(writer, distinct.name);
  writer.u8(distinct.count === null ? 0 : 2);
  if (distinct.count !== null) writeLong(writer, distinct.count);
  writer.u8(distinct.suppressed ? 1 : 0);
}

/** Reads what encodeAggregate wrote. Throws AVRO_INVALID. */
export function decodeAggregate(bytes: Uint8Array, start = 0, end = bytes.length): Aggregate {
  avro.open(bytes, start, end);
  const head = {
    device: avro.string('device'),
    type: avro.string('type'),
    windowStart: avro.long('windowStart'),
    windowEnd: avro.long('windowEnd'),
    count: avro.long('count'),
    verifiedCount: avro.long('verifiedCount'),
  };
  const measures: MeasureAggregate[] = [];
  for (let count = avro.block('measures'); count > 0; count = avro.block('measures')) {
    for (let i = 0; i < count; i++) measures.push(readMeasure());
  }
  const distinct = avro.isPresent('distinct') ? readDistinct() : null;
  avro.close();
  return { ...head, measures, distinct };
}

function readMeasure(): MeasureAggregate {
  return {
    name: avro.string('measures.name'),
    unit: avro.string('measures.unit'),
    count: avro.long('measures.count'),
    mean: readOptionalDouble('measures.mean'),
    min: readOptionalDouble('measures.min'),
    max: readOptionalDouble('measures.max'),
    stddev: readOptionalDouble('measures.stddev'),
  };
}

function readDistinct(): DistinctCount {
  return {
    name: avro.string('distinct.name'),
    count: avro.isPresent('distinct.count') ? avro.long('distinct.count') : null,
    suppressed: avro.boolean('distinct.suppressed'),
  };
}

function readOptionalDouble(field: string): number | null {
  return avro.isPresent(field) ? avro.double(field) : null;
}

function writeOptionalDouble(writer: ByteWriter, value: number | null): void {
  writer.ensure(9);
  writer.bytes[writer.position++] = value === null ? 0 : 2;
  if (value === null) return;
  writer.view.setFloat64(writer.position, value, true);
  writer.position += 8;
}
