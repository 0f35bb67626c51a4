/**
 * `run-ours.ts CAPTURE RULES RECORDS WARM-UP`: our sensor over a capture in a process of its own; prints what it took as JSON.
 * `WARM-UP`: packets behind which the rate is that of a process that has run for a while.
 */
import { createReadStream, openSync, readFileSync, writeSync } from 'node:fs';
import {
  CaptureReader,
  type EveLine,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../actors/detect/index.ts';
import { peakResidentMb } from '../../load/peak-resident.ts';

const READ_BYTES = 1024 * 1024;
const WRITE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const [capture, rules, records, warmUp] = process.argv.slice(2) as [string, string, string, string];

const loadFrom = performance.now();
const { accepted, refused } = readRules([{ name: rules, text: readFileSync(rules, 'latin1') }], variables());
const output = openSync(records, 'w');
const alerts: Record<string, number> = {};
const gathered = Buffer.allocUnsafe(2 * WRITE_BYTES);
let length = 0;
const flush = (): void => {
  writeSync(output, gathered, 0, length);
  length = 0;
};
const tell = (line: EveLine): void => {
  if (line.type === 'alert') alerts[line.signatureId] = (alerts[line.signatureId] ?? 0) + 1;
  gathered.set(line.bytes.subarray(0, line.length), length);
  length += line.length + 1;
  gathered[length - 1] = NEWLINE;
  if (length >= WRITE_BYTES) flush();
};
const sensor = new Sensor(accepted, SENSOR_DEFAULTS, tell);
const loadMs = performance.now() - loadFrom;
const left = refused.length + sensor.left.length;

const from = performance.now();
const reader = new CaptureReader();
let packets = 0;
let longestMs = 0;
let last = from;
let warmFrom = Number.NaN;
for await (const piece of createReadStream(capture, { highWaterMark: READ_BYTES })) {
  reader.push(piece as Buffer);
  last = performance.now();
  while (reader.next()) {
    sensor.take(reader.packet);
    packets += 1;
    if (packets === Number(warmUp)) warmFrom = performance.now();
    const now = performance.now();
    if (now - last > longestMs) longestMs = now - last;
    last = now;
  }
}
sensor.finish();
flush();
const ms = performance.now() - from;
const warmPerSecond = ((packets - Number(warmUp)) * 1000) / (from + ms - warmFrom);
const residentMb = peakResidentMb();
process.stdout.write(JSON.stringify({ loadMs, ms, warmPerSecond, packets, longestMs, residentMb, left, alerts }));
