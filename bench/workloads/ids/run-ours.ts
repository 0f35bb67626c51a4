/**
 * `run-ours.ts CAPTURE RULES RECORDS WARM-UP`: our sensor over a capture in a process of its own; prints what it took as JSON.
 * `WARM-UP`: packets behind which the rate is that of a process that has run for a while.
 */
import { createReadStream, openSync, readFileSync, writeSync } from 'node:fs';
import {
  CaptureReader,
  type EveRecord,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../actors/detect/index.ts';
import { peakResidentMb } from '../../load/peak-resident.ts';

const READ_BYTES = 1024 * 1024;
const WRITE_CHARS = 64 * 1024;
const [capture, rules, records, warmUp] = process.argv.slice(2) as [string, string, string, string];

const loadFrom = performance.now();
const { accepted, refused } = readRules([{ name: rules, text: readFileSync(rules, 'latin1') }], variables());
const output = openSync(records, 'w');
const alerts: Record<string, number> = {};
let lines: string[] = [];
let chars = 0;
const flush = (): void => {
  writeSync(output, lines.join(''));
  lines = [];
  chars = 0;
};
const tell = (record: EveRecord): void => {
  if (record.event_type === 'alert') {
    const { signature_id: sid } = record.alert as { readonly signature_id: number };
    alerts[sid] = (alerts[sid] ?? 0) + 1;
  }
  const line = `${JSON.stringify(record)}\n`;
  lines.push(line);
  chars += line.length;
  if (chars >= WRITE_CHARS) flush();
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
