/** What rules see of the stream, and with which packet: as in Suricata 7.0.10, whose answers these are. */
import t from 'tap';
import { ACK, alertsIn, FIN, PUSH, RST, Scene, SYN } from './scene.ts';

const ANY = 'any any -> any any';
const DNS_QUERY = '\x00\x1a-3\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04evil\x03com\x00\x00\x0f\x00\x01';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const NOT_FOUND = 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n';

t.test('what must not be there must be in none of the pieces between holes', async (t) => {
  const scene = new Scene(7777).handshake().segment(0, PUSH | ACK, 20, 0, 'alpha');
  scene.segment(0, PUSH | ACK, 40, 0, 'needle');
  const rules = ['needle', 'alpha', 'other'].map((word) => `alert tcp ${ANY} (content:!"${word}";)`);
  t.same(alertsIn(scene, rules), ['', '', '->']);
});

t.test(
  'a transaction that has just begun is not remembered for a pattern in the stream of the one before',
  async (t) => {
    const scene = new Scene(80).handshake().say(0, GET).say(1, OK).say(0, GET).say(1, NOT_FOUND).say(0, '').say(1, '');
    const rule = (text: string, code: number): string =>
      `alert http ${ANY} (content:"${text}"; http.stat_code; content:"${code}";)`;
    t.same(alertsIn(scene, [rule('200 OK', 404), rule('1 404', 404), rule('1 404', 200)]), ['', '13<', '']);
  },
);

t.test('a message of DNS that cannot be read shows the stream to rules as one that can', async (t) => {
  const bad = '\x00\x05\x00\x00\x00\x07\x00';
  const asked = new Scene(53).handshake().say(0, DNS_QUERY).say(0, bad).say(0, '');
  t.same(alertsIn(asked, [`alert tcp ${ANY} (flow:to_server; content:"|00 05|";)`]), ['8>']);
  // Behind a gap, too, where it has no room for a header.
  const answered = new Scene(53)
    .handshake()
    .say(0, DNS_QUERY)
    .segment(1, PUSH | ACK, 20, 0, bad);
  answered.segment(0, ACK, 0, 27).segment(1, ACK, 27, 0);
  t.same(alertsIn(answered, [`alert tcp ${ANY} (flow:to_client; content:"|07|";)`]), ['8< -<']);
});

t.test('where sequence numbers have begun anew, something of the stream seems to be left', async (t) => {
  const of = (first: number): string[] => {
    const scene = new Scene(7777, [first, 9000]).handshake().say(0, 'abcdefghijklmnopqrstuvwxyz').say(0, '');
    scene
      .say(1, '')
      .say(0, '')
      .segment(0, FIN | ACK, 0, 0)
      .segment(1, FIN | ACK, 0, 1)
      .segment(0, ACK, 1, 1);
    return alertsIn(scene, [`alert tcp ${ANY} (flow:to_server; content:!"xx";)`]);
  };
  t.same(of(1000), ['12>']);
  t.same(of(0xffff_fff0), ['12> 14>']);
});

t.test('where a rule asks of the stream, something seems to be left of a side that never sent a byte', async (t) => {
  const every = `alert tcp any any -> !192.0.2.1 any ()`;
  const ofStream = `alert tcp ${ANY} (content:"abc";)`;
  const both = (scene: Scene): (string | undefined)[] => [
    alertsIn(scene, [every])[0],
    alertsIn(scene, [every, ofStream])[0],
  ];
  const begun = (): Scene => new Scene(7777).segment(0, SYN, 0, 0);
  t.same(both(begun()), ['1>', '1> ->']);
  t.same(both(begun().segment(1, SYN | ACK, 0, 1)), ['1> 2<', '1> 2< -> -<']);
  t.same(both(begun().segment(1, RST | ACK, 0, 1)), ['1> 2<', '1> 2< ->']);
  t.same(both(new Scene(7777).handshake().segment(1, RST | ACK, 0, 0)), ['1> 2< 3> 4<', '1> 2< 3> 4< -> -<']);
});

t.test('of HTTP bytes that rules have seen are kept for a while: what comes again is in the stream', async (t) => {
  const scene = (port: number, text: string): Scene =>
    new Scene(port)
      .handshake()
      .say(0, text)
      .say(1, OK)
      .say(0, '')
      .say(1, '')
      .segment(0, PUSH | ACK, -text.length, 0, text);
  const rule = `alert tcp ${ANY} (content:"GET";)`;
  t.same(alertsIn(scene(80, GET), [rule]), ['7>']);
  t.same(alertsIn(scene(53, DNS_QUERY.replace('evil', 'GET!')), [rule]), ['7> 12>']);
});

t.test('a number of the flow that there is not counts as 0 where another is compared with it, or set', async (t) => {
  const scene = new Scene(9005).datagram(0, 'a').datagram(0, 'b');
  const rules = ['aa,=,bb', 'aa,==,0', 'aa,==,cc', 'dd,==,cc', 'dd,+,cc'];
  t.same(
    alertsIn(
      scene,
      rules.map((one) => `alert udp ${ANY} (flowint:${one};)`),
    ),
    ['1> 2>', '1> 2>', '1> 2>', '1> 2>', '1> 2>'],
  );
});

t.test('what comes with a RST is in no stream, and is asked about as a packet of its own', async (t) => {
  const opened = (port: number, text: string): Scene => new Scene(port).handshake().say(0, text);
  const rules = ['tcp', 'tcp-stream', 'tcp-pkt'].map((protocol) => `alert ${protocol} ${ANY} (content:"needle";)`);
  // Where the stream has something in hand it is asked there; without a place in it the packet is not asked then.
  const more = [`alert tcp ${ANY} (content:"needle"; depth:6;)`, `alert http ${ANY} (http.uri; content:"evil";)`];
  const reset = opened(7777, 'x').segment(0, RST | ACK, 0, 0, 'needle');
  t.same(alertsIn(reset, [...rules, ...more]), ['', '', '6>', '6>', '']);
  const answered = new Scene(7777).handshake().segment(0, PUSH | ACK, 0, 0, 'x');
  answered.segment(1, RST | ACK, 0, 1, 'needle');
  t.same(alertsIn(answered, [...rules, ...more]), ['5<', '5<', '5<', '5<', '']);
  const request = opened(80, GET).segment(0, RST | ACK, 0, 0, 'GET /evil HTTP/1.1\r\n\r\n');
  t.same(alertsIn(request, [...rules, ...more]), ['', '', '', '', '']);
});

t.test(
  'where a parser gives up over what came first, it reads what the other side has said all the same',
  async (t) => {
    const garbage = new Scene(22).handshake().say(1, 'garbage that is none\r\n').say(0, 'SSH-2.0-x\r\n');
    garbage.say(0, 'SSH-2.0-x\r\n').say(1, 'SSH-2.0-y\r\n');
    const rules = [
      `alert ssh ${ANY} (ssh.proto; content:"2";)`,
      `alert ssh ${ANY} (app-layer-event:ssh.invalid_banner;)`,
      // What gave up is taken for what the other side speaks.
      `alert tcp ${ANY} (app-layer-protocol:failed;)`,
    ];
    t.same(alertsIn(garbage, rules), ['8>', '7< 8>', '']);
  },
);

t.test('bytes that nothing was made of yet are kept, and shown again to rules when the session closes', async (t) => {
  const scene = new Scene(22, [0xffff_fff8, 9000]).handshake().say(1, 'SSH-1.99-x\r\n');
  scene
    .segment(0, PUSH | ACK, 0, 0, 'SSH-1.9')
    .segment(1, ACK, 0, 7)
    .segment(0, FIN | ACK, 7, 0)
    .segment(0, ACK, 8, 1);
  t.same(alertsIn(scene, [`alert tcp ${ANY} (isdataat:!6,relative;)`]), ['8> 9>']);
});

t.test('where one rule asks whether bytes come again otherwise, more of all streams is kept', async (t) => {
  const overlap = `alert tcp ${ANY} (stream-event:reassembly_overlap_different_data;)`;
  const absent = `alert tcp ${ANY} (content:!"zz";)`;
  const again = new Scene(53).handshake().say(0, DNS_QUERY).say(0, '').say(0, '');
  again
    .segment(0, PUSH | ACK, -6, 0, 'xxxxxxabcd')
    .say(1, '')
    .say(0, '');
  t.same(alertsIn(again, [absent, overlap]), ['6> ->', '10>']);
  const anew = new Scene(53, [0xffff_fff0, 9000]).handshake().say(0, DNS_QUERY).say(0, '');
  anew
    .segment(0, FIN | ACK, 0, 0)
    .segment(1, FIN | ACK, 0, 1)
    .segment(0, ACK, 1, 1);
  t.same(alertsIn(anew, [absent]), ['6>']);
  t.same(alertsIn(anew, [absent, overlap]), ['6> 8> 10>', '']);
});

t.test('a request that a gap or an answer completes shows rules what there is of the stream', async (t) => {
  const absent = `alert tcp ${ANY} (flow:to_server; content:!"zz";)`;
  const behindGap = new Scene(80).handshake().segment(0, PUSH | ACK, 0, 0, 'GET  ');
  behindGap
    .segment(0, PUSH | ACK, 300, 0, 'vo\r\n\r\nGET /')
    .segment(0, PUSH | ACK, 325, 0, '69 HTTP/1.1')
    .segment(1, ACK, 0, 320)
    .segment(0, PUSH | ACK, 311, 0, '/abcd/efgh/');
  t.same(alertsIn(behindGap, [absent]), ['8> ->']);
  const answered = new Scene(80).handshake().segment(0, PUSH | ACK, 0, 0, 'GET');
  answered
    .segment(1, PUSH | ACK, 0, 50, 'HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n')
    .segment(0, PUSH | ACK, 100, 58, 'abc')
    .segment(0, PUSH | ACK, 103, 58, 'abc');
  t.same(alertsIn(answered, [absent]), ['6> ->']);
});

t.test('a rule that names a header drops packets, and not flows, though the stream has its content', async (t) => {
  const scene = new Scene(7777)
    .handshake()
    .say(0, 'abcabc')
    .segment(0, FIN | ACK, 0, 0);
  scene
    .segment(1, FIN | ACK, 0, 1)
    .segment(0, ACK, 1, 1)
    .segment(0, ACK, 1, 1);
  const rules = [
    `drop tcp ${ANY} (flow:to_server; content:"abc"; ip.src; content:"|0a|";)`,
    `alert tcp ${ANY} (flow:to_server; ttl:64;)`,
  ];
  t.same(alertsIn(scene, rules), ['6> 8> 9>', '1> 3> 4> 6> 8> 9>']);
});

t.test(
  'transactions are asked about with a packet that the session refuses, by rules that a prefilter finds',
  async (t) => {
    const scene = new Scene(80).handshake().say(0, GET).segment(0, RST, 5, 0).say(0, GET);
    const rules = ['content:"GET"', 'pcre:"/GET/"'].map((method) => `alert http ${ANY} (http.method; ${method};)`);
    t.same(alertsIn(scene, rules), ['6> ->', '->']);
  },
);

t.test('a transaction is asked about where something of it came in its direction', async (t) => {
  const CONNECT = '\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0';
  const PING = '\xc0\0';
  const CONNACK = '\x20\x02\0\0';
  const scene = new Scene(1883).handshake().say(0, CONNECT).say(1, CONNACK).say(0, CONNECT).say(0, PING);
  scene
    .segment(0, FIN | ACK, 0, 0)
    .segment(1, FIN | ACK, 0, 1)
    .segment(0, ACK, 1, 1);
  const rules = ['', 'isdataat:1,relative;'].map(
    (more) => `alert mqtt ${ANY} (${more} app-layer-event:mqtt.double_connect;)`,
  );
  // With the FIN there would be something of the stream.
  t.same(alertsIn(scene, rules), ['10>', '']);
});

t.test(
  'beside a packet that the session does not take rules about transactions see the stream, others do not',
  async (t) => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const scene = new Scene(80)
      .handshake()
      .segment(1, PUSH | ACK, 0, 0, answer)
      .segment(0, ACK, 0, answer.length)
      .segment(1, FIN | ACK, answer.length + 70_000, 0);
    const rules = ['content:"Length"; http.response_body; content:"ok";', 'content:"Length";'];
    t.same(
      alertsIn(
        scene,
        rules.map((rule) => `alert http any any -> any any (${rule})`),
      ),
      ['6<', '-<'],
    );
  },
);

t.test('a mail server sends no files: a rule about those is asked of what it says alone', async (t) => {
  const scene = new Scene(25).handshake().say(1, '220 mx\r\n').say(0, 'EHLO 20\r\n').say(1, '250 mx 20\r\n');
  const rules = ['filesize:10<>5000; content:"20";', 'filestore; content:"20";', 'filename:"x"; content:"20";'];
  rules.push('filesize:10<>5000;');
  t.same(
    alertsIn(
      scene,
      rules.map((rule) => `alert tcp ${ANY} (${rule})`),
    ),
    ['-<', '-<', '', ''],
  );
});

t.test('a control connection of FTP has no files: rules that ask of some do not alert on it', async (t) => {
  const scene = new Scene(21).handshake().say(1, '220 (20)\r\n').say(0, 'USER 20\r\n').say(1, '331 20\r\n');
  const rules = [
    'filesize:10<>5000; content:"20";',
    'filestore; content:"20";',
    'file.data; content:!"x"; pkt_data; content:"20";',
  ];
  rules.push('content:"20"; filename:"x";', 'file.name; content:!"x"; pkt_data; content:"20";', 'content:"20";');
  t.same(
    alertsIn(
      scene,
      rules.map((rule) => `alert tcp ${ANY} (${rule})`),
    ),
    ['', '', '', '', '', '-> -<'],
  );
});

t.test(
  'beside a packet that the session does not take a rule is asked where what must not be there was found',
  async (t) => {
    const get = 'GET / HTTP/1.0\r\nHost: a\r\nReferer: b\r\n\r\n';
    const begin = new Scene(80)
      .segment(0, SYN, 0, 0)
      .segment(1, SYN | ACK, 0, 1)
      .segment(0, PUSH | ACK, 1, 1, get);
    begin.segment(1, PUSH | ACK, 1, 1 + get.length, 'HTTP/1.1 200 OK\r\nServ').segment(0, SYN, 0, 0);
    const rules = ['f', 'x', 'a'].map((text) => `alert http ${ANY} (http.request_header; content:!"${text}";)`);
    rules.push(`alert http ${ANY} (http.request_header; content:!"f"; endswith;)`);
    rules.push(`alert http ${ANY} (http.request_header; content:!"f"; offset:1;)`);
    rules.push(`alert http ${ANY} (http.request_header; to_lowercase; content:!"f";)`);
    rules.push(`alert http ${ANY} (http.method; content:!"G";)`, `alert http ${ANY} (http.method; content:!"X";)`);
    t.same(alertsIn(begin, rules), ['5>', '', '5>', '5>', '', '5>', '', '']);
  },
);
