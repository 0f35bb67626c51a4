/** Packets that follow an alert whose rule has tagged its flow or host: which are told of is as in Suricata 7.0.10. */
import t from 'tap';
import { type EveRecord, readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../actors/detect/index.ts';
import { captured } from '../captures.ts';
import { type Ends, ethernet, ipv4, udpDatagram } from '../frames.ts';

const host = (last: number): Uint8Array => Uint8Array.of(10, 0, 0, last);
const frame = (from: number, to: number, ports: readonly [number, number], payload: string): Uint8Array => {
  const ends: Ends = { from: host(from), to: host(to) };
  return ethernet(0x0800, ipv4(ends, 17, udpDatagram(ends, ports[0], ports[1], Buffer.from(payload))));
};

function told(frames: readonly Uint8Array[], rules: string): EveRecord[] {
  const { accepted } = readRules([{ name: 'r', text: rules }], variables());
  const records: EveRecord[] = [];
  const sensor = new Sensor(accepted, SENSOR_DEFAULTS, (line) => records.push(line.record()));
  for (const [at, bytes] of frames.entries()) sensor.take(captured(bytes, 1, 1e15 + at * 1_000_000, at + 1));
  sensor.finish();
  return records;
}

const packetsOf = (records: readonly EveRecord[], type: string): unknown[] =>
  records.filter(({ event_type }) => event_type === type).map(({ pcap_cnt: number }) => number);

const FLOW = ['a', 'mark', 'b', 'c', 'd', 'e'].map((text) => frame(1, 2, [3000, 3001], text));

for (const [tag, packets] of [
  // The packet with the alert counts, and is not told of again.
  ['session,3,packets', [3, 4]],
  ['session,100,bytes', [3]],
  ['session,2,seconds', [3, 4]],
  ['session', [3, 4, 5, 6]],
  ['host,3,packets,src', [3, 4]],
] as const)
  t.test(tag, async (t) => {
    const records = told(FLOW, `alert udp any any -> any any (content:"mark"; tag:${tag}; sid:1;)`);
    t.same(packetsOf(records, 'alert'), [2]);
    t.same(packetsOf(records, 'packet'), packets);
    const [first] = records.filter(({ event_type }) => event_type === 'packet');
    t.match(first, { packet: Buffer.from(FLOW[2]!).toString('base64'), packet_info: { linktype: 1 } });
  });

t.test('a host is followed wherever it goes, a flow is not left', async (t) => {
  const frames = [
    frame(3, 4, [3001, 3000], 'mark'),
    frame(3, 4, [3001, 3000], 'x'),
    frame(4, 3, [3000, 3001], 'y'),
    frame(5, 3, [1, 2], 'z'),
    frame(5, 4, [1, 2], 'other'),
  ];
  const of = (tag: string): unknown[] =>
    packetsOf(told(frames, `alert udp any any -> any any (content:"mark"; tag:${tag}; sid:1;)`), 'packet');
  t.same(of('host,9,packets,src'), [2, 3, 4]);
  t.same(of('host,9,packets,dst'), [2, 3, 5]);
  t.same(of('session,9,packets'), [2, 3]);
});

t.test('a rule that matches again begins anew, and one that passes tags as well', async (t) => {
  const frames = ['mark', 'mark', 'x', 'y', 'z'].map((text) => frame(1, 2, [3000, 3001], text));
  const of = (action: string): unknown[] =>
    packetsOf(
      told(frames, `${action} udp any any -> any any (content:"mark"; tag:session,3,packets; sid:1;)`),
      'packet',
    );
  t.same(of('alert'), [2, 3, 4]);
  t.same(of('pass'), [2, 3, 4]);
});

t.test('nothing is taken off a number that there is not', async (t) => {
  const records = told(FLOW, 'alert udp any any -> any any (flowint:left,-,1; sid:1;)');
  t.notOk(records.some(({ metadata }) => metadata !== undefined));
});
