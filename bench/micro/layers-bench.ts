/**
 * What a frame costs layer by layer, without an engine around it: one loop over the batches of one partition, which does
 * a step more each time. What kafka-task-bench.ts says beyond the last line is the engine's own: records handed to an
 * actor one by one, savepoints, changelog, commits. In processor time, the best of some passes.
 *   bin/node24 bench/micro/layers-bench.ts [--devices 10000] [--millions 4]
 */
import { parseArgs } from 'node:util';
import { BatchCursor, BatchEncoder, crc32c, KeyTable } from '../../engine/batch/index.ts';
import { partitionForKey } from '../../engine/index.ts';
import { EnMonReading, enmon } from '../../schemas/generated/enmon.ts';
import { FrameContext } from '../../schemas/index.ts';
import { Fleet } from '../load/fleet.ts';
import { framePayload, PARTITIONS, writeMeasures } from '../workloads/kafka-windows/frames.ts';

const { values } = parseArgs({
  options: { devices: { type: 'string', default: '10000' }, millions: { type: 'string', default: '4' } },
});
const PASSES = 10;
const START_MS = 1_750_000_000_000;
const ROW_DOUBLES = 17;

const { bytes, frames } = fill();
const cursor = new BatchCursor({ readAhead: 2048 });
const trusting = new BatchCursor({ readAhead: 2048, checkCrc: false });
const keys = new KeyTable();
const reading = new EnMonReading();
const context = new FrameContext(() => 0);
const rows = new Float64Array(ROW_DOUBLES * 2 ** 17);

let before = 0;
tell('CRC-32C alone', () => void crc32c(bytes, 0, bytes.length));
before = 0;
tell('records found in their batch', () => walk(trusting, () => {}));
tell('+ CRC-32C', () => walk(cursor, () => {}));
tell('+ keys interned', () => walk(cursor, intern));
tell('+ frames decoded and validated', () => walk(cursor, decode));
tell('+ sums, squares, least and greatest of four quantities', () => walk(cursor, aggregate));

function tell(step: string, pass: () => void): void {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < PASSES; i++) {
    const startedAt = process.threadCpuUsage();
    pass();
    const { user, system } = process.threadCpuUsage(startedAt);
    least = Math.min(least, ((user + system) * 1000) / frames);
  }
  console.log(`| ${step} | ${least.toFixed(1)} ns | ${(least - before).toFixed(1)} ns |`);
  before = least;
}

/** `each` is given the records that lie ready, [from, to) of the cursor's columns. */
function walk(over: BatchCursor, each: (from: number, to: number) => void): void {
  over.reset(bytes);
  for (let ready = over.readAhead(); ready > 0; ready = over.readAhead()) {
    each(over.index + 1, over.index + 1 + ready);
    over.moveTo(over.index + ready);
  }
}

function intern(from: number, to: number): void {
  keys.internEach(cursor.bytes, cursor.places, from, to);
}

function decode(from: number, to: number): void {
  intern(from, to);
  const { valueStarts, valueEnds } = cursor.places;
  for (let i = from; i < to; i++) enmon.decode(bytes, valueStarts[i]!, valueEnds[i]!, reading, context);
}

function aggregate(from: number, to: number): void {
  intern(from, to);
  const { keyIds, valueStarts, valueEnds } = cursor.places;
  for (let i = from; i < to; i++) {
    enmon.decode(bytes, valueStarts[i]!, valueEnds[i]!, reading, context);
    const row = keyIds[i]! * ROW_DOUBLES;
    rows[row]!++;
    take(row + 1, reading.batteryVoltage);
    take(row + 5, reading.sonometer);
    take(row + 9, reading.temperature);
    take(row + 13, reading.humidity);
  }
}

function take(at: number, value: number): void {
  rows[at]! += value;
  rows[at + 1]! += value * value;
  if (value < rows[at + 2]!) rows[at + 2] = value;
  if (value > rows[at + 3]!) rows[at + 3] = value;
}

/** The frames of one partition. */
function fill(): { bytes: Uint8Array; frames: number } {
  const fleet = new Fleet({ devices: Number(values.devices), seed: 1, framesPerSecond: 20_000, startMs: START_MS });
  const ids = fleet.ids.map((id) => new TextEncoder().encode(id));
  const isHere = ids.map((id) => partitionForKey(id, 0, id.length, PARTITIONS) === 0);
  const payloads = fleet.imeis.map(framePayload);
  const encoder = new BatchEncoder({ batchBytesMax: 128 * 1024 });
  let count = 0;
  while (count < Number(values.millions) * 1e6) {
    fleet.next();
    const { device, timestamp } = fleet;
    if (!isHere[device]) continue;
    const payload = payloads[device]!;
    writeMeasures(payload, fleet);
    encoder.append(timestamp, ids[device]!, 0, ids[device]!.length, payload, 0, payload.length);
    count++;
  }
  return { bytes: new Uint8Array(encoder.finish()), frames: count };
}
