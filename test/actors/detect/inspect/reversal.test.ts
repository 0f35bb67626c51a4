/** Connections that are picked up in their middle, by a packet of the server: what Suricata 7.0.10 says of the same packets. */
import t from 'tap';
import { type EveRecord, readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../actors/detect/index.ts';
import { captured } from '../captures.ts';
import { type Ends, ethernet, ipv4, tcpSegment } from '../frames.ts';

const RULES = [
  'alert http any any -> any any (http.uri; content:"/x"; sid:3;)',
  'alert http any any -> any any (http.stat_code; content:"200"; sid:4;)',
  'alert tcp any any -> any any (flow:to_server; content:"GET"; sid:5;)',
  'alert tcp any any -> any any (flow:to_client; content:"200 OK"; sid:6;)',
  'alert ip any any -> any any (sid:7;)',
];
const REQUEST = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Each thing that is said is acknowledged; packets count from 1 on. */
function examined(clientPort: number, serverPort: number, talk: readonly (readonly [boolean, string])[]) {
  const { accepted } = readRules([{ name: 'r', text: RULES.join('\n') }], variables());
  const { traffic } = SENSOR_DEFAULTS;
  const records: EveRecord[] = [];
  const options = { ...SENSOR_DEFAULTS, traffic: { ...traffic, stream: { ...traffic.stream, midstream: true } } };
  const sensor = new Sensor(accepted, options, (line) => records.push(line.record()));
  const [client, server] = [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 2)];
  let [number, sent, answered] = [0, 1, 1];
  const take = (isToServer: boolean, flags: number, text: string): void => {
    const ends: Ends = isToServer ? { from: client, to: server } : { from: server, to: client };
    const ports = { fromPort: clientPort, toPort: serverPort };
    const own = isToServer ? ports : { fromPort: serverPort, toPort: clientPort };
    const [sequence, acknowledgment] = isToServer ? [sent, answered] : [answered, sent];
    const segment = tcpSegment(ends, { ...own, sequence, acknowledgment, flags }, Buffer.from(text));
    number += 1;
    sensor.take(captured(ethernet(0x0800, ipv4(ends, 6, segment)), 1, 1_700_000_000_000_000 + number * 1000, number));
  };
  for (const [isToServer, text] of talk) {
    take(isToServer, 24, text);
    if (isToServer) sent += text.length;
    else answered += text.length;
    if (text !== '') take(!isToServer, 16, '');
  }
  sensor.finish();
  const alerts = records.flatMap(({ event_type, pcap_cnt = 'end', alert, src_port, direction }) =>
    event_type === 'alert' ? [`${pcap_cnt} ${(alert as EveRecord).signature_id} ${src_port} ${direction}`] : [],
  );
  const flow = records.find(({ event_type }) => event_type === 'flow')!;
  const { pkts_toserver, pkts_toclient } = flow.flow as EveRecord;
  return { alerts: alerts.sort(), flow: [flow.src_port, flow.dest_port, flow.app_proto, pkts_toserver, pkts_toclient] };
}

t.test('an answer comes first, and the flow is turned round', async (t) => {
  const { alerts, flow } = examined(40003, 8080, [
    [false, RESPONSE],
    [true, REQUEST],
    [false, RESPONSE],
    [true, REQUEST],
    [false, RESPONSE],
  ]);
  t.same(flow, [40003, 8080, 'http', 5, 5]);
  t.same(
    alerts.filter((alert) => !/ 7 /.test(alert)),
    [
      '10 3 40003 to_server',
      '10 5 40003 to_server',
      '4 4 8080 to_client',
      '4 6 8080 to_client',
      '6 3 40003 to_server',
      '6 5 40003 to_server',
      '8 4 8080 to_client',
      '8 6 8080 to_client',
      'end 4 8080 to_client',
      'end 6 8080 to_client',
    ],
  );
  t.equal(alerts.filter((alert) => / 7 /.test(alert)).length, 2, 'rules about addresses: once each way');
});

t.test('the server acknowledges first, and its client speaks', async (t) => {
  const { alerts, flow } = examined(8081, 8080, [
    [false, ''],
    [true, REQUEST],
    [false, RESPONSE],
  ]);
  t.same(flow.slice(0, 3), [8081, 8080, 'http']);
  t.ok(alerts.includes('5 3 8081 to_server') && alerts.includes('end 4 8080 to_client'), alerts.join(', '));
});

t.test('where the client speaks first nothing is turned', async (t) => {
  const { alerts, flow } = examined(40004, 80, [
    [true, REQUEST],
    [false, RESPONSE],
    [true, REQUEST],
  ]);
  t.same(flow, [40004, 80, 'http', 3, 3]);
  t.ok(alerts.includes('4 3 40004 to_server'), alerts.join(', '));
});
