/** Public records as the page and the NDJSON files show them, through this thread's own codecs. */
import type {
  Aggregate,
  AggregateValues,
  DeadLetter,
  Decoders,
  DeviceKind,
  RawRecord,
  Reading,
} from '../../console/index.ts';
import { LETTER_HEADER } from '../../engine/index.ts';
import type { FrameCodec, FrameTypes, SightingsReading } from '../../schemas/index.ts';
import { type DeviceReading, type DeviceTopics, deviceOf } from '../../schemas/topics/index.ts';
import { markedByte } from './letter-mark.ts';

const LETTER_BYTES_SHOWN = 1_024;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** batteryVoltage → Battery voltage */
function labelOf(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('-', ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function deviceKinds(types: FrameTypes): DeviceKind[] {
  return types.all.map((type) => ({
    name: type.name,
    title: type.title,
    measures: [
      ...(type.distinctName === null
        ? []
        : [{ name: type.distinctName, label: labelOf(type.distinctName), unit: null, digits: 0 }]),
      ...type.measures.map(({ name, unit, scale }) => ({
        name,
        label: labelOf(name),
        unit: unit === '' ? null : unit,
        digits: Math.max(0, Math.round(Math.log10(scale))),
      })),
    ],
  }));
}

export function pageDecoders(topics: DeviceTopics): Decoders {
  const measures = new Map<FrameCodec, Float64Array>();
  return {
    reading: (record) => {
      if (record.value === null) return null;
      const { value } = record;
      return readingView(record, topics.readings.codec.decode(value, 0, value.length), measures);
    },
    aggregate: (record) => {
      if (record.value === null) return null;
      const { value } = record;
      const aggregate = topics.aggregates.codec.decode(value, 0, value.length);
      return {
        ...placeOf(record),
        device: aggregate.device,
        kind: aggregate.type,
        start: aggregate.windowStart,
        end: aggregate.windowEnd,
        count: aggregate.count,
        values: Object.fromEntries(aggregate.measures.map((measure) => [measure.name, aggregateValues(measure)])),
        ...(aggregate.distinct === null ? {} : { distinct: aggregate.distinct.count }),
      } satisfies Aggregate;
    },
    letter: letterView,
  };
}

const placeOf = ({ topic, partition, offset }: RawRecord) => ({ topic, partition, offset });

function readingView(
  record: RawRecord,
  { type, head, reading }: DeviceReading,
  scratch: Map<FrameCodec, Float64Array>,
): Reading {
  let numbers = scratch.get(type);
  if (numbers === undefined) {
    numbers = new Float64Array(type.measures.length);
    scratch.set(type, numbers);
  }
  type.copyMeasures(reading, numbers);
  const values: Record<string, number | null> = {};
  for (const [i, { name, scale }] of type.measures.entries()) {
    const number = numbers[i]!;
    values[name] = Number.isNaN(number) ? null : number / scale;
  }
  if (type.distinctName !== null) {
    // Published as 0 where the count is too small to show.
    const { distinct } = reading as SightingsReading;
    values[type.distinctName] = distinct === 0 ? null : distinct;
  }
  return {
    ...placeOf(record),
    device: deviceOf({ head } as DeviceReading),
    kind: type.name,
    time: head.eventTime,
    isVerified: head.verified,
    values,
    // What is out of range or suppressed shows as a missing value already.
    flags: type.flagNames
      .filter((name, i) => (reading.flags & (1 << i)) !== 0 && !name.startsWith('outOfRange') && name !== 'suppressed')
      .map(labelOf),
  };
}

interface MeasureLike {
  readonly count: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly stddev: number | null;
}

function aggregateValues({ count, mean, min, max, stddev }: MeasureLike): AggregateValues | null {
  if (mean === null || min === null || max === null) return null;
  return { count, mean, min, max, deviation: stddev ?? 0 };
}

/** What a record of a dead-letter topic says, by its headers. */
export function letterView(record: RawRecord): DeadLetter {
  const headers = new Map(record.headers.map(({ name, value }) => [name, value === null ? '' : utf8.decode(value)]));
  const number = (name: string): number | null => {
    const text = headers.get(name);
    return text === undefined || !/^-?\d+$/.test(text) ? null : Number(text);
  };
  const [topic, partition, offset] = [
    headers.get(LETTER_HEADER.topic),
    number(LETTER_HEADER.partition),
    number(LETTER_HEADER.offset),
  ];
  const code = headers.get(LETTER_HEADER.reason) ?? 'ACTOR_FAILED';
  const field = headers.get(LETTER_HEADER.field) ?? null;
  const byteOffset = number(LETTER_HEADER.byteOffset);
  return {
    ...placeOf(record),
    time: record.timestamp,
    code,
    message: headers.get(LETTER_HEADER.message) ?? '',
    actor: headers.get(LETTER_HEADER.actor) ?? '',
    stage: headers.get(LETTER_HEADER.stage) ?? null,
    source: topic === undefined || partition === null || offset === null ? null : { topic, partition, offset },
    attempts: number(LETTER_HEADER.attempts),
    field,
    byteOffset,
    markedByte: markedByte(record, code, field, byteOffset),
    key: record.key === null ? '' : utf8.decode(record.key),
    bytes: record.value?.length ?? 0,
    hex: record.value === null ? '' : Buffer.from(record.value.subarray(0, LETTER_BYTES_SHOWN)).toString('hex'),
  };
}
