/** Rules that change between two packets: what flows remember stays, nothing is asked twice, and nothing is left out. */
import t from 'tap';
import {
  type CompiledRules,
  compileRules,
  RuleLine,
  readRules,
  SENSOR_DEFAULTS,
  variables,
} from '../../../../actors/detect/index.ts';
import { TestSensor, tcp, udp } from '../bundle/traffic.ts';

const LINE = new RuleLine();

function set(name: string, ...rules: readonly string[]): CompiledRules {
  const { accepted, refused } = readRules([{ name, text: rules.join('\n') }], variables());
  if (refused.length > 0) throw new Error(refused[0]!.says);
  const { protocols, inspect } = SENSOR_DEFAULTS;
  return compileRules(accepted, { ...inspect, protocols, ruleSet: name }, LINE);
}

const contains = (sid: number, text: string, more = ''): string =>
  `alert udp any any -> any any (content:"${text}"; ${more} sid:${sid};)`;

t.test('each packet is examined with the set in force, and its alerts say which', async (t) => {
  const [one, two] = [set('one 1', contains(1, 'abc')), set('two 2', contains(1, 'abc'), contains(2, 'xyz'))];
  const sensor = new TestSensor(one).take(udp('abc xyz'));
  sensor.sensor.useRules(two);
  sensor.take(udp('abc xyz'), udp('nothing'));
  sensor.sensor.useRules(one);
  sensor.take(udp('xyz'), udp('abc'));
  t.same(sensor.alerts, ['1 1 one 1', '2 1 two 2', '2 2 two 2', '5 1 one 1']);
});

t.test('bits and numbers of flows, bits of addresses and counters outlive the change', async (t) => {
  const setters = [
    contains(1, 'login', 'flowbits:set,seen; flowint:tries,=,7; xbits:set,bad,track ip_src,expire 60;'),
    // Another name first, so that equal numbers are no coincidence.
    contains(9, 'never', 'flowbits:set,first;'),
  ];
  const askers = [
    contains(2, 'data', 'flowbits:isset,seen;'),
    contains(3, 'data', 'flowint:tries,==,7;'),
    contains(4, 'data', 'xbits:isset,bad,track ip_src;'),
    contains(5, 'data', 'flowbits:isset,first;'),
  ];
  const counted = contains(6, 'count', 'threshold:type both, track by_src, count 3, seconds 60;');
  const sensor = new TestSensor(set('one 1', ...setters, counted)).take(udp('login'), udp('count'), udp('count'));
  sensor.sensor.useRules(set('two 2', ...askers, counted));
  sensor.take(udp('data'), udp('count'), udp('data', 4002));
  t.same(sensor.alerts, ['1 1 one 1', '4 2 two 2', '4 3 two 2', '4 4 two 2', '5 6 two 2', '6 4 two 2']);
});

t.test('whether a rule is asked of transactions for what others set changes with the others', async (t) => {
  const asks = contains(1, 'abc', 'flowbits:isset,seen;');
  const setter = contains(2, 'abc', 'flowbits:set,seen;');
  const alike = contains(3, 'zzz', 'flowbits:set,seen; ip.src; content:"|0a|"; startswith;');
  const sensor = new TestSensor(set('one 1', asks, setter)).take(udp('abc'), udp('abc'));
  sensor.sensor.useRules(set('two 2', asks, setter, alike));
  sensor.take(udp('abc'));
  sensor.sensor.useRules(set('one 1', asks, setter));
  t.same(
    sensor.take(udp('abc')).alerts.filter((alert) => alert.split(' ')[1] === '1'),
    ['1 1 one 1', '2 1 one 1', '4 1 one 1'],
  );
});

t.test('thresholds that count in a flow go on with it', async (t) => {
  const counted = contains(6, 'count', 'threshold:type both, track by_flow, count 3, seconds 60;');
  const sensor = new TestSensor(set('one 1', counted)).take(udp('count'), udp('count'));
  // The rule stands behind another one now.
  sensor.sensor.useRules(set('two 2', contains(1, 'other', 'priority:1;'), counted));
  t.same(sensor.take(udp('count'), udp('count')).alerts, ['3 6 two 2']);
});

const HTTP = (sid: number, more: string): string =>
  `alert http any any -> any any (flow:established,to_server; ${more} sid:${sid};)`;

/** A connection whose request comes in two pieces. */
function opened(sensor: TestSensor): TestSensor {
  return sensor.take(
    tcp(true, { flags: 2, sequence: 0 }),
    tcp(false, { flags: 18, sequence: 0, acknowledgment: 1 }),
    tcp(true, { sequence: 1, acknowledgment: 1 }),
  );
}
const FIRST = 'GET /secret HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nfour';

t.test('a transaction that a rule has alerted on is not told again, and a new rule is asked about it', async (t) => {
  const uri = HTTP(1, 'http.uri; content:"/secret";');
  const sensor = opened(new TestSensor(set('one 1', uri)));
  sensor.take(
    tcp(true, { sequence: 1 }, FIRST),
    tcp(false, { sequence: 1, acknowledgment: 1 + FIRST.length }),
    tcp(true, { sequence: 1 + FIRST.length }),
  );
  const before = sensor.alerts.length;
  t.equal(before, 1, 'the address was there');
  sensor.sensor.useRules(
    set('two 2', HTTP(2, 'http.host; content:"a";'), HTTP(3, 'http.uri; content:"/secret";'), uri),
  );
  sensor.take(
    tcp(true, { sequence: 1 + FIRST.length }, 'more'),
    tcp(false, { sequence: 1, acknowledgment: 5 + FIRST.length }),
    tcp(true, { sequence: 5 + FIRST.length }),
  );
  t.same(
    sensor.alerts.slice(before).map((alert) => alert.replace(/^\S+ /, '')),
    ['2 two 2', '3 two 2'],
    'the rule that both have alerts no second time',
  );
});

t.test('a rule that was half met goes on where it was', async (t) => {
  const half = HTTP(1, 'http.uri; content:"/secret"; http.request_body; content:"fourmore";');
  const run = (swap: boolean): string[] => {
    const sensor = opened(new TestSensor(set('one 1', half)));
    sensor.take(
      tcp(true, { sequence: 1 }, FIRST),
      tcp(false, { sequence: 1, acknowledgment: 1 + FIRST.length }),
      tcp(true, { sequence: 1 + FIRST.length }),
    );
    if (swap) sensor.sensor.useRules(set('one 1', HTTP(7, 'http.host; content:"zzz";'), half));
    sensor.take(
      tcp(true, { sequence: 1 + FIRST.length }, 'more'),
      tcp(false, { sequence: 1, acknowledgment: 5 + FIRST.length }),
      tcp(true, { sequence: 5 + FIRST.length }),
    );
    sensor.sensor.finish();
    return sensor.alerts;
  };
  t.equal(run(false).length, 1);
  t.same(run(true), run(false));
});

t.test(
  'of a flow that was begun before, new rules about addresses alone are asked, and old ones not again',
  async (t) => {
    const ofAddress = (sid: number, address: string): string => `alert ip any any -> ${address} any (sid:${sid};)`;
    const sensor = new TestSensor(set('one 1', ofAddress(1, '10.0.0.2'))).take(udp('a'), udp('b'));
    sensor.sensor.useRules(
      set('two 2', ofAddress(1, '10.0.0.2'), ofAddress(2, '10.0.0.0/24'), ofAddress(3, '10.1.0.0/16')),
    );
    sensor.take(udp('c'), udp('d'), udp('e', 4002));
    t.same(sensor.alerts, ['1 1 one 1', '3 2 two 2', '5 1 two 2', '5 2 two 2']);
  },
);

t.test('sets of different lines do not take each other’s place', async (t) => {
  const other = compileRules([], { ...SENSOR_DEFAULTS.inspect, protocols: SENSOR_DEFAULTS.protocols, ruleSet: null });
  t.throws(() => new TestSensor(set('one 1')).sensor.useRules(other), { code: 'ASSERTION_FAILED' });
});
