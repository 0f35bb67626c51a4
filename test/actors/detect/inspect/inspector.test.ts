/** Rules against captures of the reference data, with the packets at which Suricata 7.0.10 alerts on them. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  CaptureReader,
  type EveRecord,
  readRules,
  readThresholds,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { shapeOf } from '../../../../actors/detect/inspect/rule-type.ts';
import { PROTOCOLS } from '../../../../actors/detect/protocols/index.ts';
import { needs, sharedData } from '../../../support/needs.ts';

function alertsOf(capture: string, rules: readonly string[], thresholds = ''): EveRecord[] {
  const { accepted, refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  if (refused.length > 0) throw new Error(refused[0]!.says);
  const lines = readThresholds(thresholds, variables()).lines;
  const alerts: EveRecord[] = [];
  const { traffic, inspect } = SENSOR_DEFAULTS;
  const options = {
    ...SENSOR_DEFAULTS,
    traffic: { ...traffic, validatesChecksums: false },
    inspect: { ...inspect, thresholds: lines },
    tellsAll: false,
  };
  const sensor = new Sensor(accepted, options, (line) => alerts.push(line.record()));
  const reader = new CaptureReader();
  reader.push(readFileSync(sharedData('ids-suricata-verify', capture, 'input.pcap')));
  while (reader.next()) sensor.take(reader.packet);
  sensor.finish();
  return alerts;
}

const sidOf = (alert: EveRecord): number => (alert.alert as { readonly signature_id: number }).signature_id;

/** Packet numbers by sid; a flow's end has none. */
function packetsOf(alerts: readonly EveRecord[]): Record<number, (number | null)[]> {
  const found: Record<number, (number | null)[]> = {};
  for (const alert of alerts) {
    const packets = found[sidOf(alert)] ?? [];
    packets.push((alert.pcap_cnt as number | undefined) ?? null);
    found[sidOf(alert)] = packets;
  }
  return found;
}

const ping = (sid: number, more = ''): string => `alert icmp any any -> any any (itype:8; ${more} sid:${sid};)`;

t.test('thresholds let through what they do in Suricata', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const cases: readonly (readonly [string, number, readonly number[]])[] = [
    ['threshold:type limit, track by_src, count 2, seconds 3;', 42, [1, 3, 9, 11, 15, 17, 23, 25]],
    ['threshold:type threshold, track by_src, count 3, seconds 3;', 21, [5, 13, 19, 27, 33, 41, 47, 53]],
    ['threshold:type threshold, track by_src, count 2, seconds 1;', 26, [3, 9, 15, 19, 23, 27, 31, 37]],
    ['threshold:type both, track by_src, count 2, seconds 3;', 21, [3, 11, 17, 25, 31, 39, 45, 51]],
    ['detection_filter:track by_src, count 3, seconds 10;', 52, [7, 9, 11, 13, 15, 17, 19, 21, 29]],
    ['threshold:type both, track by_rule, count 2, seconds 5;', 14, [3, 15, 27, 39, 49]],
    ['threshold:type both, track by_src, count 1, seconds 5;', 14, [1, 13, 25, 37, 47]],
    ['threshold:type limit, track by_src, count 1, seconds 1;', 49, [1, 5, 7, 11, 13, 17, 21]],
    ['threshold:type limit, track by_src, count 0, seconds 1;', 49, [1, 5, 7, 11, 13, 17, 21]],
    ['threshold:type threshold, track by_src, count 1, seconds 1;', 75, [1, 3, 5, 7]],
    ['threshold:type both, track by_src, count 0, seconds 1;', 0, []],
  ];
  const found = packetsOf(
    alertsOf(
      'detect-itype',
      cases.map(([more], i) => ping(i + 1, more)),
    ),
  );
  for (const [i, [more, count, first]] of cases.entries()) {
    const packets = found[i + 1] ?? [];
    t.equal(packets.length, count, more);
    t.same(packets.slice(0, first.length), first, more);
  }
});

t.test('a threshold file keeps back what it names', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const rules = [ping(1), ping(2), ping(3)];
  const lines = [
    'suppress gen_id 1, sig_id 1, track by_src, ip 192.168.1.6',
    'suppress gen_id 1, sig_id 2, track by_src, ip [10.0.0.0/8,192.168.1.13]',
    'event_filter gen_id 1, sig_id 3, type limit, track by_src, count 1, seconds 3600',
  ];
  const found = packetsOf(alertsOf('detect-itype', rules, lines.join('\n')));
  t.same([found[1]?.length ?? 0, found[2]?.length, found[3]], [0, 75, [1]]);
  t.equal(
    readThresholds('suppress gen_id 1', variables()).mistakes.length,
    1,
    'a line that lacks something is refused',
  );
});

t.test(
  'rules alert in the order of actions, bits, numbers, priority and sid, whatever their order in the file',
  async (t) => {
    if (!needs(t, 'shared-data')) return;
    const rule = (sid: number, more = '', action = 'alert'): string =>
      `${action} tcp any any -> any any (flags:S; ${more} sid:${sid};)`;
    const rules = [
      rule(5),
      rule(4, 'priority:1;'),
      rule(3, 'flowbits:isset,b;'),
      rule(9, 'flowbits:set,a; priority:5;'),
      rule(8, 'flowbits:isset,a; flowbits:set,b;'),
      rule(7, 'flowint:xx,>,0;'),
      rule(6, 'flowint:xx,+,1;'),
      rule(2, '', 'drop'),
    ];
    t.same(alertsOf('bug-1045', rules).map(sidOf), [2, 9, 8, 3, 6, 7, 4, 5]);
  },
);

t.test('a pass ends what is asked of its packet, and a drop found in the stream silences its flow', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const passed = packetsOf(
    alertsOf('detect-itype', [
      ping(1),
      'pass icmp any any -> any any (itype:8; sid:2;)',
      'alert icmp any any -> any any (itype:0; sid:3;)',
    ]),
  );
  t.same([passed[1], passed[2], passed[3]?.length], [undefined, undefined, 75]);
  const dropped = packetsOf(
    alertsOf('http-post-file', [
      'alert http any any -> any any (flow:to_server; http.method; content:"POST"; sid:1;)',
      'alert http any any -> any any (flow:to_client; http.stat_code; content:"2"; sid:2;)',
      'drop tcp any any -> any any (flow:to_client,established; content:"HTTP"; sid:3;)',
    ]),
  );
  t.same(dropped, { 1: [12], 2: [14], 3: [14] });
});

t.test(
  'a rule about addresses alone is asked once for each direction of a flow, one with a negation of each packet',
  async (t) => {
    if (!needs(t, 'shared-data')) return;
    const found = packetsOf(
      alertsOf('bug-1045', [
        'alert ip any any -> any any (sid:1;)',
        'alert ip !10.0.0.1 any -> any any (sid:2;)',
        'alert ip any any -> any any (flow:stateless; sid:3;)',
      ]),
    );
    t.same([found[1], found[2]?.length, found[3]?.length], [[1, 2], 20, 19]);
  },
);

t.test(
  'a rule about a transaction and its payload sees the stream with it, and no stream that another rule found',
  async (t) => {
    if (!needs(t, 'shared-data')) return;
    const found = packetsOf(
      alertsOf('http-post-file', [
        'alert http any any -> any any (content:"POST"; http.uri; content:"login"; sid:1;)',
        'alert http any any -> any any (flow:to_server,only_stream; http.method; content:"POST"; sid:2;)',
        'alert tcp any any -> any any (flow:to_server; content:"login"; sid:3;)',
      ]),
    );
    t.same(found, { 1: [12], 3: [12] });
  },
);

t.test('the type of a rule is the one that Suricata gives it', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['ip any any -> any any (', 'ip_only'],
    ['tcp any any -> any 80 (', 'ip_only'],
    ['tcp !10.0.0.1 any -> any any (', 'like_ip_only'],
    ['tcp any any -> any any (content:"abc";', 'stream'],
    ['tcp any any -> any any (content:"abc"; offset:3;', 'packet_stream'],
    ['tcp any any -> any any (content:"abc"; startswith;', 'packet_stream'],
    ['tcp any any -> any any (pcre:"/abc/";', 'stream'],
    ['tcp any any -> any any (flow:established;', 'packet'],
    ['tcp any any -> any any (flags:S;', 'packet'],
    ['tcp any any -> any any (flags:A; content:"abc";', 'packet'],
    ['tcp any any -> any any (dsize:>10; content:"abc";', 'packet'],
    ['tcp-pkt any any -> any any (content:"abc";', 'packet'],
    ['tcp any any -> any any (flow:no_stream; content:"abc";', 'packet'],
    ['tcp any any -> any any (flow:only_stream; content:"abc";', 'stream'],
    ['tcp any any -> any any (tcp.hdr; content:"abc";', 'packet'],
    ['http any any -> any any (', 'app_layer'],
    ['http any any -> any any (flow:to_server;', 'app_layer'],
    ['http any any -> any any (flow:established,to_server;', 'packet'],
    ['http any any -> any any (xbits:set,a,track ip_src;', 'app_layer'],
    ['http any any -> any any (xbits:isnotset,a,track ip_src;', 'packet'],
    ['http any any -> any any (content:"abc";', 'stream'],
    ['http any any -> any any (http.uri; content:"abc";', 'app_tx'],
    ['tcp any any -> any any (urilen:3;', 'app_tx'],
    ['dns any any -> any any (dns.opcode:1;', 'app_tx'],
    ['tcp any any -> any any (flowbits:set,a;', 'ip_only'],
    ['tcp any any -> any any (flowbits:isset,a;', 'packet'],
    ['tcp any any -> any any (flowint:aa,+,1;', 'packet'],
    ['tcp any any -> any any (xbits:set,a,track ip_src;', 'ip_only'],
    ['ip any any -> any any (ip_proto:6;', 'ip_only'],
  ];
  for (const [start, type] of cases) {
    const { accepted } = readRules([{ name: 'r', text: `alert ${start} sid:1;)` }], variables());
    t.equal(shapeOf(accepted[0]!.rule, PROTOCOLS, false).type, type, start);
  }
});
