/** Rules of Suricata 8 about both sides of a transaction (`=>`): they alert once, when the second side has matched. */
import t from 'tap';
import { alertsIn, Scene } from '../sensor/scene.ts';

const exchange = (scene: Scene, uri: string, status: number): Scene =>
  scene
    .say(0, `GET ${uri} HTTP/1.1\r\nHost: a\r\n\r\n`)
    .say(1, `HTTP/1.1 ${status} X\r\nServer: nginx\r\nContent-Length: 2\r\n\r\nok`);
const two = (): Scene =>
  exchange(exchange(new Scene(80).handshake(), '/download', 404), '/other', 200).segment(0, 17, 0, 0);
const rule = (options: string, header = 'any any => any any'): string => `alert http ${header} (${options})`;

t.test('both sides of one transaction have to match', async (t) => {
  const found = alertsIn(two(), [
    rule('http.uri; content:"/download"; http.stat_code; content:"404";'),
    rule('http.uri; content:"/download"; http.stat_code; content:"200";'),
    rule('http.uri; content:"/other"; http.stat_code; content:"200"; http.server; content:"nginx";'),
    rule('http.uri; content:"/"; http.stat_code; content:!"404"; bsize:3;'),
    rule('urilen:9; http.response_line; content:"404";'),
  ]);
  t.match(found[0], /^[\d-]+[<>]$/);
  t.equal(found[1], '');
  t.match(found[2], /^[\d-]+[<>]$/);
  t.match(found[3], /^[\d-]+[<>]$/);
  t.match(found[4], /^[\d-]+[<>]$/);
});

t.test('the header is the client’s; the server’s is the other way round', async (t) => {
  const options = 'http.uri; content:"/download"; http.stat_code; content:"404";';
  const found = alertsIn(two(), [
    rule(options, '10.1.0.0 any => 10.2.0.0 80'),
    rule(options, '10.2.0.0 80 => 10.1.0.0 any'),
    rule(options, 'any any => any 8080'),
  ]);
  t.not(found[0], '');
  t.same(found.slice(1), ['', '']);
});

t.test('each transaction by itself', async (t) => {
  const scene = exchange(exchange(new Scene(80).handshake(), '/a', 200), '/a', 200).segment(0, 17, 0, 0);
  const [found] = alertsIn(scene, [rule('http.uri; content:"/a"; http.stat_code; content:"200";')]);
  t.equal(found!.split(' ').length, 2);
});

t.test('what asks one side, or says no side, is refused', async (t) => {
  for (const options of [
    'http.uri; content:"/";',
    'http.uri; content:"/"; http.stat_code; content:"200"; flow:to_server;',
    'http.uri; content:"/"; http.stat_code; content:"200"; http.header; content:"a";',
    'content:"a";',
  ])
    t.throws(() => alertsIn(two(), [rule(options)]), options);
});
