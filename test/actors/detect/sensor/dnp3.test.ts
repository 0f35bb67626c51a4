/** DNP3 where it is not what one would guess; expected is what Suricata 7.0.10 says. */
import t from 'tap';
import { dnp3Frame, dnp3Segments } from '../protocols/dnp3-talks.ts';
import { ACK, alertsIn, FIN, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const DATA = PUSH | ACK;
const MASTER = { control: 0xc4, destination: 1, source: 2 };
const OUTSTATION = { control: 0x44, destination: 2, source: 1 };

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const ask = (...fragment: readonly number[]): string => text(dnp3Frame(MASTER, Uint8Array.of(0xc0, 0xc0, ...fragment)));
const tell = (...fragment: readonly number[]): string =>
  text(dnp3Frame(OUTSTATION, Uint8Array.of(0xc0, 0xc0, ...fragment)));
const spoilt = (frame: string, at: number): string =>
  frame.slice(0, at) + String.fromCharCode(frame.charCodeAt(at) ^ 1) + frame.slice(at + 1);

const READ = ask(1, 60, 2, 6);
const ANSWER = tell(129, 0x80, 0);
const UNKNOWN = [99, 1, 7, 1] as const;

const rule = (options: string, protocol = 'dnp3'): string => `alert ${protocol} ${ANY} (${options})`;
const begun = (): Scene => new Scene(20_000).handshake();
/** A request, a response, that it is DNP3, that it is nothing. */
const KNOWN = [
  rule('dnp3_func:read;'),
  rule('dnp3_func:response;'),
  rule('app-layer-protocol:dnp3;', 'tcp'),
  rule('app-layer-protocol:failed;', 'tcp'),
];
const event = (name: string): string => rule(`app-layer-event:dnp3.${name};`);
const WRONG = ['len_too_small', 'bad_link_crc', 'bad_transport_crc', 'unknown_object'].map(event);

t.test('what is asked of a fragment', async (t) => {
  const scene = begun().say(0, READ).say(1, ANSWER);
  t.same(alertsIn(scene, KNOWN), ['7>', '-<', '7>', '']);
  const rules = [
    rule('dnp3_ind:device_restart;'),
    rule('dnp3_obj:60,2;'),
    rule('dnp3.data; content:"|01 3c|"; endswith;'),
    rule('dnp3.data; content:"|01 3c 02 06|"; endswith;'),
    rule('dnp3.data; content:!"|3c|";'),
    rule('dnp3.data; bsize:5;'),
    // The payload is asked about its own packet.
    rule('dnp3_func:1; content:"|3c 02|";'),
  ];
  t.same(alertsIn(scene, rules), ['-<', '7>', '', '7>', '-<', '7>', '']);
  // An object that is none asks for nothing.
  t.same(alertsIn(scene, [rule('dnp3_obj:foo;'), rule('dnp3_obj:foo; dnp3_func:1;')]), ['5< 6< 7> -> -<', '7>']);
});

t.test('of the second octet of indications the upper half is not compared', async (t) => {
  const scene = begun()
    .say(0, READ)
    .say(1, tell(129, 0, 0x10))
    .say(1, tell(129, 0, 1));
  const asked = ['already_executing', 'no_func_code_support', '0', '0xffff'];
  t.same(
    alertsIn(
      scene,
      asked.map((value) => rule(`dnp3_ind:${value};`)),
    ),
    ['', '-<', '', '-<'],
  );
});

t.test('a server may greet with its name, and what has it in an answer is passed over', async (t) => {
  const greeted = begun().say(1, 'DNP3 outstation 1.0\r\n').say(0, READ).say(1, ANSWER);
  t.same(alertsIn(greeted, KNOWN), ['9>', '-<', '9>', '8<']);
  const named = tell(129, 0x80, 0, 0x44, 0x4e, 0x50, 0x33);
  const rules = [...KNOWN, rule('dnp3_func:unsolicited_response;')];
  const whole = begun().say(0, READ).say(1, named);
  t.same(alertsIn(whole.say(1, tell(130, 0x80, 0)), rules), ['7>', '', '7> 8<', '', '-<']);
});

t.test('a confirmation is no transaction', async (t) => {
  t.same(alertsIn(begun().say(0, ask(0)).say(0, READ), [rule('dnp3_func:confirm;'), ...KNOWN]), [
    '',
    '->',
    '',
    '6>',
    '',
  ]);
});

t.test('a fragment with objects that nobody knows is asked about when the flow ends', async (t) => {
  const rules = [...KNOWN, ...WRONG, rule('dnp3_obj:99,1;')];
  const scene = begun()
    .say(0, ask(1, ...UNKNOWN))
    .say(0, READ);
  t.same(alertsIn(scene, rules), ['-> ->', '', '6>', '', '', '', '', '->', '->']);
  const closed = scene
    .say(1, ANSWER)
    .segment(0, FIN | ACK, 0, 0)
    .segment(1, FIN | ACK, 0, 1)
    .segment(0, ACK, 1, 1);
  t.same(alertsIn(closed, rules), ['9> ->', '11<', '6> 11<', '', '', '', '', '->', '->']);
});

t.test('a fragment of several segments is asked about with each but the first', async (t) => {
  const fragment = Uint8Array.of(0xc0, 2, 12, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
  const segments = dnp3Segments(MASTER, 5, fragment, 4).map(text);
  const said = (pieces: readonly string[]): Scene =>
    pieces.reduce((scene, piece) => scene.say(0, piece), begun().say(0, READ));
  const rules = [
    rule('dnp3_func:write;'),
    rule('dnp3_obj:12,1;'),
    rule('dnp3.data; content:"|02 0c 01|";'),
    rule('dnp3.data; content:!"|08|";'),
    rule('dnp3.data; bsize:>10;'),
    rule('dnp3.data; content:"|03 04 05|";'),
  ];
  t.same(alertsIn(said(segments), rules), ['10>', '->', '10>', '6> 10>', '12>', '12>']);
  t.same(alertsIn(said(segments.toSpliced(1, 1)), rules.slice(0, 2)), ['->', '']);
});

t.test('what is wrong with a frame is told of the newest transaction, where it is still there', async (t) => {
  const rules = [...KNOWN.slice(0, 2), ...WRONG];
  const answered = (): Scene => begun().say(0, READ).say(1, ANSWER);
  t.same(
    alertsIn(
      answered()
        .say(0, READ + spoilt(READ, 8))
        .say(0, READ),
      rules,
    ),
    ['7> 10>', '9<', '', '10>', '', ''],
  );
  t.same(alertsIn(answered().say(0, spoilt(READ, 8)).say(0, READ), rules), ['7>', '9<', '', '9<', '', '']);
  const data = begun()
    .say(0, READ + spoilt(READ, 12))
    .say(1, ANSWER + spoilt(ANSWER, 12))
    .say(0, READ);
  t.same(alertsIn(data, rules), ['7> ->', '9<', '', '', '7> 9<', '']);
});

t.test('a frame too short ends the reading where it is the server’s, or no frame at all', async (t) => {
  const rules = [...KNOWN.slice(0, 2), ...WRONG];
  const short = text(dnp3Frame(MASTER, Uint8Array.of(0xc0, 1)));
  const request = begun()
    .say(0, READ + short)
    .say(1, ANSWER)
    .say(0, READ);
  t.same(alertsIn(request, rules), ['7> ->', '9<', '7>', '', '', '']);
  const bare = text(dnp3Frame(OUTSTATION, Uint8Array.of(0xc0, 0xc0, 129)));
  const response = begun()
    .say(0, READ)
    .say(1, ANSWER + bare)
    .say(1, ANSWER);
  t.same(alertsIn(response, rules), ['7>', '8<', '8<', '', '', '']);
  const none = text(dnp3Frame(MASTER, new Uint8Array(0), 3));
  t.same(
    alertsIn(
      begun()
        .say(0, READ + none)
        .say(1, ANSWER)
        .say(0, READ),
      rules,
    ),
    ['7>', '', '7>', '', '', ''],
  );
});

t.test('where too many fragments cannot be read, the oldest are given up', async (t) => {
  const scene = begun();
  for (let count = 510; count > 0; count -= 1) scene.say(0, ask(1, ...UNKNOWN));
  const [asked, flooded, unknown] = alertsIn(scene, [
    rule('dnp3_func:read;'),
    event('flooded'),
    event('unknown_object'),
  ]);
  t.match(asked, /^1006> 1008> 1010> 1012> 1014> 1016> 1018> 1020> 1022> ->/);
  t.equal(flooded, '');
  t.match(unknown, /^1006> 1008> 1010> 1012> 1014> 1016> 1018> 1020> 1022>/);
});

t.test('the link’s direction says who the master is where only the middle is seen', async (t) => {
  const turned = new Scene(20_000)
    .segment(0, DATA, 0, 0, ANSWER)
    .segment(1, ACK, 0, ANSWER.length)
    .segment(1, DATA, 0, ANSWER.length, READ)
    .segment(0, ACK, ANSWER.length, READ.length);
  t.same(alertsIn(turned, KNOWN, '', true), ['->', '4<', '4<', '']);
  const greeted = new Scene(20_000)
    .segment(0, DATA, 0, 0, 'DNP3 hello')
    .segment(1, ACK, 0, 10)
    .segment(1, DATA, 0, 10, READ)
    .segment(0, ACK, 10, READ.length);
  t.same(alertsIn(greeted, KNOWN, '', true), ['->', '', '4<', '']);
  t.same(alertsIn(begun().say(0, 'hello there, what').say(1, ANSWER), KNOWN), ['', '-<', '', '']);
});
