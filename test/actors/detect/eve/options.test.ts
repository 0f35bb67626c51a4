/** What an eve-log and rules may change of what is told: anomalies of packets and streams, DNS as Suricata 8 has it, no record of a transaction. */
import t from 'tap';
import {
  CaptureReader,
  EVE_DEFAULTS,
  type EveOptions,
  type EveRecord,
  LATER_FORMS,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { Scene } from '../sensor/scene.ts';

function told(scene: Scene, rules: string, eve: Partial<EveOptions> = {}, protocols = SENSOR_DEFAULTS.protocols) {
  const { accepted, refused } = readRules([{ name: 'r', text: rules }], variables());
  if (refused.length > 0) throw new TypeError(refused[0]!.says);
  const records: EveRecord[] = [];
  const options = { ...SENSOR_DEFAULTS, protocols, eve: { ...EVE_DEFAULTS, ...eve } };
  const sensor = new Sensor(accepted, options, (line) => records.push(line.record()));
  const reader = new CaptureReader();
  reader.push(scene.capture);
  while (reader.next()) sensor.take(reader.packet);
  reader.finish();
  sensor.finish();
  return records;
}

const of = (records: readonly EveRecord[], type: string): EveRecord[] =>
  records.filter(({ event_type }) => event_type === type);

const dns = (id: number, flags: number, name: string): string =>
  `${String.fromCharCode(id >> 8, id & 255, flags >> 8, flags & 255)}\0\x01\0\0\0\0\0\0${String.fromCharCode(name.length)}${name}\0\0\x01\0\x01`;
const asked = (): Scene =>
  new Scene(53)
    .datagram(0, dns(7, 0x0100, 'quiet'))
    .datagram(1, dns(7, 0x8180, 'quiet'))
    .datagram(0, dns(8, 0x0100, 'other'))
    .datagram(1, dns(8, 0x8180, 'other'));

t.test('anomalies of packets and of streams are told where they are asked for', async (t) => {
  const scene = (): Scene => new Scene(80).handshake().say(0, 'abc').segment(0, 24, -3, 0, 'abc').segment(1, 4, 0, 0);
  const anomaly = { decode: true, stream: true, application: true, packetHeader: true };
  const found = of(told(scene(), '', { anomaly }), 'anomaly');
  t.ok(found.length > 0);
  t.match(found[0], { pcap_cnt: 6, anomaly: { type: 'stream', event: 'stream.pkt_spurious_retransmission' } });
  t.equal(Buffer.from(String(found[0]!.packet), 'base64').length, 32);
  t.same(of(told(scene(), ''), 'anomaly'), [], 'not as Suricata itself is configured');
});

t.test('a rule keeps the record of a transaction back, and that of its answer', async (t) => {
  const rule =
    'config dns any any -> any any (dns.query; content:"quiet"; config:logging disable, type tx, scope tx; sid:1;)';
  t.equal(of(told(asked(), ''), 'dns').length, 4);
  const records = told(asked(), rule);
  t.same(
    of(records, 'dns').map(({ dns }) => (dns as EveRecord).id),
    [8, 8],
  );
  t.same(of(records, 'alert'), []);
  t.throws(() => told(asked(), rule.replace('dns.query; content:"quiet";', '')), /transaction/);
  t.throws(() => told(asked(), rule.replace('disable', 'enable')));
});

t.test('DNS in version 3 has one object for each message', async (t) => {
  const protocols = SENSOR_DEFAULTS.protocols.map((one) => LATER_FORMS.find(({ name }) => name === one.name) ?? one);
  const records = told(asked(), 'alert dns any any -> any any (dns.query; content:"other"; sid:1;)', {}, protocols);
  const request = {
    version: 3,
    type: 'request',
    tx_id: 2,
    id: 8,
    flags: '100',
    rd: true,
    opcode: 0,
    rcode: 'NOERROR',
    queries: [{ rrname: 'other', rrtype: 'A' }],
  };
  t.same(of(records, 'alert')[0]!.dns, request);
  t.same(of(records, 'dns')[2]!.dns, request);
  t.match(of(records, 'dns')[3]!.dns, { version: 3, type: 'response', tx_id: 3, qr: true, ra: true });
});
