/** How often, and with which packet, rules about HTTP alert; expected is what Suricata 7.0.10 says. */
import { deflateSync } from 'node:zlib';
import t from 'tap';
import { ACK, alertsIn, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const http = (...rules: readonly string[]): string[] => rules.map((rule) => `alert http ${ANY} (${rule})`);
const event = (...names: readonly string[]): string[] => http(...names.map((name) => `app-layer-event:http.${name};`));
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

t.test('what an interim response said is forgotten where a body without a head follows', async (t) => {
  const scene = new Scene(80).handshake().say(0, GET).say(1, 'HTTP/1.1 100 Continue\r\n\r\njunk\r\nmore');
  t.same(alertsIn(scene, http('http.stat_msg; content:"Continue";', 'http.stat_code; content:!"x";')), ['', '']);
});

t.test('the stream is compared for a transaction only when something of its own has come', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, GET)
    .segment(1, PUSH | ACK, 0, 0, OK);
  const next = scene
    .segment(0, PUSH | ACK, 0, OK.length, GET)
    .segment(1, PUSH | ACK, OK.length, GET.length, 'HTTP/1.1 200 OK\r\n\r\nmore');
  t.same(alertsIn(next, http('content:"Length"; http.stat_code; content:"2";')), ['8<']);
});

t.test(
  'what is wrong with a request is told with its line, with each piece of its head, and with its end',
  async (t) => {
    const whole = new Scene(80).handshake().say(0, 'GET http://a..b/ HTTP/1.1\r\nHost: c\r\n\r\n').say(1, OK);
    const names = ['request_uri_host_invalid', 'host_header_ambiguous'];
    t.same(alertsIn(whole, event(...names)), ['7> -<', '7> -<']);
    const old = 'POST / HTTP/1.0\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
    const chunks = [
      ...event('invalid_transfer_encoding_value_in_request'),
      ...http('http.request_body; content:"ok";'),
    ];
    t.same(alertsIn(new Scene(80).handshake().say(0, old).say(1, OK), chunks), ['7> -<', '7>']);
  },
);

t.test('a header without colon is told once of a transaction, whoever sent it', async (t) => {
  const scene = new Scene(80).handshake().say(0, 'GET / HTTP/1.1\r\nHost: a\r\nbad\r\n\r\n');
  const answered = scene.say(1, 'HTTP/1.1 200 OK\r\nbad\r\nContent-Length: 0\r\n\r\n');
  t.same(alertsIn(answered, event('request_field_missing_colon', 'response_field_missing_colon')), ['7> -<', '']);
});

t.test('headers that a trailer may have added to are compared once more, as if they had not been', async (t) => {
  const head = 'Server: abc\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n';
  const rules = (way: string): string[] =>
    http(
      ...['header; content:"abc"', 'header.raw; content:"abc"', 'header_names; content:"Server"'].map(
        (asked) => `flow:${way}; http.${asked};`,
      ),
      `flow:${way}; http.header; content:"More";`,
      `flow:${way}; http.header.raw; content:"chunked|0d 0a|"; http.header; content:"Server";`,
    );
  const answer = new Scene(80).handshake().say(0, GET).say(1, `HTTP/1.1 200 OK\r\n${head}`);
  const answered = answer.say(1, '0\r\nMore: x').say(1, '\r\n\r\n');
  t.same(alertsIn(answered, rules('to_client')), ['8< -<', '8<', '8<', '-<', '8<']);
  const asked = new Scene(80).handshake().say(0, `POST / HTTP/1.1\r\nHost: a\r\n${head}`).say(0, '0\r\nMore: x');
  t.same(alertsIn(asked.say(0, '\r\n\r\n').say(1, OK), rules('to_server')), ['6> 11>', '6>', '6>', '11>', '6>']);
});

t.test('a line that bytes are missing of begins the next request', async (t) => {
  const [before, behind] = [`${GET}junk \nrest`, 'Accept: b/json\r\n\r\n'];
  const scene = new Scene(80)
    .handshake()
    .segment(0, PUSH | ACK, 0, 0, before)
    .segment(1, ACK, 0, before.length)
    .segment(0, PUSH | ACK, before.length + 10, 0, behind)
    .segment(1, ACK, 0, before.length + 10 + behind.length);
  const asked = ['method; content:"restAccept"', 'request_body; content:"rest"', 'request_body; content:"junk"'];
  t.same(alertsIn(scene, http(...asked.map((one) => `http.${one};`))), ['->', '', '->']);
});

t.test('what must not be at the end of a buffer may be elsewhere in it', async (t) => {
  const scene = new Scene(80).handshake().say(0, GET).say(1, OK);
  const asked = ['stat_code; content:!"2"', 'stat_code; content:!"200"', 'protocol; content:!"HTTP/"'];
  const rules = http(...asked.map((one) => `flow:to_client; http.${one}; endswith;`));
  t.same(alertsIn(scene, rules), ['-<', '', '-<']);
});

t.test('a rule about what must not be there alerts once where it was asked before there was anything', async (t) => {
  const asked = ['header; content:!"zzz"', 'server; content:!"zzz"', 'stat_code; content:!"9"'];
  const rules = http(...asked.map((one) => `flow:to_client; http.${one};`));
  const rest = '0 OK\r\nServer: abc\r\nContent-Length: 6\r\n\r\no';
  const whole = new Scene(80).handshake().say(0, GET).say(1, `HTTP/1.1 20${rest}`).say(1, 'kok').say(1, 'ok');
  t.same(alertsIn(whole, rules), ['8< 10< -<', '8< 10< -<', '8< 10< -<']);
  const cut = new Scene(80).handshake().say(0, GET).say(1, 'HTTP/1.1 20').say(1, rest).say(1, 'kok').say(1, 'ok');
  t.same(alertsIn(cut, rules), ['10<', '10<', '10< 12< -<']);
});

t.test(
  'a rule about raw headers is let in by what there is of them, and goes on; by whole ones that nothing follows it is not',
  async (t) => {
    const rules = http('header.raw; content:"Server: li"', 'header; content:"Server: li"; fast_pattern').map((rule) =>
      rule.replace('(', '(flow:to_client; http.').replace(')', '; http.response_body; content:"body";)'),
    );
    const [begin, end] = ['HTTP/1.1 200 OK\r\nServer: li', 'ght\r\nContent-Length: 4\r\n\r\n'];
    const asked = (): Scene => new Scene(80).handshake().say(0, GET);
    t.same(alertsIn(asked().say(1, begin).say(1, end).say(1, 'body'), rules), ['-<', '-<']);
    t.same(
      alertsIn(
        asked()
          .say(1, begin + end)
          .say(1, 'body'),
        rules,
      ),
      ['', '-<'],
    );
    t.same(alertsIn(asked().say(1, `${begin}${end}body`), rules), ['-<', '-<']);
  },
);

t.test('a CONNECT has an address of no bytes', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n')
    .say(1, OK.replace('200', '403'));
  t.same(alertsIn(scene, http('http.uri; content:!"x";', 'http.uri; bsize:0;', 'http.uri.raw; content:"443";')), [
    '7> ->',
    '7>',
    '7>',
  ]);
});

t.test('a chunk of a request may not begin with an empty line', async (t) => {
  const sent = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n2\r\nok\r\n0\r\n\r\n';
  const rules = [...event('invalid_request_chunk_len'), ...http('http.request_body; content:"ok";')];
  t.same(alertsIn(new Scene(80).handshake().say(0, sent).say(1, OK), rules), ['7> -<', '']);
});

const inPieces = (scene: Scene, direction: 0 | 1, text: string): Scene => {
  for (let at = 0; at < text.length; at += 1400) scene.say(direction, text.slice(at, at + 1400));
  return scene;
};
const filled = (length: number): string => `${'x'.repeat(length - 7)}the end`;
const BESIDE = ['content:"early";', 'content:!"early";', 'content:"early"; isdataat:3000,relative;'];
const bodyAlerts = (scene: Scene, way: string, body: string): string[] =>
  alertsIn(
    scene,
    BESIDE.map((beside) => `alert tcp ${ANY} (flow:${way}; ${beside} ${body}; content:"the end"; fast_pattern;)`),
  );

t.test('who asks for a body is shown the stream that it came in once more, as far as it is kept', async (t) => {
  const answer = (length: number): string =>
    `HTTP/1.1 200 OK\r\nX: early\r\nContent-Length: ${length}\r\n\r\n${filled(length)}`;
  const asked = (length: number): Scene => inPieces(new Scene(80).handshake().say(0, GET), 1, answer(length));
  t.same(bodyAlerts(asked(3000), 'to_client', 'file.data'), ['-<', '', '-<']);
  t.same(bodyAlerts(asked(9000), 'to_client', 'http.response_body'), ['-<', '', '-<']);
  t.same(bodyAlerts(asked(45_000), 'to_client', 'file.data'), ['', '-<', '']);
  const sent = (length: number): Scene =>
    inPieces(new Scene(80).handshake(), 0, answer(length).replace('HTTP/1.1 200 OK', 'POST / HTTP/1.1')).say(1, OK);
  t.same(bodyAlerts(sent(9000), 'to_server', 'http.request_body'), ['19>', '', '19>']);
  t.same(bodyAlerts(sent(45_000), 'to_server', 'file.data'), ['', '71>', '']);
});

t.test('and who asks for a file that is sent by mail', async (t) => {
  const mailed = (length: number): Scene => {
    const scene = new Scene(25).handshake().say(1, '220 hi\r\n');
    for (const [said, reply] of [
      ['EHLO a', '250'],
      ['MAIL FROM:<a@b>', '250'],
      ['RCPT TO:<a@b>', '250'],
      ['DATA', '354'],
    ])
      scene.say(0, `${said}\r\n`).say(1, `${reply} ok\r\n`);
    const file = Buffer.from(filled(length)).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
    const part = 'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="a.bin"';
    const mail = `Subject: early\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n${part}\r\n\r\n${file}\r\n--b--\r\n.\r\n`;
    return inPieces(scene, 0, mail).say(1, '250 ok\r\n');
  };
  t.same(bodyAlerts(mailed(3000), 'to_server', 'file.data'), ['31>', '', '31>']);
  t.same(bodyAlerts(mailed(60_000), 'to_server', 'file.data'), ['', '', '']);
});

t.test('of transforms a digest makes something of nothing', async (t) => {
  const scene = new Scene(80).handshake().say(0, 'GET /. HTTP/1.1\r\nHost: a\r\nCookie:\r\n\r\n').say(1, OK);
  const asked = [
    'uri; bsize:0',
    'uri; to_md5; bsize:16',
    'uri; to_md5; content:"|d4 1d|"',
    'cookie; xor:"41"; bsize:0',
  ];
  const rules = http(...asked.map((one) => `http.${one};`), 'http.cookie; to_sha1; to_sha256; bsize:32;');
  t.same(alertsIn(scene, rules), ['7>', '7>', '7>', '7>', '7>']);
});

t.test('a rule that asks for an address acts on the packet, and asks transactions and streams beside it', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, GET)
    .say(1, OK)
    .say(0, GET)
    .segment(1, PUSH | ACK, 0, 0, OK);
  const asked = [
    'drop tcp (flow:to_server; content:"GET"; ip.src; content:"|0a 01|";)',
    'alert http (http.method; content:"GET"; ip.src; content:"|0a 01|";)',
    'alert http (http.method; content:"PUT"; ip.src; content:"|0a 01|";)',
    'alert http (http.stat_code; content:"200"; ip.dst; content:"|0a 01|";)',
    'alert tcp (content:"200 OK"; ip.dst; content:"|0a 01|";)',
  ];
  const rules = asked.map((rule) => rule.replace(' (', ` ${ANY} (`));
  t.same(alertsIn(scene, rules), ['7>', '7> ->', '', '9< -<', '9<']);
});

t.test('a path that ends behind two dots and a slash has no slash at its end', async (t) => {
  const lengths = ['/a/../?x', '/a/b/..//?x', '\\/a/../?x', '/a/b/../.?x', '/a/b/../c/?x'].map((path) => {
    const scene = new Scene(80).handshake().say(0, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const rules = [1, 2, 3, 4, 5, 6, 7].map((size) => `alert http ${ANY} (http.uri; bsize:${size};)`);
    return alertsIn(scene, rules).findIndex((alerts) => alerts !== '') + 1;
  });
  t.same(lengths, [2, 4, 2, 4, 7]);
});

t.test('a coding that the data denies is tried otherwise from the piece on that shows it', async (t) => {
  const packed = deflateSync(Buffer.from('delta nine union')).toString('latin1');
  const head = 'HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const answer = (...pieces: readonly string[]): Scene =>
    new Scene(80)
      .handshake()
      .say(0, GET)
      .say(1, `${head + pieces.map(chunk).join('')}0\r\n\r\n`);
  const asked = ['delta nine union', `|${Buffer.from(packed.slice(3), 'latin1').toString('hex')}|`];
  const rules = http(...asked.map((text) => `file.data; content:"${text}"; startswith;`));
  t.same(alertsIn(answer(packed), rules), ['-<', '']);
  t.same(alertsIn(answer(packed.slice(0, 3), packed.slice(3)), rules), ['', '-<']);
});

t.test(
  'a line without a protocol is a whole request where but blanks follow in its piece, and what goes on spoils all',
  async (t) => {
    const rules = http(
      'http.stat_code; content:"200";',
      'file.data; content:"HTTP/1.1";',
      'http.method; content:"GET";',
    );
    const asked = (...pieces: readonly string[]): string[] => {
      const scene = new Scene(80).handshake();
      for (const piece of pieces) scene.say(0, piece);
      return alertsIn(scene.say(1, OK), rules);
    };
    for (const line of ['GET /a\r\n', 'GET /a\r\n\r\n', 'GET /a\n\n']) t.same(asked(line), ['', '-<', '7>'], line);
    t.same(asked('GET /a', '\r\n\r\n'), ['', '-<', '9>']);
    t.same(asked('GET /a\r\n\r'), ['', '-<', '->']);
    t.same(asked('GET /a\r\nfoo b\r\n\r\n'), ['-<', '', '7>']);
    t.same(asked('GET /a\r\n\r\nGET /b HTTP/1.0\r\n\r\n'), ['-<', '', '7> 7>']);
    for (const more of ['\r\n', 'Host: b\r\n\r\n']) t.same(asked('GET /a\r\n', more), ['', '', '6>'], more);
  },
);

t.test(
  'at the end of a flow a message ends with what is missing, and what lies behind that is read by itself',
  async (t) => {
    const [first, rest] = ['HTTP/1.1 204 N', 'Server: b\r\nContent-Length: 3\r\n\r\nend'];
    const rules = http(
      'http.stat_msg; content:"N"; bsize:1;',
      'http.server; content:"b";',
      'file.data; content:"end";',
    );
    const begun = (): Scene =>
      new Scene(80)
        .handshake()
        .say(0, GET)
        .segment(1, PUSH | ACK, 0, 0, first);
    const late = begun()
      .segment(0, ACK, 0, 40)
      .segment(1, PUSH | ACK, 40, 0, rest);
    t.same(alertsIn(late, rules), ['-<', '', '']);
    const soon = begun()
      .segment(1, PUSH | ACK, 40, 0, rest)
      .segment(0, ACK, 0, 40 + rest.length);
    t.same(alertsIn(soon, rules), ['', '', '-<']);
  },
);

t.test('of a response nobody looks at what came before its request had told a name for it', async (t) => {
  const answer = 'HTTP/1.1 403 No\r\nContent-Length: 20\r\n\r\n0123456789';
  const asked = ['file.data; content:"9ab"', 'file.data; content:"abc"; startswith', 'http.method; content:"GET"'];
  const rules = [...http(...asked.map((one) => `${one};`)), ...event('request_line_incomplete')];
  const alerts = (head: string, rest: string, given = answer): string[] => {
    const scene = new Scene(80).handshake().say(0, head).say(1, given);
    return alertsIn((rest === '' ? scene : scene.say(0, rest)).say(1, 'abcdefghij'), rules);
  };
  t.same(alerts(GET, ''), ['-<', '', '7>', '']);
  t.same(alerts('GET /a HTTP/1.1', '\r\nHost: b\r\n\r\n'), ['', '-<', '11>', '9< 11>']);
  t.same(alerts('GET /a', ''), ['', '', '->', '8< ->']);
  const named = answer.replace('Content-Length', 'Content-Disposition: attachment; filename=x\r\nContent-Length');
  t.same(alerts('GET /a', '', named), ['-<', '', '->', '8< ->']);
  t.same(alerts('CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', ''), ['', '', '', '']);
});

t.test('a CR with which a piece of an answer ends is no end of a line, whatever follows but LF', async (t) => {
  const cut = (...pieces: readonly string[]): Scene => {
    const scene = new Scene(80).handshake().say(0, GET);
    for (const piece of pieces) scene.say(1, piece);
    return scene.say(0, GET);
  };
  const line = cut('HTTP/1.1 200 OK\r', 'Server: x\r\nContent-Length: 0\r\n\r\n');
  const rules = http('http.stat_msg; content:"Server";', 'http.server; content:"x";');
  t.same(alertsIn(line, rules), ['11<', '']);
  const header = http('http.header; content:"b|0d|Server";', 'http.server; content:"x";');
  t.same(alertsIn(cut('HTTP/1.1 200 OK\r\nA: b\r', 'Server: x\r\nContent-Length: 0\r\n\r\n'), header), ['11<', '']);
  t.same(alertsIn(cut('HTTP/1.1 200 OK\r\nA: b\rServer: x\r\nContent-Length: 0\r\n\r\n'), header), ['', '9<']);
});

t.test('what there is of a request when an answer without one comes goes on with the next', async (t) => {
  const rules = http('http.uri; content:"/b";', 'http.host; content:"aa";', 'http.request_body; content:"b";');
  const after = (begun: string, next: string): string[] => {
    const scene = new Scene(80).handshake().say(0, begun).say(1, OK).say(1, OK).say(0, next);
    return alertsIn(scene.say(0, 'GET /c HTTP/1.1\r\n\r\n'), rules);
  };
  const next = 'GET /b HTTP/1.1\r\nUser-Agent: x\r\n\r\n';
  t.same(after('GET /a HTTP/1.1\r\nHost: a', next), ['', '', '12>']);
  t.same(after('GET /a HTTP/1.1\r\nHost: aa\r\n', next), ['12>', '12>', '']);
  t.same(after('GET /', 'b HTTP/1.1\r\nHost: aa\r\n\r\n'), ['12>', '12>', '']);
});

t.test('what comes next belongs to the raw headers of an answer without a request amid headers', async (t) => {
  const rules = [
    'content:"GET /n"; startswith;',
    'bsize:16; content:"GET";',
    'content:"ET /n HTTP"; startswith;',
    'content:"junk|0d 0a|GET"; startswith;',
    'content:"junk";',
  ].map((rule) => `alert http ${ANY} (flow:to_server; http.header.raw; ${rule})`);
  const after = (begun: string, ...next: readonly string[]): string[] => {
    const scene = new Scene(80).handshake().say(0, begun).say(1, OK).say(1, OK);
    for (const piece of next) scene.say(0, piece);
    return alertsIn(scene.say(0, 'GET /c HTTP/1.1\r\n\r\n'), rules);
  };
  const head = 'GET /a HTTP/1.1\r\nHost: a\r\n';
  const next = 'GET /n HTTP/1.1\r\nUser-Agent: x\r\n\r\n';
  t.same(after(head, next), ['12>', '12>', '', '', '']);
  t.same(after('GET /a HTTP/1.1\r\n', next), ['12>', '12>', '', '', '']);
  t.same(after(head, 'GET /n HT', next.slice(9)), ['14>', '14>', '', '', '']);
  t.same(after(`${head}G`, next.slice(1)), ['', '', '12>', '', '']);
  t.same(after(head, `junk\r\n${next}`), ['', '', '', '12>', '12>']);
  t.same(after(head, 'junk\r\n', next), ['', '', '', '', '12>']);
  const trailer = 'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: y\r\n';
  t.same(after(trailer, next), ['12>', '12>', '', '', '']);
  t.same(after('POST /a HTTP/1.1\r\nContent-Length: 30\r\n\r\nab', next), ['', '', '', '', '']);
});

t.test(
  'what an interim answer said is found again when its head is over, with which the answer goes back',
  async (t) => {
    const scene = new Scene(80).handshake().say(0, GET).say(1, 'HTTP/1.1 100 Continue\r\n').say(1, '\r\n');
    const rules = http('flow:to_client; http.protocol; content:"/1.1";', 'http.stat_code; content:"100";');
    t.same(alertsIn(scene.say(0, GET), rules), ['8< 11<', '8< 11<']);
  },
);
