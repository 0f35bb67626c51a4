/**
 * Compares the readings of each partition with its frames, record by record, in their order: key, time and every byte of
 * the value. The expected bytes are written here from the frame alone, apart from the codecs and from Java; that these
 * bytes are the published schema's is for avsc to say, which reads some of them.
 */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { BatchCursor, type Log, type LogReader } from '../../../engine/index.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const WIRE_HEADER_BYTES = 5;
/** One of so many is read with avsc, too. */
const READ_EVERY = 9_973;

const schemaFile = new URL('../../../schemas/avro/enmon-reading.avsc', import.meta.url);
const type = avro.Type.forSchema(JSON.parse(readFileSync(schemaFile, 'utf8')) as avro.Schema);

export interface ComparedTopics {
  readonly log: Log;
  readonly frames: string;
  readonly readings: string;
  readonly partitions: number;
  readonly schemaId: number;
}

/** Throws at the first difference; gives how many records are equal, and how many bytes keys and values have. */
export async function checkReadings(topics: ComparedTopics): Promise<{ records: number; bytes: number }> {
  const expected = new ExpectedReading(topics.schemaId);
  let records = 0;
  let bytes = 0;
  for (let partition = 0; partition < topics.partitions; partition++) {
    const frames = new Records(topics.log.openReader(), topics.frames, partition);
    const readings = new Records(topics.log.openReader(), topics.readings, partition);
    while (await frames.next()) {
      if (!(await readings.next())) throw new Error(`${topics.readings}-${partition} ends before its frames do`);
      const [frame, reading] = [frames.cursor, readings.cursor];
      expected.write(frame);
      const where = `${topics.readings}-${partition}, offset ${reading.offset}`;
      if (reading.timestamp !== frame.timestamp) throw new Error(`${where}: another time than its frame's`);
      if (!isEqual(frame.bytes, frame.keyStart, frame.keyEnd, reading.bytes, reading.keyStart, reading.keyEnd))
        throw new Error(`${where}: another key than its frame's`);
      if (!isEqual(expected.bytes, 0, expected.length, reading.bytes, reading.valueStart, reading.valueEnd))
        throw new Error(`${where}: another value than its frame's`);
      if (records++ % READ_EVERY === 0) readWithAvsc(frame, reading);
      bytes += reading.keyEnd - reading.keyStart + (reading.valueEnd - reading.valueStart);
    }
    if (await readings.next()) throw new Error(`${topics.readings}-${partition} has more records than frames`);
    await frames.close();
    await readings.close();
  }
  return { records, bytes };
}

class Records {
  readonly cursor = new BatchCursor();
  readonly #reader: LogReader;
  readonly #topic: string;
  readonly #partition: number;
  #offset = -1;
  #end = -1;

  constructor(reader: LogReader, topic: string, partition: number) {
    this.#reader = reader;
    this.#topic = topic;
    this.#partition = partition;
  }

  async next(): Promise<boolean> {
    if (this.#offset >= 0 && this.cursor.next()) return true;
    if (this.#offset < 0) {
      const { start, end } = await this.#reader.bounds(this.#topic, this.#partition);
      this.#offset = start;
      this.#end = end;
    } else this.#offset = this.cursor.offsetNext;
    while (this.#offset < this.#end) {
      const fetched = await this.#reader.fetch(this.#topic, this.#partition, this.#offset, FETCH_BYTES);
      this.cursor.reset(fetched.bytes, fetched.start, fetched.end);
      this.cursor.seek(this.#offset);
      if (this.cursor.next()) return true;
      this.#offset = this.cursor.offsetNext;
    }
    return false;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

function isEqual(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): boolean {
  if (leftEnd - leftStart !== rightEnd - rightStart) return false;
  for (let i = leftStart, j = rightStart; i < leftEnd; i++, j++) if (left[i] !== right[j]) return false;
  return true;
}

class ExpectedReading {
  readonly bytes = new Uint8Array(256);
  length = 0;
  readonly #view = new DataView(this.bytes.buffer);
  readonly #schemaId: number;

  constructor(schemaId: number) {
    this.#schemaId = schemaId;
  }

  write({ bytes, keyStart, keyEnd, valueStart, timestamp }: BatchCursor): void {
    const u16 = (at: number) => bytes[valueStart + at]! * 256 + bytes[valueStart + at + 1]!;
    this.#view.setUint8(0, 0);
    this.#view.setUint32(1, this.#schemaId);
    this.length = WIRE_HEADER_BYTES;
    this.#long(keyEnd - keyStart);
    for (let i = keyStart; i < keyEnd; i++) this.bytes[this.length++] = bytes[i]!;
    this.#long(timestamp);
    this.#long(timestamp);
    // Boot epoch and sequence, which come with an envelope; neither verified nor suspect.
    for (let i = 0; i < 4; i++) this.bytes[this.length++] = 0;
    this.#long(u16(3) * 65_536 + u16(5));
    this.#double(u16(23));
    this.#double(u16(25));
    const temperature = u16(27);
    this.#double((temperature >= 32_768 ? temperature - 65_536 : temperature) / 10);
    this.#double(u16(29) / 10);
    // No flags.
    this.bytes[this.length++] = 0;
  }

  /** None is negative here. */
  #long(value: number): void {
    let rest = value * 2;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.bytes[this.length++] = (rest % 128) + 128;
    this.bytes[this.length++] = rest;
  }

  #double(value: number): void {
    this.bytes[this.length++] = 2;
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }
}

interface Published {
  readonly device: string;
  readonly eventTime: number;
  readonly nSend: number;
  readonly temperature: number | null;
}

function readWithAvsc(frame: BatchCursor, reading: BatchCursor): void {
  const { bytes, valueStart, valueEnd } = reading;
  const value = type.fromBuffer(Buffer.from(bytes.subarray(valueStart + WIRE_HEADER_BYTES, valueEnd))) as Published;
  const device = Buffer.from(frame.bytes.subarray(frame.keyStart, frame.keyEnd)).toString();
  const wire = new DataView(frame.bytes.buffer, frame.bytes.byteOffset + frame.valueStart);
  const isAsSent =
    value.device === device &&
    value.eventTime === frame.timestamp &&
    value.nSend === wire.getUint32(3) &&
    value.temperature === wire.getInt16(27) / 10;
  if (!isAsSent) throw new Error(`offset ${reading.offset}: avsc reads ${JSON.stringify(value)}`);
}
