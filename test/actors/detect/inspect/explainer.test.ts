import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  type Attempt,
  CaptureReader,
  Explainer,
  readRules,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { needs, sharedData } from '../../../support/needs.ts';

function explained(capture: string, rule: string): Attempt | null {
  const { accepted } = readRules([{ name: 'r', text: rule }], variables());
  let explainer: Explainer | null = null;
  const options = { ...SENSOR_DEFAULTS, traffic: { ...SENSOR_DEFAULTS.traffic, validatesChecksums: false } };
  const sensor = new Sensor(
    accepted,
    options,
    () => undefined,
    (situation) => explainer?.look(situation),
  );
  explainer = new Explainer(sensor.signatures[0]!);
  const reader = new CaptureReader();
  reader.push(readFileSync(sharedData('ids-suricata-verify', capture, 'input.pcap')));
  while (reader.next()) sensor.take(reader.packet);
  sensor.finish();
  return explainer.best;
}

const steps = (attempt: Attempt | null): string[] =>
  (attempt?.steps ?? []).map(
    ({ what, isMet, where }) => `${isMet ? '+' : '-'} ${what}${where === '' ? '' : `: ${where}`}`,
  );

t.test('each term that was met is told with its bytes', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const attempt = explained(
    'alert-testmyids',
    'alert tcp any any -> any any (content:"uid=0|28|"; content:"root"; distance:0; within:4; sid:1;)',
  );
  t.equal(attempt?.isMatch, true);
  t.equal(attempt?.packet, 9);
  t.same(steps(attempt).slice(2), [
    '+ payload: content:"uid=0(": bytes 220 to 226: uid=0(',
    '+ payload: content:"root": bytes 226 to 230: root',
  ]);
});

t.test('the first thing that was not met ends the attempt, and the one that came furthest is told', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const rule = (options: string): string => `alert http any any -> any any (flow:to_server; ${options} sid:1;)`;
  const uri = explained('http-post-file', rule('http.method; content:"POST"; http.uri; content:"/absent";'));
  t.equal(uri?.isMatch, false);
  t.equal(steps(uri).at(-1), '- http.uri: content:"/absent": in 19 bytes: /api/v4/users/login');
  const body = explained('http-post-file', rule('http.method; content:"POST"; file.data; content:"EICAR";'));
  t.same([body?.isMatch, body?.packet, body?.transaction], [true, 20, 2]);
  const address = explained('http-post-file', 'alert tcp 1.2.3.4 any -> any any (content:"x"; sid:1;)');
  t.same(steps(address), ['- protocol, addresses and ports']);
});

t.test('a buffer that a direction never has is not met there', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const mail = explained('bug-1045', 'alert tcp any any -> any any (file.data; content:"e"; sid:1;)');
  t.equal(mail?.isMatch, false);
  t.equal(steps(mail).at(-1), '- file.data: smtp has none in what goes to the client');
});
