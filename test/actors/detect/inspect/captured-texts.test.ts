/** Texts that rules capture, as records tell of them; what is expected is what Suricata 7.0.10 writes. */
import t from 'tap';
import {
  CaptureReader,
  type EveRecord,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { FlowMemory } from '../../../../actors/detect/inspect/flow-memory.ts';
import { TextRoom } from '../../../../actors/detect/inspect/text-room.ts';
import { alertsIn, Scene } from '../sensor/scene.ts';

const ANY = 'any any -> any any';

/** By sid, what alerts have beside them; of the flow's end under `flow`. */
function metadataOf(scene: Scene, rules: readonly string[]): Record<string, unknown> {
  const text = rules.map((rule, i) => `${rule.replace(/\)$/, '')} sid:${i + 1};)`).join('\n');
  const { accepted, refused } = readRules([{ name: 'r', text }], variables());
  if (refused.length > 0) throw new TypeError(`${refused[0]!.keyword}: ${refused[0]!.says}`);
  const found: Record<string, unknown> = {};
  const sensor = new Sensor(accepted, SENSOR_DEFAULTS, (line) => {
    const record = line.record();
    const alert = record.alert as EveRecord | undefined;
    if (alert !== undefined) found[String(alert.signature_id)] = record.metadata;
    else if (record.event_type === 'flow') found.flow = record.metadata;
  });
  const reader = new CaptureReader();
  reader.push(scene.capture);
  while (reader.next()) sensor.take(reader.packet);
  reader.finish();
  sensor.finish();
  return found;
}

t.test(
  'a flow remembers the latest text of a name, a packet all of them, and the flow record has the flow’s',
  async (t) => {
    const scene = new Scene(7777).datagram(0, 'user=bob\x01').datagram(0, 'user=al').datagram(1, 'ok');
    const rules = [
      `alert udp ${ANY} (pcre:"/(user)=(.*)/s, pkt:key, pkt:value";)`,
      `alert udp ${ANY} (pcre:"/=(?P<flow_who>.*)/s"; pcre:"/(?P<pkt_two>..)/";)`,
      `alert udp ${ANY} (pktvar:two,"us"; flowvar:who,"al";)`,
      `alert udp ${ANY} (flowvar:who,"al"; content:"ok";)`,
    ];
    const flowvars = [{ who: 'al' }];
    const both = { flowvars, pktvars: [{ two: 'us' }, { user: 'al' }] };
    t.same(metadataOf(scene, rules), { 1: both, 2: both, 3: both, 4: { flowvars }, flow: { flowvars } });
  },
);

t.test('what cannot be printed is a dot', async (t) => {
  const scene = new Scene(7777).datagram(0, 'a\x00\xe9\n"');
  t.same(metadataOf(scene, [`alert udp ${ANY} (pcre:"/(.*)/s, flow:x";)`])[1], { flowvars: [{ x: 'a..\n"' }] });
});

t.test('groups are taken by their numbers, whichever of them has the name', async (t) => {
  const scene = new Scene(7777).datagram(0, 'abc');
  const rules = [`alert udp ${ANY} (pcre:"/(a)(?P<flow_x>b)/";)`, `alert udp ${ANY} (flowvar:x,"a";)`];
  t.same(alertsIn(scene, rules), ['1>', '1>']);
});

t.test(
  'a text is remembered when the whole rule matches, and not where what it captured came with an earlier packet',
  async (t) => {
    const scene = new Scene(80)
      .handshake()
      .say(0, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n')
      .say(0, 'xx')
      .say(1, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const rules = [
      `alert http ${ANY} (http.method; content:"POST"; fast_pattern; pcre:"/(POST)/, flow:early"; http.request_body; content:"xx";)`,
      `alert http ${ANY} (http.method; pcre:"/(POST)/, flow:at";)`,
      `alert http ${ANY} (http.method; pcre:"/(POST)/, flow:never"; http.request_body; content:"yy";)`,
      ...['early', 'at', 'never'].map((name) => `alert tcp ${ANY} (flowvar:${name},"POST"; content:"HTTP/1.1 200";)`),
    ];
    t.same(alertsIn(scene, rules), ['9>', '6>', '', '', '-<', '']);
  },
);

t.test('texts of all flows have a bound, and one without room leaves what was', async (t) => {
  const room = new TextRoom();
  const names = { textName: String } as never;
  const memory = new FlowMemory({ line: { names }, ids: new Int32Array(0), placesOf: () => new Map() });
  const long = new Uint8Array(0xffff);
  for (let name = 0; room.refused === 0; name += 1) memory.setText(name, long, room);
  t.ok(memory.variables().texts.length * long.length > 30 << 20);
  memory.setText(0, Uint8Array.of(1), room);
  t.same(memory.text(0), Uint8Array.of(1));
  memory.releaseTexts(room);
  memory.setText(1, long, room);
  t.equal(memory.text(1)?.length, long.length);
  t.equal(room.refused, 1);
});
