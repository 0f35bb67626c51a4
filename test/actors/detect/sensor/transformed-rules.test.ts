/** Which rules see a transformed buffer as it is, and in which order they are asked; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { alertsIn, Scene } from './scene.ts';

const http = (...rules: readonly string[]): string[] => rules.map((rule) => `alert http any any -> any any (${rule})`);
const HEAD = ['GET /Index HTTP/1.1\r\nHo', 'st: a\r\nCookie: xyz=1\r\n', 'User-Agent: bla\r\n', '\r\n'];
const OK = ['HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 8\r\n\r\nxxxx', 'yyyy'];

function inPieces(): Scene {
  const scene = new Scene(80).handshake();
  for (const piece of HEAD) scene.say(0, piece);
  for (const piece of OK) scene.say(1, piece);
  return scene.say(0, '');
}

const whole = (): Scene => new Scene(80).handshake().say(0, HEAD.join('')).say(1, OK.join('')).say(0, '');
const eachOf = (scene: Scene, rules: readonly string[]): string[] => rules.flatMap((rule) => alertsIn(scene, [rule]));

t.test(
  'what must not be there is asked of a buffer that is not transformed once the prefilter has passed by',
  async (t) => {
    const rules = http(
      'http.uri; to_uppercase; content:!"INDEX";',
      'http.uri; to_uppercase; content:!"Index";',
      'http.uri; to_uppercase; content:!"Index"; http.method; content:!"POSTALL";',
    );
    t.same(eachOf(inPieces(), rules), ['8> 10> 13>', '6>', '6>']);
    t.same(eachOf(whole(), rules), ['', '7>', '7>']);
  },
);

t.test('what must not be at a place is never prefiltered, and asked of a buffer that is not transformed', async (t) => {
  const rules = http(
    'http.uri; to_uppercase; content:!"INDEX"; offset:1;',
    'http.uri; to_uppercase; content:!"Index"; offset:1;',
    'http.uri; to_uppercase; content:!"INDEX"; endswith;',
    'http.user_agent; to_uppercase; content:!"BLAA"; offset:1; pcre:"/BLA/";',
    'http.user_agent; to_uppercase; content:!"BLAA"; offset:1; pcre:"/bla/";',
    'http.user_agent; to_uppercase; content:!"BLAA"; pcre:"/BLA/";',
  );
  t.same(eachOf(whole(), rules), ['7>', '', '', '', '7>', '7>']);
});

t.test('another rule that looks for something in the same transformed buffer transforms it for all', async (t) => {
  const [placed, other] = http(
    'http.uri; to_uppercase; content:!"INDEX"; offset:1;',
    'http.uri; to_uppercase; content:"IN";',
  );
  t.same(alertsIn(whole(), [placed!, other!]), ['', '7>']);
});

t.test(
  'of both directions a rule is asked of later things before its fast pattern, which is not transformed then',
  async (t) => {
    const protocol = 'http.protocol; to_lowercase; content:"http/";';
    const rules = http(`${protocol} http.header; content:"User";`, `${protocol} http.user_agent; content:"bla";`);
    t.same(eachOf(inPieces(), rules), ['', '13>']);
    t.same(eachOf(whole(), rules), ['7>', '7>']);
  },
);

t.test('so is a header of packets that has what must not be at a place', async (t) => {
  const rules = [
    'tcp.hdr; to_md5; content:!"|00 50|"; offset:1;',
    'tcp.hdr; to_md5; content:!"|00 50|";',
    'ipv4.hdr; to_md5; content:!"|45 00|"; depth:20;',
    'tcp.hdr; to_md5; bsize:16; content:!"|00 50|"; offset:1;',
    'tcp.hdr; to_md5; bsize:16;',
  ].map((rule) => `alert tcp any any -> any any (${rule})`);
  const every = '1> 2< 3> 4> 5< 6< 7> 8> 9<';
  t.same(eachOf(whole(), rules), ['2< 5< 6< 9<', every, '', '', every]);
  t.same(alertsIn(whole(), rules.slice(2, 4)), ['', '']);
  t.same(alertsIn(whole(), [rules[3]!, rules[1]!]), [every, every]);
});
