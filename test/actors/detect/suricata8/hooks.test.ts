/** Rules of Suricata 8 that name the moment at which they are asked, as its documentation has them. */
import t from 'tap';
import { alertsIn, Scene } from '../sensor/scene.ts';

const scene = (): Scene =>
  new Scene(80)
    .handshake()
    .say(0, 'POST /first HTTP/1.1\r\n')
    .say(0, 'Host: a\r\nContent-Length: 4\r\n\r\n')
    .say(0, 'body')
    .say(1, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    .say(0, 'GET /second HTTP/1.1\r\nHost: b\r\n\r\n')
    .say(1, 'HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno')
    .segment(0, 17, 0, 0);
const rule = (header: string, options = ''): string => `alert ${header} any any -> any any (${options})`;
const count = (found: string): number => (found === '' ? 0 : found.split(' ').length);

t.test('a hook alone holds once of each transaction, when it has come so far', async (t) => {
  const [line, headers, body, complete, status, tls] = alertsIn(scene(), [
    rule('http1:request_line'),
    rule('http1:request_headers'),
    rule('http1:request_body'),
    rule('http1:request_complete'),
    rule('http1:response_line'),
    rule('tls:client_hello_done'),
  ]);
  for (const found of [line, headers, body, complete]) {
    t.equal(count(found!), 2);
    t.match(found, /^\d+> \d+>$/);
  }
  t.match(status, /^\d+< [\d-]+<$/);
  t.equal(tls, '');
  t.ok(Number.parseInt(line!, 10) < Number.parseInt(complete!, 10), 'in the order of the moments');
});

t.test('what else a rule asks has to hold, too', async (t) => {
  t.same(
    alertsIn(scene(), [
      rule('http1:request_line', 'http.uri; content:"second";'),
      rule('http1:request_headers', 'http.host; content:"a";'),
      rule('http1:response_started', 'http.stat_code; content:"404";'),
      rule('http1:request_line', 'http.uri; content:"third";'),
    ]).map(count),
    [1, 1, 1, 0],
  );
});

t.test('packets: the first of each direction, or all', async (t) => {
  const [first, all, client, icmp] = alertsIn(scene(), [
    rule('tcp:flow_start'),
    rule('tcp:all'),
    rule('tcp:flow_start', 'flow:to_client;'),
    rule('icmp:all'),
  ]);
  t.equal(first, '1> 2<');
  t.equal(client, '2<');
  t.equal(count(all!), 16);
  t.equal(icmp, '');
});

t.test('bits of a transaction', async (t) => {
  t.same(
    alertsIn(scene(), [
      rule('http1:request_line', 'http.uri; content:"second"; xbits:set,two,track tx; noalert;'),
      rule('http1:request_headers', 'xbits:isset,two,track tx;'),
      rule('http1:response_line', 'xbits:isset,two,track tx; http.stat_code; content:"404";'),
      rule('http1:response_line', 'xbits:isnotset,two,track tx;'),
      rule('http1:response_line', 'xbits:isset,three,track tx;'),
    ]).map(count),
    [0, 1, 1, 1, 0],
  );
});

t.test('a hook that is none, or goes the other way, is refused', async (t) => {
  for (const one of [
    rule('http1:request_lines'),
    rule('http:request_line'),
    rule('tcp:request_started'),
    rule('tcp:pre_flow'),
    rule('http1:request_line', 'http.stat_code; content:"200";'),
    rule('http1:request_line', 'flow:to_client;'),
    rule('http1:request_line', 'ttl:64;'),
    rule('tcp', 'xbits:set,a,track tx;'),
    rule('tcp:all', 'xbits:set,a,track tx;'),
    'accept:hook http1:request_line any any -> any any ()',
  ])
    t.throws(() => alertsIn(scene(), [one]), one);
});
