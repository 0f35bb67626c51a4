/** Flows in which another protocol follows: STARTTLS and CONNECT; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { CLIENT_HELLO, SERVER_HELLO } from './hellos.ts';
import { ACK, alertsIn, FIN, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const RULES = {
  sni: `alert tls ${ANY} (tls.sni; content:"example";)`,
  tls: `alert tcp ${ANY} (app-layer-protocol:tls;)`,
  smtp: `alert tcp ${ANY} (app-layer-protocol:smtp;)`,
  unexpected: `alert tcp ${ANY} (app-layer-event:applayer_unexpected_protocol;)`,
  noTls: `alert tcp ${ANY} (app-layer-event:applayer_no_tls_after_starttls;)`,
};

const starttls = (): Scene =>
  new Scene(25)
    .handshake()
    .say(1, '220 hi\r\n')
    .say(0, 'EHLO a\r\n')
    .say(1, '250 a\r\n')
    .say(0, 'STARTTLS\r\n')
    .say(1, '220 go\r\n');
const connect = (): Scene =>
  new Scene(80).handshake().say(0, 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n').say(1, 'HTTP/1.1 200 OK\r\n\r\n');

/** Where each alerts, but for those that do nowhere. */
function told(scene: Scene): Partial<Record<keyof typeof RULES, string>> {
  const names = Object.keys(RULES) as (keyof typeof RULES)[];
  const places = alertsIn(
    scene,
    names.map((name) => RULES[name]),
  );
  return Object.fromEntries(names.map((name, i) => [name, places[i]!]).filter(([, where]) => where !== ''));
}

t.test('TLS behind STARTTLS and CONNECT is news to rules about the protocol', async (t) => {
  const talk = (scene: Scene): Scene => scene.say(0, CLIENT_HELLO).say(1, SERVER_HELLO).say(0, '').say(1, '');
  t.same(told(talk(starttls())), { sni: '17>', tls: '17> 19<', smtp: '9>' });
  t.same(told(talk(connect())), { sni: '11>', tls: '11> 13<' });
});

t.test('what follows STARTTLS and is not TLS is told of with each packet until it is known', async (t) => {
  const garbage = starttls().say(0, 'x'.repeat(40)).say(1, 'y'.repeat(40)).say(0, '').say(1, '');
  t.same(told(garbage), {
    smtp: '9>',
    unexpected: '15< 16< 17> 18> 19< 20< 21>',
    noTls: '15< 16< 17> 18> 19< 20< 21>',
  });
  const web = starttls().say(0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n').say(1, 'HTTP/1.1 200 OK\r\n\r\n').say(0, '');
  t.same(told(web), { smtp: '9>', unexpected: '15<', noTls: '15<' });
});

t.test('a session begun anew behind STARTTLS may turn to TLS later', async (t) => {
  const scene = starttls()
    .say(0, 'EHLO b\r\n')
    .say(1, '250 b\r\n')
    .say(0, 'STARTTLS\r\n')
    .say(1, '220 x\r\n')
    .say(0, CLIENT_HELLO)
    .say(1, SERVER_HELLO)
    .say(0, '')
    .say(1, '');
  t.same(told(scene), { sni: '25>', tls: '25> 27<', smtp: '9> 17>', unexpected: '15<', noTls: '15<' });
});

t.test('the end of a session tells of what did not follow once more', async (t) => {
  const scene = starttls()
    .say(0, 'x'.repeat(40))
    .segment(1, FIN | ACK, 0, 0)
    .segment(0, FIN | ACK, 0, 1)
    .segment(1, ACK, 1, 1);
  t.same(told(scene), { smtp: '9>', unexpected: '15< 16< 18<', noTls: '15< 16< 18<' });
});
