/** Keywords that few rules have; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { ACK, alertsIn, FIN, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const CALL = '\x64\xb2\xb3\x75\0\0\0\0\0\0\0\x02\0\x01\x86\xa0\0\0\0\x02\0\0\0\x03';
const REPLY = `${CALL.slice(0, 4)}\0\0\0\x01${CALL.slice(8)}`;

t.test('rpc: calls alone, in datagrams and behind the length of a record, that have all of their head', async (t) => {
  const options = ['100000', '100000,2', '100000,*,3', ' 100000 , 2 , * ', '100000,3', '100000,2,4', '1'];
  const over = (transport: string): string[] => options.map((one) => `alert ${transport} ${ANY} (rpc:${one};)`);
  const datagrams = new Scene(111).datagram(0, CALL).datagram(1, REPLY).datagram(0, CALL.slice(0, 23));
  t.same(alertsIn(datagrams, over('udp')), ['1>', '1>', '1>', '1>', '', '', '']);
  const stream = new Scene(111).handshake().say(0, `\x80\0\0\x18${CALL}`).say(0, CALL);
  t.same(alertsIn(stream, over('tcp')), ['4>', '4>', '4>', '4>', '', '', '']);
});

t.test('template2 asks what ttl asks; replace changes nothing, whatever it says', async (t) => {
  const scene = new Scene(7).datagram(0, 'abc');
  const rules = ['template2:64;', 'template2:>64;', 'content:"abc"; replace:"x|zz|";', 'replace:"abc"; dsize:3;'];
  t.same(
    alertsIn(
      scene,
      rules.map((one) => `alert udp ${ANY} (${one})`),
    ),
    ['1>', '', '1>', '1>'],
  );
});

t.test('flags with SYN among others: of SYNs alone, unless the rule is found by what must be there', async (t) => {
  const scene = new Scene(7)
    .handshake()
    .say(0, 'abc')
    .segment(0, FIN | ACK, 0, 0);
  const rules = [
    'flags:*SF;',
    'flags:*SF; tcp.hdr; content:!"|51|";',
    'flags:*SF; ip.src; content:"|0a 01|";',
    'flags:*SA; tcp.hdr; content:"|50|"; offset:12; depth:1;',
    'flags:*SA; prefilter;',
    'flags:*SF; ttl:64; prefilter;',
  ].map((one) => `alert tcp ${ANY} (${one})`);
  t.same(alertsIn(scene, rules), ['1> 2<', '2<', '1> 6>', '1> 2< 6>', '1> 2< 6>', '1> 2< 6>']);
});

t.test('fragoffset: a fragment header tells one, of a datagram that is whole, too', async (t) => {
  const scene = new Scene(7).wholeFragment('abc').datagram(0, 'abc');
  const rules = ['fragoffset:<5;', 'fragoffset:0;', 'fragoffset:>0;'].map((one) => `alert udp ${ANY} (${one})`);
  t.same(alertsIn(scene, rules), ['1> 2>', '1> 2>', '']);
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

t.test('file.magic: what a file is by its bytes, whatever its name says', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, get('/a.gif'))
    .say(1, answer('<html><body>hello</body></html>'))
    .say(0, get('/b.txt'))
    .say(1, answer('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0'))
    .say(0, `POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n`)
    .say(0, 'just some text here\n')
    .say(1, answer(''));
  const rules = [
    'file.magic; content:"HTML";',
    'filemagic:"html document";',
    'filemagic:!"PNG";',
    'file.magic; content:"PNG image data, 16 x 16"; startswith;',
    'filemagic:"text"; flow:to_server;',
    'file.magic; content:"document"; file.data; content:"hello";',
  ].map((one) => `alert http ${ANY} (${one})`);
  t.same(alertsIn(scene, rules), ['9<', '9<', '9< 17>', '13<', '17>', '9<']);
});

t.test('file.magic: of a file that has not ended 512 bytes tell, and its kind stays what it was then', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, get('/'))
    .say(1, 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n')
    .say(1, `<html>${'a'.repeat(400)}`)
    .say(1, 'b'.repeat(300))
    .say(1, 'c'.repeat(1294));
  t.same(alertsIn(scene, [`alert http ${ANY} (filemagic:"html";)`]), ['12<']);
  const short = new Scene(80)
    .handshake()
    .say(0, get('/'))
    .say(1, 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n<html>');
  t.same(alertsIn(short, [`alert http ${ANY} (filemagic:"html";)`]), ['-<']);
});

t.test('ftpbounce: the latest command is a PORT that names another address than the client has', async (t) => {
  const alerts = (...sent: readonly string[]): string => {
    const scene = new Scene(21).handshake().say(1, '220 hi\r\n').say(0, 'USER a\r\n').say(1, '331 b\r\n');
    scene
      .say(0, sent.map((line) => `${line}\r\n`).join(''))
      .say(1, '200 ok\r\n')
      .say(0, 'QUIT\r\n');
    return alertsIn(scene, [`alert ftp ${ANY} (ftpbounce;)`])[0]!;
  };
  for (const line of [
    'PORT 10,1,0,1,4,1',
    'PORT 10 ,1 ,0 ,1 ,4',
    'PORT 256,1,0,1,4',
    'PORT a9,9,9,9,1,1',
    'PORT 1,,,,',
    'port 8,8,8,8,1,1',
  ])
    t.equal(alerts(line), '13>', line);
  for (const line of [
    'PORT 10,1,0,0,4,1',
    'PORT 10,1,0,1',
    'PORT 0010,1,0,1,4,4',
    'PORT 257,1,0,1,4',
    'PORT ,1,0,1,4',
    'PORT 10.1.0.1',
    'PORT 8, 8,8,8,1,1',
    'EPRT |1|8.8.8.8|6275|',
  ])
    t.equal(alerts(line), '', line);
  t.equal(alerts('PORT 8,8,8,8,1,1', 'LIST'), '');
});

t.test('addresses alone: asked of IPv4 whose options cannot be read, too, which has no protocol', async (t) => {
  const scene = new Scene(7).spoiltOptions('abc').datagram(0, 'abc');
  const rules = [
    'ip 10.1.0.0 any -> 10.2.0.0 any (',
    'pkthdr any any -> any any (',
    'ip 10.2.0.0 any -> any any (',
    'ipv4 any any -> any any (',
    'udp any any -> any any (',
    'ip any any -> any any (ip_proto:!17;',
    'ip any any -> any any (xbits:set,a,track ip_src;',
  ].map((one) => `alert ${one})`);
  t.same(alertsIn(scene, rules), ['1 2>', '1 2>', '', '2>', '2>', '1', '1 2>']);
});

t.test('app-layer-protocol beside bits of addresses is asked once, when it is known', async (t) => {
  const scene = new Scene(42553).segment(0, PUSH | ACK, 0, 0, 'ZXRj\0\x0fYWRtaW4=892').segment(1, ACK, 0, 17);
  const options = ['', 'xbits:isnotset,b,track ip_src;', 'hostbits:isnotset,b,src;', 'flags:A+;'];
  const rules = options.map((one) => `alert tcp ${ANY} (app-layer-protocol:failed; flow:to_client; ${one})`);
  t.same(alertsIn(scene, rules, '', true), ['', '', '', '2<']);
});

t.test('decode-event: no address keeps a rule from a packet that has none', async (t) => {
  const scene = new Scene(7).tooShortHeader('abc');
  const event = 'decode-event:ipv4.hlen_too_small;';
  const rules = [
    `alert ip 192.0.2.1 any -> 192.0.2.2 any (${event})`,
    `alert ip [192.0.2.1,192.0.2.2,!192.0.2.2] any -> any any (${event} xbits:set,a,track ip_src;)`,
    `alert pkthdr any any -> 2001:db8::1 any (${event})`,
    `alert ip any any -> any 7 (${event})`,
    `alert udp any any -> any any (${event})`,
    `alert ipv4 192.0.2.1 any -> any any (${event})`,
    `alert ip 192.0.2.1 any -> 192.0.2.2 any (${event} ttl:>0;)`,
  ];
  t.same(alertsIn(scene, rules), ['1', '1', '1', '', '', '', '']);
});
