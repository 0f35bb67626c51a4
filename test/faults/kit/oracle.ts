/**
 * What must have come out of the frames that lie in the log, computed once and plainly from the numbered stream, and
 * compared record by record with what the engine wrote. It shares no code with actors and codecs; Avro is read by avsc
 * with the published schemas.
 */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { checkWindows } from '../../../bench/load/check-windows.ts';
import { WindowSums } from '../../../bench/load/window-sums.ts';
import type { LogReader } from '../../../engine/index.ts';
import { DEVICE_FRAMES, DEVICE_READINGS } from '../../../schemas/topics/index.ts';
import { FrameStream, MARKS, PARTITIONS, type StreamOptions } from './frame-stream.ts';
import { type LogPlace, readPlace } from './log-place.ts';
import { readLetters, readTopic, type StoredRecord } from './read-topics.ts';

const WIRE_HEADER_BYTES = 5;
const ENVELOPE = 1;
const PAYLOAD_BYTES = 31;
/** Which of the two it is depends on how long a full heap takes to be noticed. */
const ENDED_ITS_THREAD = 'RECORD_HUNG or RECORD_KILLED_WORKER';
const readingType = avro.Type.forSchema(
  JSON.parse(readFileSync(new URL('../../../schemas/avro/enmon-reading.avsc', import.meta.url), 'utf8')) as avro.Schema,
);

interface Reading {
  readonly device: string;
  readonly sequence: number;
  readonly eventTime: number;
  readonly batteryVoltage: number;
  readonly sonometer: number;
  readonly temperature: number;
  readonly humidity: number;
}

export interface Verdict {
  readonly differences: readonly string[];
  readonly frames: number;
  readonly duplicates: number;
  readonly windows: number;
  readonly letters: number;
}

interface Expected {
  /** `device sequence` → the reading as text. */
  readonly readings: Map<string, string>;
  /** Topic of the letters → where the frame lies in the log, why it is there, and its bytes. */
  readonly letters: Map<string, Map<string, string>>;
  readonly sums: WindowSums;
  duplicates: number;
  frames: number;
}

const FRAME_LETTERS = `${DEVICE_FRAMES}.dlq`;
const READING_LETTERS = `${DEVICE_READINGS}.dlq`;

/** `acknowledged`: as many frames of the stream must be in the log. At most ten differences are told. */
export function judge(place: LogPlace, options: StreamOptions, acknowledged: number): Promise<Verdict> {
  return readPlace(place, async (reader, topics) => {
    const differences: string[] = [];
    const expected = await expectedOf(reader, options, acknowledged, differences);
    await compareReadings(reader, expected, differences);
    let letters = 0;
    for (const { name } of topics) {
      if (name.endsWith('.dlq')) letters += await compareLetters(reader, name, expected, differences);
    }
    const ids = new FrameStream(options).fleet.ids;
    const windows = await checkWindows(reader, PARTITIONS, ids, expected.sums).catch((error: Error) => {
      differences.push(error.message);
      return -1;
    });
    const { frames, duplicates } = expected;
    return { differences: differences.slice(0, 10), frames, duplicates, windows, letters };
  });
}

/** Goes through the log in the order of each partition, as whoever reads it first must. */
async function expectedOf(
  reader: LogReader,
  options: StreamOptions,
  acknowledged: number,
  differences: string[],
): Promise<Expected> {
  const found = new Map<string, { readonly record: StoredRecord; isRepeat: boolean }[]>();
  const frameLetters = new Map<string, string>();
  for await (const record of readTopic(reader, DEVICE_FRAMES, PARTITIONS)) {
    if (record.value === null || record.value[0] !== ENVELOPE) continue;
    const sequence = record.value.readUInt32BE(record.value.length - PAYLOAD_BYTES - 8);
    const id = `${record.key} ${sequence}`;
    const same = found.get(id) ?? [];
    same.push({ record, isRepeat: same.length > 0 });
    found.set(id, same);
  }
  const stream = new FrameStream(options);
  const expected: Expected = {
    readings: new Map(),
    letters: new Map([
      [FRAME_LETTERS, frameLetters],
      [READING_LETTERS, new Map()],
    ]),
    sums: new WindowSums(stream.fleet),
    duplicates: 0,
    frames: 0,
  };
  for (;;) {
    stream.next();
    const { ids, device, sequence } = stream.fleet;
    const id = `${ids[device]} ${sequence}`;
    const records = found.get(id);
    if (records === undefined) {
      if (stream.number >= acknowledged) break;
      differences.push(`frame ${stream.number} was acknowledged and is not in the log`);
      continue;
    }
    found.delete(id);
    expected.frames++;
    expect(
      expected,
      stream,
      id,
      records.map(({ record }) => record),
    );
  }
  for (const id of found.keys()) differences.push(`the log holds ${id}, which was never sent`);
  return expected;
}

function expect(expected: Expected, stream: FrameStream, id: string, records: readonly StoredRecord[]): void {
  const { fleet, isMalformed } = stream;
  const noise = fleet.wire[1]!;
  const isKiller = noise === MARKS.heap || noise === MARKS.hang;
  if (isMalformed || isKiller) {
    const reason = isMalformed ? 'ENVELOPE_INVALID' : ENDED_ITS_THREAD;
    // Nothing of such a frame is remembered, so that each copy of it is judged anew.
    for (const record of records) expected.letters.get(FRAME_LETTERS)!.set(placeOf(record), letterText(reason, record));
    return;
  }
  expected.duplicates += records.length - 1;
  expected.sums.add(fleet);
  const [battery, sonometer, temperature, humidity] = fleet.wire as unknown as [number, number, number, number];
  const reading = [fleet.timestamp, battery, sonometer, temperature / 10, humidity / 10];
  expected.readings.set(id, reading.join());
  if (noise === MARKS.refused) expected.letters.get(READING_LETTERS)!.set(placeOf(records[0]!), 'ACTOR_FAILED hostile');
}

async function compareReadings(reader: LogReader, { readings }: Expected, differences: string[]): Promise<void> {
  const missing = new Map(readings);
  for await (const { value } of readTopic(reader, DEVICE_READINGS, PARTITIONS)) {
    if (value === null) continue;
    const reading = readingType.fromBuffer(value.subarray(WIRE_HEADER_BYTES)) as Reading;
    const id = `${reading.device} ${reading.sequence}`;
    const { eventTime, batteryVoltage, sonometer, temperature, humidity } = reading;
    const text = [eventTime, batteryVoltage, sonometer, temperature, humidity].join();
    if (!readings.has(id)) differences.push(`a reading of ${id} was not expected`);
    else if (!missing.delete(id)) differences.push(`the reading of ${id} is there twice`);
    else if (readings.get(id) !== text) differences.push(`the reading of ${id} is ${text}, not ${readings.get(id)}`);
  }
  for (const id of missing.keys()) differences.push(`the reading of ${id} is missing`);
}

async function compareLetters(
  reader: LogReader,
  topic: string,
  { letters }: Expected,
  differences: string[],
): Promise<number> {
  const missing = new Map(letters.get(topic) ?? []);
  let count = 0;
  for await (const letter of readLetters(reader, topic, PARTITIONS)) {
    count++;
    const wanted = missing.get(letter.origin);
    // A reading's letter holds the reading's bytes; those of frames hold the frame as it came.
    const text = topic === FRAME_LETTERS ? letterText(letter.reason, letter) : `${letter.reason} ${letter.actor}`;
    if (wanted === undefined)
      differences.push(`${topic}: a letter of ${letter.origin} (${letter.reason}) was not expected`);
    else if (wanted !== text) differences.push(`${topic}: the letter of ${letter.origin} says ${text}, not ${wanted}`);
    missing.delete(letter.origin);
  }
  for (const [place, text] of missing) differences.push(`${topic}: the letter of ${place} is missing: ${text}`);
  return count;
}

function placeOf({ partition, offset }: StoredRecord): string {
  return `${DEVICE_FRAMES}-${partition}@${offset}`;
}

function letterText(reason: string, { key, value }: StoredRecord): string {
  const said = reason === 'RECORD_HUNG' || reason === 'RECORD_KILLED_WORKER' ? ENDED_ITS_THREAD : reason;
  return `${said} ${key} ${value?.toString('hex')}`;
}
