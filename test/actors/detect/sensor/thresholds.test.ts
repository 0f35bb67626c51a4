/** Thresholds of rules in both directions; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { ACK, alertsIn, Scene } from './scene.ts';

/** Packets 1, 4, 7 and 10 are from 10.2.0.0. */
function exchange(): Scene {
  const scene = new Scene(7);
  for (let i = 0; i < 10; i += 1) scene.datagram(i % 3 === 0 ? 1 : 0, 'x');
  return scene;
}

const rule = (more = ''): string => `alert udp 10.1.0.0 any <> 10.2.0.0 any (content:"x"; ${more})`;
const counted = (type: string, track: string, count = 2): string =>
  rule(`threshold:type ${type}, track ${track}, count ${count}, seconds 60;`);

t.test('by rule both ways of a rule count apart, by pair together', async (t) => {
  const types = ['limit', 'threshold', 'both'];
  t.same(
    alertsIn(
      exchange(),
      types.map((type) => counted(type, 'by_rule')),
    ),
    ['1> 2< 3< 4>', '3< 4> 6< 9< 10>', '3< 4>'],
  );
  t.same(
    alertsIn(
      exchange(),
      types.map((type) => counted(type, 'by_both')),
    ),
    ['1> 2<', '2< 4> 6< 8< 10>', '2<'],
  );
});

t.test(
  'a line for a rule is about one way of it; an address counts for both, as source and as destination',
  async (t) => {
    const line = (track: string): string =>
      `threshold gen_id 1, sig_id 1, type both, track ${track}, count 2, seconds 60`;
    const alerts = (own: string, named: string): string => alertsIn(exchange(), [own], line(named))[0]!;
    t.equal(alerts(rule(), 'by_rule'), '1> 3< 4> 7> 10>');
    t.equal(alerts(counted('limit', 'by_src', 1), 'by_dst'), '1> 2<');
    t.equal(alerts(counted('limit', 'by_src', 1), 'by_both'), '1> 3<');
    t.equal(
      alertsIn(
        exchange(),
        [rule()],
        'rate_filter gen_id 1, sig_id 1, track by_rule, count 1, seconds 60, new_action drop, timeout 60',
      )[0],
      '1> 2< 3<! 4> 5<! 6<! 7> 8<! 9<! 10>',
    );
  },
);

const udp = (action: string, more = ''): string => `${action} udp any any -> any any (content:"x"; ${more})`;
const rate = (action: string): string =>
  `rate_filter gen_id 1, sig_id 1, track by_rule, count 5, seconds 60, new_action ${action}, timeout 60`;
const limitLine = 'threshold gen_id 1, sig_id 1, type limit, track by_rule, count 2, seconds 60';

t.test(
  'a pass that is told ends what is asked of its packet as others do, unless a threshold silences it',
  async (t) => {
    const alerts = (pass: string, line = ''): string[] => alertsIn(exchange(), [pass, udp('alert')], line);
    t.same(alerts(udp('pass')), ['', '']);
    t.same(alerts(udp('pass', 'alert;')), ['1> 2< 3< 4> 5< 6< 7> 8< 9< 10>', '']);
    t.same(alerts(udp('pass', 'alert;'), limitLine), ['1> 2<', '3< 4> 5< 6< 7> 8< 9< 10>']);
    t.same(alerts(udp('pass'), 'suppress gen_id 1, sig_id 1'), ['', '']);
    t.same(alerts(udp('pass'), `suppress gen_id 1, sig_id 1\n${limitLine}`), ['', '3< 4> 5< 6< 7> 8< 9< 10>']);
    t.same(alerts(udp('pass', 'noalert;'), rate('alert')), ['6< 7> 8< 9< 10>', '6< 7> 8< 9< 10>']);
  },
);

t.test('a rate_filter that makes a rule pass ends nothing where the rule is not told', async (t) => {
  const alerts = (rule: string): string[] => alertsIn(exchange(), [rule, udp('alert')], rate('pass'));
  t.same(alerts(udp('reject')), ['1>! 2<! 3<! 4>! 5<!', '1> 2< 3< 4> 5<']);
  t.same(alerts(udp('reject', 'noalert;')), ['', '1> 2< 3< 4> 5< 6< 7> 8< 9< 10>']);
});

t.test(
  'a line about a rule takes the place of one before it; a rate_filter, and lines about many, do not',
  async (t) => {
    const alerts = (...lines: readonly string[]): string => alertsIn(exchange(), [udp('alert')], lines.join('\n'))[0]!;
    const many = (line: string): string => line.replace('sig_id 1', 'sig_id 0');
    const rated = '1> 2< 3< 4> 5< 6<! 7>! 8<! 9<! 10>!';
    t.equal(alerts(rate('drop'), limitLine), '1> 2<');
    t.equal(alerts(limitLine, rate('drop')), '1> 2<');
    t.equal(alerts(many(rate('drop')), many(limitLine)), rated);
    t.equal(alerts(many(limitLine), many(rate('drop'))), '1> 2<');
  },
);

t.test('at the end of a capture what a rate_filter does to an address is over with its window', async (t) => {
  const scene = (): Scene => new Scene(7777).handshake().say(0, 'xabc').say(0, 'xabc').say(0, 'xabc');
  const rule = 'alert tcp any any -> any any (flow:established; content:!"zzz"; depth:42;)';
  const line = (track: string): string =>
    `rate_filter gen_id 1, sig_id 1, track ${track}, count 2, seconds 1, new_action drop, timeout 30`;
  const alerts = (ended: Scene, track = 'by_src'): string => alertsIn(ended, [rule], line(track))[0]!;
  t.equal(alerts(scene().wait(500_000).segment(0, ACK, 0, 0)), '4> 6> 8>! ->!');
  t.equal(alerts(scene().wait(2_500_000).segment(0, ACK, 0, 0)), '4> 6> 8>! ->');
  t.equal(alerts(scene().wait(2_500_000).segment(0, ACK, 0, 0), 'by_rule'), '4> 6> 8>! ->!');
  t.equal(alerts(scene().wait(2_500_000).say(0, 'xabc')), '4> 6> 8>! 10>! ->');
});

t.test(
  'behind a buffer that is named a rule may count twice: the second counts what the first lets through',
  async (t) => {
    const limit = 'threshold:type limit, track by_src, count 3, seconds 60;';
    const every = 'threshold:type threshold, track by_src, count 2, seconds 60;';
    const filter = 'detection_filter:track by_src, count 1, seconds 60;';
    const twice = (one: string, other: string, between = 'ip.src; content:"|0a|";'): string =>
      `alert udp any any -> any any (${one} ${between} ${other})`;
    t.same(alertsIn(exchange(), [twice(limit, filter), twice(filter, limit)]), ['1> 2< 3< 4>', '3< 4>']);
    t.equal(alertsIn(exchange(), [twice(limit, every)], limitLine)[0], '1> 2<');
    for (const between of ['content:"x";', 'ip.src; content:"|0a|"; pkt_data;'])
      t.throws(() => alertsIn(exchange(), [twice(limit, every, between)]), /one threshold/);
  },
);

t.test('an alert whose action a rate_filter has set is blocked with what was carried', async (t) => {
  const scene = new Scene(7).tunnelled('vxlan', 'x').tunnelled('vxlan', 'needle').tunnelled('vxlan', 'x');
  const rules = ['alert ip any any -> any any (ttl:64;)', 'reject udp any any -> any any (content:"needle";)'];
  const line = 'rate_filter gen_id 1, sig_id 1, track by_rule, count 2, seconds 60, new_action alert, timeout 60';
  t.same(alertsIn(scene, rules, line), ['-> 1> ->! 2>! -> 3>', '->!']);
});
