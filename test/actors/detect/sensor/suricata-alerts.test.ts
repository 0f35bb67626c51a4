/** What Suricata 7.0.10 does where one would not guess it, each found by comparing generated cases; expected is what it says. */
import t from 'tap';
import { CLIENT_HELLO } from './hellos.ts';
import { ACK, alertsIn, FIN, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const DNS_QUERY = '\x00\x1a-3\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04evil\x03com\x00\x00\x0f\x00\x01';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const NOT_FOUND = 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n';

t.test(
  'flags: a rule that names SYN, FIN or RST, even to exclude it, is asked only of packets that have one of them',
  async (t) => {
    const scene = new Scene(7777).handshake().say(0, 'hello');
    const rules = ['!S', '!F', '*SP', '!FR', '+A', '!A', '!PA'].map((flags) => `alert tcp ${ANY} (flags:${flags};)`);
    t.same(alertsIn(scene, rules), ['', '1> 2<', '1> 2<', '1> 2<', '2< 3> 4> 5<', '1>', '1> 2< 3> 5<']);
    const closed = new Scene(7777).handshake().segment(0, FIN | ACK, 0, 0);
    const some = ['*SF', '*FP', '!SF'].map((flags) => `alert tcp ${ANY} (flags:${flags};)`);
    t.same(alertsIn(closed, some), ['1> 2<', '4>', '1> 2< 4>']);
  },
);

t.test(
  'a message of DNS over TCP is shown to rules about the stream with the next packet of its direction',
  async (t) => {
    const scene = new Scene(53).handshake().say(0, DNS_QUERY).say(1, 'xx').say(0, '').say(1, '');
    t.same(alertsIn(scene, [`alert tcp ${ANY} (flow:to_server; content:"l|03|c";)`]), ['7>']);
  },
);

t.test('at the end of a flow there is no payload that could lack something', async (t) => {
  const scene = new Scene(53).handshake().say(0, DNS_QUERY).say(1, 'xx').say(0, '').say(1, '');
  const absent = (word: string): string => `alert tcp ${ANY} (content:!"${word}"; depth:21;)`;
  // With the seventh packet there is something of the stream in hand, and the packet has no payload of its own.
  t.same(alertsIn(scene, [absent('l|03|c'), absent('xx')]), ['6< 7> -<', '4> 7>']);
});

t.test(
  'a direction alone does not keep a rule with a content from the other direction of ICMP, if rules ask of that',
  async (t) => {
    const scene = new Scene(7).ping(0, 'abc').ping(1, 'abc').ping(0, 'xabc');
    const toClient = `alert icmp ${ANY} (flow:to_client; content:"bc";)`;
    const others = [`alert icmp ${ANY} (flow:to_server; content:"bc";)`, `alert icmp ${ANY} (flow:to_client; ttl:64;)`];
    const established = `alert icmp ${ANY} (flow:to_client,established; content:"bc";)`;
    t.same(alertsIn(scene, [toClient]), ['2<']);
    t.same(alertsIn(scene, [toClient, ...others, established]), ['1> 2< 3>', '1> 2< 3>', '2<', '2<']);
  },
);

t.test('a fragment is not examined whose datagram is to be blocked', async (t) => {
  const scene = new Scene(7).fragmented(0, 'abcdefghijklmnopqrst', 16);
  const every = `alert udp ${ANY} (ttl:64;)`;
  const reject = `reject udp ${ANY} (content:"hijkl";)`;
  t.same(alertsIn(scene, [every]), ['1 -> 2']);
  t.same(alertsIn(scene, [every, reject]), ['1 ->', '->!']);
});

t.test('what is missing behind bytes that were just handed on is waited for until the next packet', async (t) => {
  const scene = (acknowledged: number): Scene =>
    new Scene(22)
      .handshake()
      .segment(1, PUSH | ACK, 0, 0, 'SSH-2.0-')
      .segment(0, ACK, 0, 6)
      .segment(1, PUSH | ACK, 12, 0, '\r\n')
      .segment(0, ACK, 0, acknowledged)
      .segment(1, PUSH | ACK, 8, 0, 'abcd')
      .segment(0, ACK, 0, 14)
      .say(0, 'SSH-2.0-x\r\n')
      .say(0, '');
  const rule = `alert ssh ${ANY} (ssh.software; content:"abcd";)`;
  t.same(alertsIn(scene(12), [rule]), ['11<']);
  // Of what follows something is handed on, too.
  t.same(alertsIn(scene(13), [rule]), ['']);
});

t.test('a rule about a protocol that rejects a packet for its payload rejects that packet, not its flow', async (t) => {
  const scene = new Scene(80).handshake().say(0, GET).say(1, NOT_FOUND).say(0, '');
  const witness = `alert tcp ${ANY} (flags:A+;)`;
  const byPayload = `reject http ${ANY} (flow:to_client; content:"HTTP/1.1 404"; depth:12;)`;
  t.same(alertsIn(scene, [byPayload, witness]), ['6<! 9<!', '2< 3> 4> 5< 6< 7> 8> 9<']);
  t.same(alertsIn(scene, [`reject http ${ANY} ()`, witness]), ['5<!', '2< 3> 4> 5<']);
});

t.test(
  'rate_filter: more than count, in a window to the microsecond, then for whole seconds without counting',
  async (t) => {
    const scene = new Scene(7);
    for (let i = 0; i < 33; i += 1) scene.datagram(0, 'x').wait(249_000);
    const line = 'rate_filter gen_id 1, sig_id 1, track by_src, count 1, seconds 1, new_action drop, timeout 2';
    const told = alertsIn(scene, [`alert udp ${ANY} (content:"x";)`], line)[0]!.split(' ');
    t.same(
      told.filter((one) => !one.endsWith('!')),
      ['1>', '13>', '14>', '25>', '26>'],
    );
  },
);

t.test('what one direction has left at the end of a flow lets nothing of the other pass, but drops it', async (t) => {
  const scene = new Scene(7777).handshake().say(0, 'abc').say(1, 'xyz').say(0, '').say(1, '');
  const of = (action: string): string => `${action} tcp ${ANY} (flow:to_server; content:"abc";)`;
  const other = `alert tcp ${ANY} (flow:to_client; content:"xyz";)`;
  t.same(alertsIn(scene, [of('pass'), other]), ['', '-<']);
  t.same(alertsIn(scene, [of('drop'), other]), ['->', '']);
});

t.test('a message of ICMP about time that is too short for one has a payload like others', async (t) => {
  const scene = new Scene(7).icmp(0, 13, '4102login=').icmp(0, 13, '7751login alpha/');
  t.same(alertsIn(scene, [`alert icmp ${ANY} (content:"login";)`, `alert icmp ${ANY} (content:"pha/";)`]), [
    '1>',
    '2>',
  ]);
});

t.test('a content beside a header of packets is looked for in packets, not in the stream', async (t) => {
  const scene = new Scene(7777).handshake().say(0, 'abc').say(0, 'def');
  const header = 'ipv4.hdr; content:"|45|"; startswith;';
  const rules = [`content:"abc"; ${header}`, `content:"bcd"; ${header}`, 'content:"bcd";'];
  t.same(
    alertsIn(
      scene,
      rules.map((options) => `alert tcp ${ANY} (${options})`),
    ),
    ['4>', '', '->'],
  );
});

t.test(
  'a direction alone does not keep a rule about a header from the other direction, if rules ask of that',
  async (t) => {
    const scene = new Scene(7777).handshake();
    const toServer = `alert tcp ${ANY} (flow:to_server; ipv4.hdr; content:"|45|"; startswith;)`;
    const toClient = `alert tcp ${ANY} (flow:to_client; ipv4.hdr; content:"|45|"; offset:3;)`;
    t.same(alertsIn(scene, [toServer]), ['1> 3>']);
    t.same(alertsIn(scene, [toServer, toClient]), ['1> 2< 3>', '']);
    const datagram = new Scene(7777).datagram(0, 'abc');
    const back = 'alert udp any any -> any any (flow:to_client; ipv4.hdr; content:"|45|"; startswith;)';
    const ofProtocol = (asked: string): string => `alert pkthdr ${ANY} (ipv4.hdr; content:"|46|"; ip_proto:${asked};)`;
    t.same(
      ['17', '>16', '6', '!17'].map((asked) => alertsIn(datagram, [back, ofProtocol(asked)])[0]),
      ['1>', '1>', '', ''],
    );
  },
);

t.test('dsize: no payload has size 0 alone, and not where rules have something of the stream in hand', async (t) => {
  const scene = new Scene(80).handshake().say(0, GET).say(1, NOT_FOUND).say(0, '');
  const rules = ['!5', '<5', '0'].map((size) => `alert tcp ${ANY} (dsize:${size};)`);
  t.same(alertsIn(scene, rules), ['4> 6<', '1> 2< 3> 5< 7> 8> 9<', '1> 2< 3> 5< 7> 8> 9<']);
  const ofStream = `alert tcp ${ANY} (content:"absent";)`;
  t.same(alertsIn(scene, [...rules, ofStream]), ['4> 6< 7> 9<', '1> 2< 3> 5< 7> 8> 9<', '1> 2< 3> 5< 8>', '']);
});

t.test(
  'TLS: records are shown to rules about the stream; once data is encrypted, payloads are not looked into',
  async (t) => {
    const record = (type: number, content: string): string =>
      `${String.fromCharCode(type, 3, 3, 0, content.length)}${content}`;
    const keys = record(22, '\x10\x00\x00\x04keys');
    const scene = new Scene(443).handshake().say(0, CLIENT_HELLO).say(0, keys);
    scene.say(0, record(23, 'abcdef').slice(0, 8)).say(0, 'def').say(1, 'more').say(0, '').say(1, '');
    const rules = [
      'content:"keys"',
      'content:"abc"',
      'content:"abc"; dsize:>0',
      'content:!"zzz"',
      'dsize:>0',
      'dsize:0',
    ];
    const expected = ['8>', '', '8>', '6> 8> 10>', '4> 6> 8> 10> 12<', '1> 2< 3> 5< 7< 9< 11< 13> 14> 15< 16< 17>'];
    t.same(
      alertsIn(
        scene,
        rules.map((options) => `alert tcp ${ANY} (${options};)`),
      ),
      expected,
    );
  },
);

t.test(
  'a line of threshold.config is, of a rule in both directions, about the one in which it is written',
  async (t) => {
    const scene = new Scene(7).datagram(0, 'x').datagram(1, 'x').datagram(0, 'x').datagram(1, 'x');
    const rule = 'alert udp 10.1.0.0 any <> 10.2.0.0 any (content:"x";)';
    t.same(alertsIn(scene, [rule], 'suppress gen_id 1, sig_id 1'), ['2< 4<']);
    const rate = 'rate_filter gen_id 1, sig_id 1, track by_rule, count 1, seconds 60, new_action reject, timeout 10';
    t.same(alertsIn(scene, [rule], rate), ['1> 2< 3>! 4<']);
  },
);

t.test(
  'suppress: for certain addresses a pass holds for its flow, and lets the alerts of its packet be told',
  async (t) => {
    const scene = new Scene(7777).handshake().say(0, 'abc').say(1, 'xyz');
    const told = (action: string, line: string): string =>
      alertsIn(scene, [`${action} tcp ${ANY} (content:"abc"; offset:0;)`, `alert tcp ${ANY} (dsize:>0;)`], line)[1]!;
    const all = 'suppress gen_id 1, sig_id 1';
    t.equal(told('pass', all), '6<');
    t.equal(told('pass', `${all}, track by_src, ip 10.0.0.0/8`), '4> 6<');
    const web = new Scene(80).handshake().say(0, GET).say(1, NOT_FOUND).say(0, GET);
    const rules = [`pass http ${ANY} (http.method; content:"G";)`, `alert tcp ${ANY} (dsize:>0;)`];
    t.same(alertsIn(web, rules, `${all}, track by_src, ip 10.1.0.0`), ['', '4> 6<']);
  },
);

t.test('a content beside an address is one of the stream', async (t) => {
  const scene = new Scene(7777).handshake().say(0, 'ab').say(0, 'cd');
  const rules = [`alert tcp ${ANY} (content:"bc"; ip.src; content:"|0a|";)`, `alert tcp ${ANY} (content:"bc";)`];
  t.same(alertsIn(scene, rules), ['', '->']);
});

t.test('a session picked up in its middle is asked by the port of who spoke first, too', async (t) => {
  const scene = new Scene(23).say(1, '\xff\xfd\x18login: ').say(0, 'root\r\n').say(1, 'Password: ');
  t.same(alertsIn(scene, [`alert telnet ${ANY} (dsize:>0;)`], '', true), ['3< 5>']);
});

t.test(
  'a record of TLS of which a part comes after it was acknowledged ends the parsing, one that waits does not',
  async (t) => {
    const scene = (acknowledged: number): Scene =>
      new Scene(443)
        .handshake()
        .segment(0, PUSH | ACK, 0, 0, CLIENT_HELLO.slice(0, 10))
        .segment(0, PUSH | ACK, 20, 0, CLIENT_HELLO.slice(20))
        .segment(1, ACK, 0, acknowledged)
        .segment(0, PUSH | ACK, 10, 0, CLIENT_HELLO.slice(10, 20))
        .segment(1, ACK, 0, CLIENT_HELLO.length)
        .segment(0, ACK, CLIENT_HELLO.length, 0);
    const rules = [`alert tls ${ANY} (tls.sni; content:"example";)`, `alert tcp ${ANY} (app-layer-protocol:tls;)`];
    t.same(alertsIn(scene(10), rules), ['9>', '7>']);
    t.same(alertsIn(scene(15), rules), ['', '7>']);
    t.same(alertsIn(scene(CLIENT_HELLO.length), rules), ['', '7>']);
  },
);

t.test('the version of a TLS record is taken byte by byte', async (t) => {
  const scene = new Scene(443).handshake().say(0, CLIENT_HELLO);
  scene
    .segment(1, PUSH | ACK, 0, 0, CLIENT_HELLO.slice(0, 3))
    .segment(0, ACK, 0, 3)
    .segment(1, ACK, 3, 0);
  const versions = ['sslv3', 'tls1.0', 'tls1.2'];
  t.same(
    alertsIn(
      scene,
      versions.map((version) => `alert tls ${ANY} (flow:to_client; ssl_version:${version};)`),
    ),
    ['', '8<', ''],
  );
});

t.test('of an interim response that nothing follows no line is left', async (t) => {
  const scene = new Scene(80).handshake().say(0, GET).say(1, 'HTTP/1.1 100 Continue\r\n\r\n');
  const rules = ['http.protocol; content:"HTTP";', 'http.stat_code; content:"100";'];
  t.same(
    alertsIn(
      scene,
      rules.map((rule) => `alert http ${ANY} (flow:to_client; ${rule})`),
    ),
    ['', ''],
  );
});

t.test(
  'what is spoken over UDP is news to the next packet of either side, each time a side makes it known',
  async (t) => {
    const rule = `alert udp ${ANY} (app-layer-protocol:failed;)`;
    const alerts = (ways: readonly (0 | 1)[], first = 'nothing that is known'): string[] => {
      const scene = new Scene(9005);
      for (const [i, way] of ways.entries()) scene.datagram(way, i === 0 ? first : 'nor this');
      return alertsIn(scene, [rule]);
    };
    t.same(alerts([0, 0, 0, 0]), ['1> 2>']);
    t.same(alerts([0, 0, 1, 0, 1]), ['1> 2> 3< 4> 5<']);
    t.same(alerts([0, 0, 1, 1, 0, 0]), ['1> 2> 3< 4< 5>']);
    t.same(alerts([0, 1], ''), ['1> 2<'], 'a datagram without payload is asked, too');
  },
);

t.test('a rule about the protocol alone that drops a packet drops its flow', async (t) => {
  const scene = new Scene(9005).datagram(0, 'nothing that is known').datagram(0, 'nor this').datagram(1, 'nor that');
  t.same(alertsIn(scene, [`drop udp ${ANY} (app-layer-protocol:failed;)`]), ['1>']);
});

t.test('who carries a packet that is dropped is examined where it has a flow itself', async (t) => {
  const every = `alert ip ${ANY} (ttl:64;)`;
  const drop = `drop udp ${ANY} (content:"needle";)`;
  const alerts = (how: 'gre' | 'vxlan'): string[] =>
    alertsIn(new Scene(7).tunnelled(how, 'needle').tunnelled(how, 'needle'), [every, drop]);
  t.same(alerts('gre'), ['-> ->', '-> ->']);
  t.same(alerts('vxlan'), ['-> 1> -> 2>', '-> ->']);
});

t.test('no_frag and only_frag are asked of packets with a flow', async (t) => {
  const scene = new Scene(7).icmp(0, 3, '0000 quotes nothing').ping(0, 'abc');
  t.same(alertsIn(scene, [`alert ip ${ANY} (flow:no_frag;)`]), ['2>']);
});

t.test(
  'what a flow leaves of a request is looked at with its end, an unfinished line of a response by nobody',
  async (t) => {
    const of = (direction: string, buffers: readonly string[]): string[] =>
      buffers.map((buffer) => `alert http ${ANY} (flow:${direction}; ${buffer})`);
    const names = ['http.method; content:"POST";', 'http.header; content:"Agent";', 'http.request_body; content:"te";'];
    const head = 'POST / HTTP/1.1\r\nUser-Agent: a\r\n';
    const asked = (text: string): string[] =>
      alertsIn(new Scene(80).handshake().say(0, text).say(0, ''), of('to_server', names));
    t.same(asked('POST / HTTP/1.1\r\n'), ['->', '', '']);
    t.same(asked(`${head}Content-Type: te`), ['6>', '->', '']);
    t.same(asked(`${head}Content-Length: 20\r\n\r\ntest`), ['6>', '6>', '->']);
    const answers = ['http.stat_code; content:"200";', 'http.header; content:"Server";', 'http.start; content:"200";'];
    const answered = (text: string): string[] =>
      alertsIn(new Scene(80).handshake().say(0, GET).say(1, text).say(1, ''), of('to_client', answers));
    t.same(answered('HTTP/1.1 200 OK\r\n'), ['8<', '', '-<']);
    t.same(answered('HTTP/1.1 200 OK\r\nServer: a\r\n'), ['8<', '-<', '-<']);
    t.same(answered('HTTP/1.1 200 OK\r\nServer: a\r\nContent-Type: te'), ['8<', '', '']);
  },
);

t.test('the end of a flow that was not closed is looked at in both directions', async (t) => {
  const http = [`alert http ${ANY} ()`];
  const open = new Scene(80).handshake().say(0, GET).say(1, NOT_FOUND);
  t.same(alertsIn(open, http), ['5< 6< 7> -> -<']);
  const closed = new Scene(80).handshake().say(0, GET).say(1, NOT_FOUND);
  closed
    .segment(0, FIN | ACK, 0, 0)
    .segment(1, FIN | ACK, 0, 1)
    .segment(0, ACK, 1, 1);
  t.same(alertsIn(closed, http), ['5< 6< 7> 8> 9< 10>']);
});

t.test('who sent bytes first is heard first, also where a part is missing', async (t) => {
  const scene = new Scene(80).handshake().segment(0, PUSH | ACK, 90, 0, 'deflate\r\nConnection: keep-alive\r\n\r\n');
  scene.segment(1, PUSH | ACK, 0, 125, 'HTTP/1.1 100 C').segment(0, ACK, 125, 14);
  t.same(alertsIn(scene, [`alert tcp ${ANY} (content:"deflate|0d 0a|";)`]), ['6> ->']);
});

t.test('a line without protocol is a whole request only where nothing follows it', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const rules = [
    `alert http ${ANY} (http.stat_code; content:"200";)`,
    `alert http ${ANY} (http.method; content:"GET";)`,
  ];
  const asked = (text: string): string[] =>
    alertsIn(new Scene(80).handshake().say(0, text).say(1, answer).say(0, '').say(1, ''), rules);
  t.same(asked('GET /a\r\n'), ['', '7>']);
  t.same(asked('GET /a\r\nfoo\r\n'), ['9<', '7>']);
  t.same(asked('GET /a\r\n\r\nfoo\r\n'), ['9<', '7>']);
});

t.test('a coding is not taken up again behind a gap', async (t) => {
  const scene = (coding: string): Scene => {
    const answer = `HTTP/1.1 200 OK\r\n${coding}Content-Length: 20\r\n\r\nte`;
    const behind = answer.length + 10;
    const next = behind + 8;
    return new Scene(80)
      .handshake()
      .say(0, GET)
      .segment(1, PUSH | ACK, 0, 0, answer)
      .segment(1, PUSH | ACK, behind, 0, 'st123456')
      .segment(0, ACK, 0, next)
      .segment(1, PUSH | ACK, next, 0, NOT_FOUND)
      .segment(0, ACK, 0, next + NOT_FOUND.length)
      .segment(1, ACK, next + NOT_FOUND.length, 0);
  };
  const rules = [
    `alert http ${ANY} (http.stat_code; content:"200";)`,
    `alert http ${ANY} (file.data; content:"123456";)`,
  ];
  t.same(alertsIn(scene(''), rules), ['9<', '9<']);
  t.same(alertsIn(scene('Content-Encoding: gzip\r\n'), rules), ['9<', '']);
});

t.test('TLS is not spoken where the server spoke first', async (t) => {
  const hello = `\x16\x03\x03\x00\x30\x02\x00\x00\x2c\x03\x03${'cd'.repeat(16)}\x00\xc0\x2f\x00\x00\x04\xff\x01\x00\x00`;
  const rules = [
    `alert tcp ${ANY} (app-layer-protocol:tls;)`,
    `alert tcp ${ANY} (app-layer-protocol:failed;)`,
    `alert tls ${ANY} ()`,
  ];
  const first = new Scene(443).handshake().say(1, hello).say(0, CLIENT_HELLO).say(1, '').say(0, '');
  t.same(alertsIn(first, rules), ['7<', '6>', '']);
  const second = new Scene(443).handshake().say(0, CLIENT_HELLO).say(1, hello).say(0, '').say(1, '');
  t.same(alertsIn(second, rules), ['7> 9<', '', '5< 6< 7> 8> 9< 10< 11> -> -<']);
});

t.test(
  'a client over whom the parser of what the server speaks gives up is taken to speak that, which is no news of it',
  async (t) => {
    const hello = `\x16\x03\x03\x00\x30\x02\x00\x00\x2c\x03\x03${'cd'.repeat(16)}\x00\xc0\x2f\x00\x00\x04\xff\x01\x00\x00`;
    const scene = new Scene(443).handshake().say(0, '\x16\x95[M]'.repeat(7)).say(1, hello).say(0, '');
    const rules = ['', 'ttl:64;', 'flow:to_server; ttl:64;'].map(
      (more) => `alert tcp ${ANY} (app-layer-protocol:tls; ${more})`,
    );
    t.same(alertsIn(scene, rules), ['9<', '7> 8> 9<', '7> 8>']);
  },
);

const datagrams = (count: number): Scene => {
  const scene = new Scene(9005);
  for (let i = 0; i < count; i += 1) scene.datagram(0, 'needle');
  return scene;
};

t.test('a rate_filter that lets pass stops no other rule where its own is never told', async (t) => {
  const scene = new Scene(7777).datagram(0, 'a').datagram(0, 'b').datagram(0, 'c');
  const filter = 'rate_filter gen_id 1, sig_id 1, track by_rule, count 1, seconds 60, new_action pass, timeout 60';
  const told = (more: string): string[] =>
    alertsIn(scene, [`alert udp ${ANY} (ttl:64;${more})`, `alert udp ${ANY} (dsize:>0;)`], filter);
  t.same(told(''), ['1>', '1>']);
  t.same(told(' noalert;'), ['', '1> 2> 3>']);
});

t.test('a rate_filter leaves a rule alone that counts by itself', async (t) => {
  const filter = 'rate_filter gen_id 1, sig_id 1, track by_src, count 1, seconds 60, new_action drop, timeout 9';
  const alerts = (own: string): string[] => alertsIn(datagrams(3), [`alert udp ${ANY} (dsize:>1; ${own})`], filter);
  t.same(alerts('content:"n";'), ['1> 2>! 3>!']);
  t.same(alerts('threshold:type limit, track by_both, count 3, seconds 60;'), ['1> 2> 3>']);
  t.same(alerts('detection_filter:track by_src, count 1, seconds 60;'), ['2> 3>']);
});

t.test('a pass that its limit silences lets the others be told', async (t) => {
  const pass = `pass udp ${ANY} (dsize:>1; threshold:type limit, track by_both, count 2, seconds 60;)`;
  t.same(alertsIn(datagrams(4), [pass, `alert udp ${ANY} (dsize:>1;)`]), ['', '3> 4>']);
});

t.test('of a rule in both directions a line finds the one that has an even number of rules before it', async (t) => {
  const both = 'alert udp 10.1.0.0 any <> 10.2.0.0 any (dsize:>1;)';
  const other = `alert udp ${ANY} (dsize:>99;)`;
  const limit = (sid: number): string =>
    `threshold gen_id 1, sig_id ${sid}, type limit, track by_rule, count 1, seconds 60`;
  const scene = datagrams(2).datagram(1, 'needle').datagram(1, 'needle');
  t.same(alertsIn(scene, [both], limit(1)), ['1> 3< 4<']);
  t.same(alertsIn(scene, [other, both], limit(2)), ['', '1> 2> 3<']);
  t.same(alertsIn(scene, [other, other, both], limit(3)), ['', '', '1> 3< 4<']);
});

t.test('a negation within the quotes of an expression is none', async (t) => {
  const rules = ['pcre:"!/needle/"', 'pcre:!"/needle/"', 'pcre:"!/other/"'].map((one) => `alert udp ${ANY} (${one};)`);
  t.same(alertsIn(datagrams(1), rules), ['1>', '', '']);
});
