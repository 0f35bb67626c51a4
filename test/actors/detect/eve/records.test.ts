/** Every record of the talks, as Suricata 7.0.10 writes it: names, values and the order of the names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type EveRecord, readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../actors/detect/index.ts';
import { captured } from '../captures.ts';
import { FRAMES, RULES } from './talks.ts';

const START_US = 1_700_000_000_000_000;

function recordsOf(isMidstream: boolean): EveRecord[] {
  const { accepted } = readRules([{ name: 'r', text: RULES }], variables());
  const { traffic } = SENSOR_DEFAULTS;
  const stream = { ...traffic.stream, midstream: isMidstream };
  const records: EveRecord[] = [];
  const options = { ...SENSOR_DEFAULTS, traffic: { ...traffic, stream } };
  const sensor = new Sensor(accepted, options, (record) => records.push(record));
  for (const [at, frame] of FRAMES.entries()) sensor.take(captured(frame, 1, START_US + at * 1000, at + 1));
  sensor.finish();
  return records;
}

/** Times are each sensor's own, and so is a flow's number. */
function comparable({ timestamp, flow_id, ...record }: EveRecord): string {
  const flow = record.flow as EveRecord | undefined;
  if (flow !== undefined) {
    const { start, end, ...rest } = flow;
    record.flow = rest;
  }
  return JSON.stringify(record);
}

/** When a file is told is compared elsewhere. */
const isCompared = ({ event_type: type }: EveRecord): boolean => type !== 'fileinfo';

for (const [isMidstream, name] of [
  [false, 'talks-by-suricata.ndjson'],
  [true, 'talks-by-suricata-midstream.ndjson'],
] as const)
  t.test(name, async (t) => {
    const expected = readFileSync(join(import.meta.dirname, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EveRecord)
      .filter(isCompared)
      .map(comparable);
    // Suricata tells of the flows that are left in no order.
    t.same(recordsOf(isMidstream).filter(isCompared).map(comparable).toSorted(), expected.toSorted());
  });
