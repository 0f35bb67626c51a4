/** What rules of Suricata 8 ask of flows: which protocol is spoken where, keywords that a rule requires. */
import t from 'tap';
import { alertsIn, Scene } from '../sensor/scene.ts';

/** HTTP one way, SSH the other. */
const mixed = (): Scene =>
  new Scene(80)
    .handshake()
    .say(0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    .say(1, 'SSH-2.0-OpenSSH_9.0\r\n')
    .segment(0, 17, 0, 0);
const asked = (options: string): boolean =>
  alertsIn(mixed(), [`alert tcp any any -> any any (app-layer-protocol:${options};)`])[0] !== '';

t.test('the protocol of one side, of either, of the parser', async (t) => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['http,to_server', true],
    ['http,to_client', false],
    ['ssh,to_client', true],
    ['!http,to_client', true],
    ['!http,to_server', false],
    ['ssh,either', true],
    ['dns,either', false],
    ['http,final', true],
    ['ssh,final', false],
    ['!ssh,final', true],
    // No other protocol was there before.
    ['http,original', false],
    ['!http,original', false],
    ['dns,ssh,to_client', true],
    ['!dns,ssh,to_client', false],
    ['unknown', true],
    ['http,to_server; app-layer-protocol:ssh,to_client', true],
  ];
  for (const [options, isMet] of cases) t.equal(asked(options), isMet, options);
});

t.test('unknown is what is not known yet', async (t) => {
  const [early] = alertsIn(mixed(), ['alert tcp any any -> any any (app-layer-protocol:unknown,final;)']);
  t.match(early, /^1>/);
  t.notMatch(early, / 7/);
});

t.test('what cannot be is refused', async (t) => {
  for (const options of [
    '!unknown',
    'nowhere,final',
    'http,final; app-layer-protocol:ssh,final',
    `${'http,'.repeat(17)}final`,
  ])
    t.throws(() => asked(options), options);
});

t.test('a rule may require a keyword', async (t) => {
  const ping = new Scene(1).ping(0, 'x');
  const [known] = alertsIn(ping, ['alert icmp any any -> any any (requires:keyword vlan.id; itype:8;)']);
  t.equal(known, '1>');
  t.throws(() => alertsIn(ping, ['alert icmp any any -> any any (requires:keyword nowhere; itype:8;)']));
});
