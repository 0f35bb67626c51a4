/**
 * The actor of the comparison with Kafka Streams: EnMon frames → one-minute windows for each device. It decodes with the
 * generated codec and keeps, in 88 bytes a window, what bench/peers/kafka-streams keeps: count, and of each quantity sum,
 * least, greatest and sum of squares.
 *
 *   row   := f64 readings · f64 sum × 4 · f64 squares × 4 · i16 (least, greatest) × 4, as the frame has them
 *   value := i64 window start · i64 readings · (i64 sum · i64 least · i64 greatest · i64 squares) × 4, big-endian
 */
import {
  type ActorContext,
  type ActorTask,
  type AnyActor,
  type ByteSlice,
  type ByteWriter,
  type CloseWindow,
  type Codec,
  defineActor,
  type HandedRun,
  MsecError,
  type RecordOf,
  type RecordWalk,
  type RowStore,
  type RowsDeclaration,
  rawCodec,
  rows,
  type Topic,
  TumblingWindows,
  topic,
} from '../../../engine/index.ts';
import { EnMonReading, enmon } from '../../../schemas/generated/enmon.ts';
import { FrameContext } from '../../../schemas/index.ts';

export interface WindowOptions {
  readonly input: string;
  readonly output: string;
  readonly windowMs: number;
  readonly graceMs: number;
  /** With `process` alone, as the engine calls it for each record, instead of `processBatch`. */
  readonly isByRecord?: boolean;
}

const QUANTITIES = 4;
const ROW_BYTES = 88;
const ROW_DOUBLES = ROW_BYTES / 8;
const ROW_HALVES = ROW_BYTES / 2;
const AT_SUM = 1;
const AT_SQUARES = AT_SUM + QUANTITIES;
/** In numbers of 16 bits. */
const AT_LEAST = 4 * (AT_SQUARES + QUANTITIES);

/** Where a told window lies in the store: written before the call that emits it returns. */
export interface ToldWindow {
  /** In an array: handed over by itself it would be boxed for each window. */
  readonly start: Float64Array;
  row: number;
  rows: RowStore | null;
}

const toldCodec: Codec<ToldWindow> = {
  format: 'window-sums',
  decode: () => {
    throw new MsecError('ASSERTION_FAILED', 'only read from outside');
  },
  encode(told: ToldWindow, writer: ByteWriter) {
    const { start, row, rows: store } = told;
    if (store === null) return;
    writer.i64Of(start, 0);
    const at = row * ROW_DOUBLES;
    writer.i64Of(store.f64, at);
    for (let i = 0; i < QUANTITIES; i++) {
      const leastAt = row * ROW_HALVES + AT_LEAST + 2 * i;
      writer.i64Of(store.f64, at + AT_SUM + i);
      writer.i64(store.i16[leastAt]!);
      writer.i64(store.i16[leastAt + 1]!);
      writer.i64Of(store.f64, at + AT_SQUARES + i);
    }
  },
};

export function windowActor({ input, output, windowMs, graceMs, isByRecord = false }: WindowOptions): AnyActor {
  return defineActor({
    name: 'window',
    inputs: { frames: topic(input, rawCodec(), { external: true }) },
    outputs: { told: topic(output, toldCodec, { access: 'public' }) },
    state: { windows: rows(ROW_BYTES) },
    open: (context) => new (isByRecord ? RecordTask : BatchTask)(context, windowMs, graceMs),
  });
}

type Inputs = { readonly frames: Topic<ByteSlice> };
type Outputs = { readonly told: Topic<ToldWindow> };
type Context = ActorContext<Inputs, Outputs, { readonly windows: RowsDeclaration }>;

class RecordTask implements ActorTask<Inputs> {
  protected readonly context: Context;
  protected readonly rows: RowStore;
  protected readonly windows: TumblingWindows;
  readonly #reading = new EnMonReading();
  readonly #frameContext = new FrameContext(() => 0);
  readonly #told: ToldWindow;
  readonly #close: CloseWindow;
  readonly watermarkDue: Float64Array;

  constructor(context: Context, sizeMs: number, graceMs: number) {
    this.context = context;
    this.rows = context.state.windows;
    this.windows = new TumblingWindows(this.rows, { sizeMs, graceMs });
    this.watermarkDue = this.windows.due;
    this.#told = { start: new Float64Array(1), row: 0, rows: this.rows };
    this.#close = (row, start, _end, last) => {
      this.#told.start[0] = start;
      this.#told.row = row;
      context.out.told.emitFor(this.rows.keyIdOf(row), this.#told, last);
    };
  }

  process({ keyId, timestamp, value }: RecordOf<Inputs>): void {
    this.decode(value.bytes, value.start, value.end);
    const row = this.windows.rowFor(keyId, timestamp, this.context.inputWatermark('frames'));
    if (row >= 0) this.rows.touchAll(row);
    this.add(row);
  }

  processRun(_input: 'frames', run: HandedRun<ByteSlice>): void {
    const { value } = run;
    for (let at = run.from; at < run.to; ) {
      const row = this.windows.spanOf(run, at);
      if (row >= 0) this.rows.touchAll(row);
      for (const end = this.windows.spanEnd; at < end; at++) {
        run.move(at);
        this.decode(value.bytes, value.start, value.end);
        this.add(row);
      }
    }
  }

  onWatermark(watermark: number): void {
    this.windows.closeDue(watermark, this.context.keys, this.#close);
  }

  onRollback(): void {
    this.windows.rebuild();
  }

  protected decode(bytes: Uint8Array, start: number, end: number): void {
    enmon.decode(bytes, start, end, this.#reading, this.#frameContext);
    if (this.#reading.flags !== 0) throw new MsecError('FRAME_INVALID', 'a quantity is out of its physical limits');
  }

  /** The reading at hand; the row's blocks are touched. */
  protected add(row: number): void {
    if (row < 0) {
      this.context.count('late');
      return;
    }
    const { rows } = this;
    const doubles = rows.f64;
    const at = row * ROW_DOUBLES;
    const readings = doubles[at]!;
    doubles[at] = readings + 1;
    const { batteryVoltage, sonometer, temperature, humidity } = this.#reading;
    const leastAt = row * ROW_HALVES + AT_LEAST;
    take(doubles, at + AT_SUM, rows.i16, leastAt, batteryVoltage, readings === 0);
    take(doubles, at + AT_SUM + 1, rows.i16, leastAt + 2, sonometer, readings === 0);
    take(doubles, at + AT_SUM + 2, rows.i16, leastAt + 4, temperature, readings === 0);
    take(doubles, at + AT_SUM + 3, rows.i16, leastAt + 6, humidity, readings === 0);
  }
}

class BatchTask extends RecordTask {
  processBatch(_input: 'frames', records: RecordWalk): void {
    const { valueStarts, valueEnds } = records.columns;
    while (records.nextRun()) {
      const rows = this.windows.rowsOf(records);
      const { bytes, from, to } = records;
      this.rows.touchEach(rows, from, to);
      for (let i = from; i < to; i++) {
        this.decode(bytes, valueStarts[i]!, valueEnds[i]!);
        this.add(rows[i]!);
      }
    }
  }
}

function take(
  doubles: Float64Array,
  sumAt: number,
  halves: Int16Array,
  leastAt: number,
  value: number,
  isFirst: boolean,
): void {
  doubles[sumAt] = doubles[sumAt]! + value;
  doubles[sumAt + QUANTITIES] = doubles[sumAt + QUANTITIES]! + value * value;
  if (isFirst || value < halves[leastAt]!) halves[leastAt] = value;
  if (isFirst || value > halves[leastAt + 1]!) halves[leastAt + 1] = value;
}
