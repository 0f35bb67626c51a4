/**
 * Compares what lies in device.aggregates with the plain sums, window by window, read with avsc by the published
 * schema: neither the codec nor the actor that wrote them is asked.
 */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { BatchCursor, type LogReader } from '../../engine/index.ts';
import { DEVICE_AGGREGATES } from '../../schemas/topics/index.ts';
import type { WindowSums } from './window-sums.ts';

interface AggregateRecord {
  readonly device: string;
  readonly windowStart: number;
  readonly count: number;
  readonly measures: readonly {
    readonly count: number;
    readonly mean: number | null;
    readonly min: number | null;
    readonly max: number | null;
    readonly stddev: number | null;
  }[];
}

/** Confluent's wire format: a zero and the schema's id. */
const WIRE_HEADER_BYTES = 5;
const FETCH_BYTES = 4 * 1024 * 1024;
/** Of the standard deviation, whose plain formula loses digits; everything else is compared to the last bit. */
const TOLERANCE = 1e-6;

const schemaFile = new URL('../../schemas/avro/aggregate.avsc', import.meta.url);
const type = avro.Type.forSchema(JSON.parse(readFileSync(schemaFile, 'utf8')) as avro.Schema);

/** Throws at the first difference; gives the number of windows compared, which is all that the sums expect. */
export async function checkWindows(
  reader: LogReader,
  partitions: number,
  ids: readonly string[],
  sums: WindowSums,
): Promise<number> {
  const deviceOf = new Map(ids.map((id, device) => [id, device]));
  const seen = new Set<string>();
  const cursor = new BatchCursor();
  for (let partition = 0; partition < partitions; partition++) {
    let { start: offset, end } = await reader.bounds(DEVICE_AGGREGATES, partition);
    while (offset < end) {
      const fetched = await reader.fetch(DEVICE_AGGREGATES, partition, offset, FETCH_BYTES);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        const bytes = Buffer.from(cursor.bytes.subarray(cursor.valueStart + WIRE_HEADER_BYTES, cursor.valueEnd));
        const aggregate = type.fromBuffer(bytes) as AggregateRecord;
        const window = `${aggregate.device} ${aggregate.windowStart}`;
        if (seen.has(window)) throw new Error(`window ${window} was told twice`);
        seen.add(window);
        compare(window, aggregate, deviceOf.get(aggregate.device) ?? -1, sums);
      }
      offset = cursor.offsetNext;
    }
  }
  if (seen.size !== sums.size) throw new Error(`${seen.size} windows were told, ${sums.size} were expected`);
  return seen.size;
}

function compare(window: string, aggregate: AggregateRecord, device: number, sums: WindowSums): void {
  const expected = sums.window(device, aggregate.windowStart);
  if (expected === null) throw new Error(`window ${window} was not expected`);
  if (aggregate.count !== expected.count)
    throw new Error(`window ${window}: ${aggregate.count} readings, ${expected.count} were sent`);
  for (const [i, measure] of expected.measures.entries()) {
    const told = aggregate.measures[i]!;
    const isEqual =
      told.count === expected.count &&
      near(told.mean, measure.mean) &&
      near(told.min, measure.min) &&
      near(told.max, measure.max) &&
      near(told.stddev, measure.stddev);
    if (!isEqual) {
      throw new Error(`window ${window}, measure ${i}: ${JSON.stringify(told)}, expected ${JSON.stringify(measure)}`);
    }
  }
}

function near(told: number | null, expected: number): boolean {
  return told !== null && Math.abs(told - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));
}
