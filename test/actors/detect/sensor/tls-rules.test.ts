/** What is known of TLS and SSL, hello by hello and byte by byte; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { ACK, alertsIn, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const RULES = [
  'tls.version:1.3;',
  'ssl_version:tls1.3;',
  'tls.version:0x7f12;',
  'tls.sni; content:"a.example";',
  'ja3.string; content:"771,";',
  'ja3.string; bsize:8;',
  'ja3.hash; bsize:32;',
  'ja4.hash; content:"t12d02";',
  'flow:to_server; tls.random; content:"A";',
  'flow:to_server; tls.random; content:"B";',
  'ssl_state:client_hello;',
  'ssl_version:sslv2;',
  'ssl_version:sslv3;',
  'app-layer-event:tls.handshake_invalid_length;',
  'app-layer-event:tls.invalid_sslv2_header;',
];

const word = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const counted = (text: string): string => word(text.length) + text;
const record = (type: number, body: string, version = 0x0303): string =>
  String.fromCharCode(type) + word(version) + counted(body);
const message = (type: number, body: string): string => `${String.fromCharCode(type)}\0${counted(body)}`;
const clientHello = (version: number, random: string, ciphers: readonly number[], extensions: string): string =>
  record(
    22,
    message(1, `${word(version)}${random.repeat(32)}\0${counted(ciphers.map(word).join(''))}\x01\0${extensions}`),
  );
const SERVER_HELLO = record(22, message(2, `\x03\x03${'S'.repeat(32)}\0\x13\x01\0`));
const extension = (type: number, body: string): string => word(type) + counted(body);
const serverName = (host: string, more = ''): string =>
  extension(0, `${word(host.length + 3)}\0${counted(host)}${more}`);
const OLD_CIPHERS = `\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80\x06\x00\x40\x07\x00\xc0`;
const oldHello = (version: string): string => `\x80\x2e\x01${version}\0\x15\0\0\0\x10${OLD_CIPHERS}${'x'.repeat(16)}`;

/** What the client says in segments of its own, and the server's hello. */
function told(...said: readonly string[]): Record<string, string> {
  const scene = new Scene(443).handshake();
  for (const text of said) scene.say(0, text);
  scene.say(1, SERVER_HELLO).say(0, '');
  const places = alertsIn(
    scene,
    RULES.map((rule) => `alert tls ${ANY} (${rule})`),
  );
  return Object.fromEntries(RULES.map((rule, i) => [rule, places[i]!]).filter(([, where]) => where !== ''));
}

t.test('a draft of 1.3 is 1.3 to who does not ask for it by number', async (t) => {
  t.same(told(clientHello(0x7f12, 'A', [5], counted(serverName('a.example')))), {
    'tls.version:1.3;': '7>',
    'ssl_version:tls1.3;': '7>',
    'tls.version:0x7f12;': '7>',
    'tls.sni; content:"a.example";': '7>',
    'ja3.hash; bsize:32;': '7>',
    'flow:to_server; tls.random; content:"A";': '7>',
    'ssl_state:client_hello;': '5<',
  });
});

t.test('behind a second server name extensions are looked for where it lies', async (t) => {
  const extensions = serverName('a.example', '\0\0\x01b') + extension(43, '\x02\x03\x04');
  t.same(told(clientHello(0x0303, 'A', [5], counted(extensions))), {
    'tls.sni; content:"a.example";': '7>',
    'ja3.string; content:"771,";': '7>',
    'flow:to_server; tls.random; content:"A";': '7>',
    'ssl_state:client_hello;': '5<',
    'app-layer-event:tls.handshake_invalid_length;': '5< 7>',
  });
});

t.test('of a hello that ends too early JA3 has the first numbers, and no hash', async (t) => {
  const cut = '\0\x20\0\0';
  t.same(told(clientHello(0x0303, 'A', [0x1301], cut)), {
    'ja3.string; content:"771,";': '7>',
    'ja3.string; bsize:8;': '7>',
    'flow:to_server; tls.random; content:"A";': '7>',
    'ssl_state:client_hello;': '5<',
    'app-layer-event:tls.handshake_invalid_length;': '5< 7>',
  });
  const second = clientHello(0x0303, 'B', [6], counted(serverName('b.example')));
  t.same(told(clientHello(0x0303, 'A', [5], cut), second), {
    'ja3.string; content:"771,";': '6>',
    'ja3.hash; bsize:32;': '9>',
    'ja4.hash; content:"t12d02";': '9>',
    'flow:to_server; tls.random; content:"B";': '9>',
    'ssl_state:client_hello;': '5< 6>',
    'app-layer-event:tls.handshake_invalid_length;': '5< 6>',
  });
});

t.test('a second hello has the last word about the random, and JA4 counts both', async (t) => {
  const hellos = [clientHello(0x0303, 'A', [5], counted(serverName('a.example')))];
  hellos.push(clientHello(0x0303, 'B', [6], counted(serverName('b.example'))));
  t.same(told(...hellos), {
    'tls.sni; content:"a.example";': '6>',
    'ja3.string; content:"771,";': '6>',
    'ja3.hash; bsize:32;': '6>',
    'ja4.hash; content:"t12d02";': '9>',
    'flow:to_server; tls.random; content:"B";': '9>',
    'ssl_state:client_hello;': '5< 6>',
  });
});

t.test('a record of SSLv2 is taken by its header, and its hello says the version', async (t) => {
  t.same(told(oldHello('\0\x02')), { 'ssl_state:client_hello;': '5<' });
  t.same(told(oldHello('\x03\0')), { 'ssl_state:client_hello;': '5<', 'ssl_version:sslv3;': '7>' });
  const hello = oldHello('\0\x02');
  t.same(told(hello.slice(0, 5), hello.slice(5, 32), hello.slice(32), 'y'), {
    'ssl_version:sslv2;': '6>',
    'ssl_state:client_hello;': '11<',
  });
  t.same(told('\x80\0\x01', 'x'), {
    'ssl_version:sslv2;': '6>',
    'app-layer-event:tls.invalid_sslv2_header;': '7< 9>',
  });
});

t.test('where nothing more is parsed of what is encrypted, nothing that comes later is looked at', async (t) => {
  const scene = new Scene(443)
    .handshake()
    .say(0, clientHello(0x0303, 'A', [5], ''))
    .say(1, SERVER_HELLO)
    .say(0, '');
  scene
    .segment(0, PUSH | ACK, 0, 0, '\x17\x03\x03\0\x20first')
    .segment(0, PUSH | ACK, 20, 0, 'tail')
    .segment(1, ACK, 0, 20)
    .segment(0, PUSH | ACK, 10, 0, '  needle  ');
  const rules = ['first', 'tail', 'needle'].map((text) => `alert tls ${ANY} (pcre:"/${text}/";)`);
  t.same(alertsIn(scene, rules), ['13>', '13>', '']);
});
