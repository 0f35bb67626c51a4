/** Every record of the talks, as Suricata 7.0.10 writes it: names, values and the order of the names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type EveRecord, readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../actors/detect/index.ts';
import { captured } from '../captures.ts';
import { BLOCKED_FRAMES, BLOCKING_RULES, FRAMES, RULES } from './talks.ts';

const START_US = 1_700_000_000_000_000;

interface Told {
  readonly records: readonly EveRecord[];
  readonly verdicts: readonly EveRecord[];
}

function told(frames: readonly Uint8Array[], rules: string, isMidstream: boolean): Told {
  const { accepted } = readRules([{ name: 'r', text: rules }], variables());
  const { traffic } = SENSOR_DEFAULTS;
  const stream = { ...traffic.stream, midstream: isMidstream };
  const [records, verdicts]: [EveRecord[], EveRecord[]] = [[], []];
  const options = { ...SENSOR_DEFAULTS, traffic: { ...traffic, stream } };
  const sensor = new Sensor(
    accepted,
    options,
    (line) => records.push(line.record()),
    null,
    (line) => verdicts.push(line.record()),
  );
  for (const [at, frame] of frames.entries()) sensor.take(captured(frame, 1, START_US + at * 1000, at + 1));
  sensor.finish();
  return { records, verdicts };
}

const answered = (name: string): EveRecord[] =>
  readFileSync(join(import.meta.dirname, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EveRecord);

/** Times are each sensor's own, and so is a flow's number. */
function comparable({ timestamp, flow_id, ...record }: EveRecord): string {
  const flow = record.flow as EveRecord | undefined;
  if (flow !== undefined) {
    const { start, end, ...rest } = flow;
    record.flow = rest;
  }
  return JSON.stringify(record);
}

/** Suricata writes these two with their bytes the wrong way round. */
function inNetworkOrder(record: EveRecord): EveRecord {
  const drop = record.drop as Record<string, number>;
  for (const name of ['icmp_id', 'icmp_seq'])
    if (drop[name] !== undefined) drop[name] = ((drop[name] & 255) << 8) | (drop[name] >> 8);
  return record;
}

for (const [isMidstream, name] of [
  [false, 'talks-by-suricata.ndjson'],
  [true, 'talks-by-suricata-midstream.ndjson'],
] as const)
  t.test(name, async (t) => {
    const expected = answered(name).map(comparable);
    const { records } = told(FRAMES, RULES, isMidstream);
    // Suricata tells of the flows that are left in no order.
    t.same(records.map(comparable).toSorted(), expected.toSorted());
  });

t.test('what is to be blocked is what Suricata drops where it stands in line', async (t) => {
  const { records, verdicts } = told(BLOCKED_FRAMES, BLOCKING_RULES, true);
  t.same(verdicts.map(comparable), answered('verdicts-by-suricata.ndjson').map(inNetworkOrder).map(comparable));
  t.notOk(records.some(({ event_type: type }) => type === 'drop'));
});

t.test('what is found at the end of a flow alone is told, too', async (t) => {
  const { verdicts } = told(FRAMES, RULES, false);
  t.same(
    verdicts.map(({ pkt_src: source, pcap_cnt: packet, drop }) => [source, packet ?? null, (drop as EveRecord).reason]),
    [
      ['wire/pcap', 25, 'rules'],
      ['wire/pcap', 26, 'flow drop'],
      ['stream (flow timeout)', null, 'rules'],
    ],
  );
});
