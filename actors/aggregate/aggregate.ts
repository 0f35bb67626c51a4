/**
 * Windows of event time for each device: count, mean, least, greatest and deviation of each measure, and how many
 * different devices a crowd counter heard. A window is told once, when the watermark has passed its end and the grace;
 * it is a function of its device's readings alone, whatever their order. Readings for a closed window go aside.
 */
import {
  type ActorContext,
  type ActorTask,
  assert,
  type HandedRun,
  type Output,
  type RecordOf,
  type RowStore,
  type RowsDeclaration,
  TumblingWindows,
} from '../../engine/index.ts';
import type { Aggregate, DistinctCount, FrameCodec, FrameTypes } from '../../schemas/index.ts';
import type { DeviceReading, DeviceSightings, DeviceTopics, LateReading } from '../../schemas/topics/index.ts';
import { DISTINCT_MAX, DistinctDevices } from './distinct-devices.ts';
import { MeasureSums } from './measure-sums.ts';
import {
  AT_DISTINCT,
  AT_DISTINCT_HEAD,
  AT_READINGS,
  AT_TYPE,
  AT_VERIFIED,
  HEAD_BYTES,
  typeHash,
} from './window-row.ts';

export interface AggregateOptions {
  readonly types: FrameTypes;
  /** Default one minute. */
  readonly windowMs?: number;
  /** Default 10 s. */
  readonly graceMs?: number;
}

type Inputs = Pick<DeviceTopics, 'readings' | 'sightings'>;
type Outputs = Pick<DeviceTopics, 'aggregates' | 'late'>;
type States = { readonly windows: RowsDeclaration; readonly distinct: RowsDeclaration };
export type AggregateContext = ActorContext<Inputs, Outputs, States>;

interface AggregatedType {
  readonly codec: FrameCodec;
  readonly hash: number;
}

const DISTINCT_COUNT_BLOCK = 0;

export class AggregateTask implements ActorTask<Inputs> {
  readonly #context: AggregateContext;
  readonly #aggregates: Output<Aggregate>;
  readonly #late: Output<LateReading>;
  readonly #rows: RowStore;
  readonly #distinct: DistinctDevices;
  readonly #windows: TumblingWindows;
  readonly #types: readonly AggregatedType[];
  readonly #doublesPerRow: number;
  readonly #wordsPerRow: number;
  readonly #sums: MeasureSums;
  readonly #values: Float64Array;
  /** The last type looked up; a partition's readings are mostly of one. */
  #type: AggregatedType;
  readonly #close: (row: number, start: number, end: number) => void;
  readonly watermarkDue: Float64Array;

  constructor(context: AggregateContext, options: AggregateOptions) {
    this.#context = context;
    this.#aggregates = context.out.aggregates;
    this.#late = context.out.late;
    this.#rows = context.state.windows;
    this.#distinct = new DistinctDevices(context.state.distinct);
    const { windowMs: sizeMs = 60_000, graceMs = 10_000 } = options;
    this.#windows = new TumblingWindows(this.#rows, { sizeMs, graceMs });
    this.watermarkDue = this.#windows.due;
    this.#types = options.types.all.map((codec) => ({ codec, hash: typeHash(codec.name) }));
    assert(new Set(this.#types.map(({ hash }) => hash)).size === this.#types.length, 'two type names have one hash');
    this.#type = this.#types[0] as AggregatedType;
    this.#doublesPerRow = this.#rows.rowBytes / 8;
    this.#wordsPerRow = this.#rows.rowBytes / 4;
    const measuresMax = Math.max(...options.types.all.map((type) => type.measures.length));
    this.#sums = new MeasureSums(this.#rows, HEAD_BYTES, measuresMax);
    this.#values = new Float64Array(measuresMax);
    this.#close = (row, start, end) => this.#emit(row, start, end);
  }

  process(record: RecordOf<Inputs>): void {
    if (record.input === 'readings') this.#addReading(record.keyId, record.timestamp, record.value);
    else {
      const watermark = this.#context.inputWatermark('sightings');
      this.#addSightings(record.keyId, record.timestamp, record.value, watermark);
    }
  }

  processRun(input: 'readings' | 'sightings', run: HandedRun<DeviceReading | DeviceSightings>): void {
    if (input === 'readings') this.#addReadings(run as HandedRun<DeviceReading>);
    else this.#addEachSightings(run as HandedRun<DeviceSightings>);
  }

  onWatermark(watermark: number): void {
    this.#windows.closeDue(watermark, this.#context.keys, this.#close);
  }

  onRollback(): void {
    this.#windows.rebuild();
  }

  #addReading(keyId: number, timestamp: number, value: DeviceReading): void {
    const watermark = this.#context.inputWatermark('readings');
    const row = this.#windows.rowFor(keyId, timestamp, watermark);
    if (row < 0) this.#putAside(keyId, timestamp, watermark, value);
    else this.#add(row, value);
  }

  #addReadings(run: HandedRun<DeviceReading>): void {
    const windows = this.#windows;
    const { keyId, timestamps, value } = run;
    for (let at = run.from; at < run.to; ) {
      const row = windows.spanOf(run, at);
      for (const end = windows.spanEnd; at < end; at++) {
        run.move(at);
        if (row < 0) this.#putAside(keyId, timestamps[at]!, windows.spanWatermark, value);
        else this.#add(row, value);
      }
    }
  }

  /** To the row of the reading's window. */
  #add(row: number, value: DeviceReading): void {
    const { codec, hash } = this.#typeOf(value.type);
    const rows = this.#rows;
    rows.touch(row, 0);
    const doubles = rows.f64;
    const at = row * this.#doublesPerRow;
    const readings = doubles[at + AT_READINGS] as number;
    doubles[at + AT_READINGS] = readings + 1;
    if (value.head.verified) doubles[at + AT_VERIFIED] = (doubles[at + AT_VERIFIED] as number) + 1;
    rows.u32[row * this.#wordsPerRow + AT_TYPE] = hash;
    codec.copyMeasures(value.reading, this.#values);
    if (readings === 0) this.#sums.begin(row, codec.measures.length);
    this.#sums.add(row, this.#values, codec.measures.length);
  }

  #addEachSightings(run: HandedRun<DeviceSightings>): void {
    const { keyId, timestamps, value } = run;
    let watermark = run.inputWatermark;
    for (let i = run.from; i < run.to; i++) {
      run.move(i);
      this.#addSightings(keyId, timestamps[i]!, value, watermark);
      watermark = Math.max(watermark, timestamps[i]!);
    }
  }

  #addSightings(keyId: number, timestamp: number, value: DeviceSightings, watermark: number): void {
    const row = this.#windows.rowFor(keyId, timestamp, watermark);
    if (row < 0) {
      // Their reading is put aside; the pseudonyms are not kept for it.
      this.#context.count('lateSightings');
      return;
    }
    const { columns } = value;
    const rows = this.#rows;
    const windowStart = rows.subOf(row);
    rows.touch(row, DISTINCT_COUNT_BLOCK);
    const words = rows.u32;
    const doubles = rows.f64;
    const headAt = row * this.#wordsPerRow + AT_DISTINCT_HEAD;
    const countAt = row * this.#doublesPerRow + AT_DISTINCT;
    for (let i = 0; i < columns.sightings && (doubles[countAt] as number) < DISTINCT_MAX; i++) {
      const head = words[headAt] as number;
      const next = this.#distinct.add(keyId, windowStart, head, columns.pseudonyms, i * 8);
      if (next === head) continue;
      words[headAt] = next;
      doubles[countAt] = (doubles[countAt] as number) + 1;
    }
  }

  #emit(row: number, windowStart: number, windowEnd: number): void {
    const rows = this.#rows;
    const at = row * this.#doublesPerRow;
    const words = row * this.#wordsPerRow;
    const keyId = rows.keyIdOf(row);
    const hash = rows.u32[words + AT_TYPE] as number;
    const type = this.#types.find((known) => known.hash === hash)?.codec;
    const count = rows.f64[at + AT_READINGS] as number;
    const heard = rows.f64[at + AT_DISTINCT] as number;
    this.#distinct.clear(rows.u32[words + AT_DISTINCT_HEAD] as number);
    // Without a reading: all of the window's were late. Without a type: its description was taken out meanwhile.
    if (count === 0 || type === undefined) {
      this.#context.count('windowsDropped');
      return;
    }
    const { keys } = this.#context;
    this.#aggregates.emitFor(
      keyId,
      {
        device: asciiText(keys.arena, keys.startOf(keyId), keys.endOf(keyId)),
        type: type.name,
        windowStart,
        windowEnd,
        count,
        verifiedCount: rows.f64[at + AT_VERIFIED] as number,
        measures: type.measures.map(({ name, unit, scale }, i) => {
          return { name, unit, ...this.#sums.result(row, i, count, scale) };
        }),
        distinct: distinctCount(type, heard),
      },
      windowEnd - 1,
    );
  }

  #putAside(keyId: number, timestamp: number, watermark: number, reading: DeviceReading): void {
    const { sizeMs } = this.#windows;
    const windowStart = Math.floor(timestamp / sizeMs) * sizeMs;
    const { device, deviceStart, deviceEnd } = reading.head;
    const late = {
      device: asciiText(device, deviceStart, deviceEnd),
      type: reading.type.name,
      eventTime: timestamp,
      windowStart,
      windowEnd: windowStart + sizeMs,
      watermark,
      reading,
    };
    this.#late.emitFor(keyId, late, timestamp);
  }

  #typeOf(codec: FrameCodec): AggregatedType {
    if (this.#type.codec === codec) return this.#type;
    const found = this.#types.find((known) => known.codec === codec);
    assert(found !== undefined, 'decode and aggregate were given the same frame types');
    this.#type = found;
    return found;
  }
}

/** Device ids are ASCII. */
function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** Below the type's limit the number itself would tell of single people. */
function distinctCount(type: FrameCodec, heard: number): DistinctCount | null {
  if (type.distinctName === null) return null;
  const suppressed = heard < type.suppressBelow;
  return { name: type.distinctName, count: suppressed ? null : heard, suppressed };
}
