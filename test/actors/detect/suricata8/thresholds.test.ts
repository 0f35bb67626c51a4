/** Thresholds of Suricata 8: backoff, what detection_filter tracks, and ports of which each counts once. */
import t from 'tap';
import { alertsIn, Scene } from '../sensor/scene.ts';

/** As many datagrams to the server, a second apart. */
function datagrams(count: number, serverPort = 9000, scene = new Scene(serverPort)): Scene {
  for (let i = 0; i < count; i += 1) scene.datagram(0, 'hello').wait(1_000_000);
  return scene;
}
const rule = (options: string): string => `alert udp any any -> any any (content:"hello"; ${options})`;
const packets = (scene: Scene, options: string): string => alertsIn(scene, [rule(options)])[0]!.replaceAll('>', '');

t.test('backoff alerts at the number, and at ever greater ones', async (t) => {
  t.equal(packets(datagrams(30), 'threshold:type backoff, track by_flow, count 1, multiplier 10;'), '1 10');
  t.equal(packets(datagrams(20), 'threshold:type backoff, track by_flow, count 1, multiplier 2;'), '1 2 4 8 16');
  t.equal(packets(datagrams(28), 'threshold:type backoff, track by_flow, count 5, multiplier 5;'), '5 25');
});

t.test('backoff counts in each flow by itself, and from threshold.config, too', async (t) => {
  const lines = 'event_filter gen_id 1, sig_id 1, type backoff, track by_flow, count 2, multiplier 2\n';
  t.equal(alertsIn(datagrams(9), [rule('')], lines)[0]!.replaceAll('>', ''), '2 4 8');
});

t.test('detection_filter tracks rules, pairs and flows', async (t) => {
  for (const track of ['by_rule', 'by_both', 'by_flow'])
    t.equal(packets(datagrams(5), `detection_filter:track ${track}, count 2, seconds 60;`), '3 4 5', track);
});

t.test('ports of which each counts once', async (t) => {
  const scan = new Scene(9000);
  for (const port of [1, 2, 2, 2, 3, 4, 1]) scan.to(port, 'hello').wait(1_000_000);
  const counting = (seconds: number): string =>
    packets(scan, `detection_filter:track by_src, count 2, seconds ${seconds}, unique_on dst_port;`);
  t.equal(counting(60), '5 6 7', 'the third port is the first that is too many');
  t.equal(counting(2), '', 'what is over does not count');
  t.equal(packets(scan, 'detection_filter:track by_src, count 1, seconds 60, unique_on src_port;'), '');
});

t.test('what they cannot be is refused', async (t) => {
  for (const options of [
    'threshold:type backoff, track by_src, count 1, multiplier 2;',
    'threshold:type backoff, track by_flow, count 1, seconds 2;',
    'threshold:type backoff, track by_flow, count 1, multiplier 1;',
    'detection_filter:track by_src, count 1, seconds 2, unique_on port;',
  ])
    t.throws(() => packets(datagrams(1), options), options);
  const icmp = 'alert icmp any any -> any any (detection_filter:track by_src, count 1, seconds 2, unique_on dst_port;)';
  t.throws(() => alertsIn(datagrams(1), [icmp]), 'a protocol without ports');
});
