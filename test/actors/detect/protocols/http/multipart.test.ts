/** Forms with files, cut and spoilt: what Suricata 7.0.10 finds in them. */
import t from 'tap';
import { alertsIn, Scene } from '../../sensor/scene.ts';

const ANY = 'any any -> any any';
const VALUE = '--BB\r\nContent-Disposition: form-data; name="v"\r\n\r\n';
const FILE = '--BB\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n';
const END = '--BB--\r\n';
const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=BB\r\nContent-Length: ';

/** The first piece goes with the head. */
function form(...pieces: readonly string[]): Scene {
  const [first, ...others] = pieces;
  const scene = new Scene(80).handshake().say(0, `${HEAD}${pieces.join('').length}\r\n\r\n${first}`);
  for (const piece of others) scene.say(0, piece);
  return scene;
}

const named = (size: number): string => `alert http ${ANY} (filename:"a"; filesize:${size};)`;
const event = (name: string): string => `alert http ${ANY} (app-layer-event:http.multipart_${name};)`;

t.test(
  'the end of a part’s head is looked for behind the last head: an empty line in a value hides what follows',
  (t) => {
    t.same(alertsIn(form(`${VALUE}x\r\n${FILE}data\r\n${END}`), [named(4)]), ['->']);
    t.same(alertsIn(form(`${VALUE}x\r\n\r\n${FILE}data\r\n${END}`), [named(4)]), ['']);
    // Cut behind the value, which is passed over then.
    t.same(alertsIn(form(`${VALUE}x\r\n\r\n----------`, `${FILE}data\r\n${END}`), [named(4)]), ['->']);
    t.end();
  },
);

t.test('a file without a delimiter behind it ends with the body, less what could have begun one', (t) => {
  t.same(alertsIn(form(`${FILE}0123456789`), [named(10)]), ['->']);
  t.same(alertsIn(form(`${FILE}0123456789\r\n--B`), [named(10)]), ['->']);
  t.end();
});

t.test('behind a part that is said to be a file and has no room for one nothing is a file', (t) => {
  const rules = [named(4), event('generic_error'), event('no_filedata')];
  t.same(alertsIn(form(`${FILE}\r${END}`), rules), ['', '-> -<', '']);
  t.same(alertsIn(form(`${FILE}${END}`), rules), ['', '', '-> -<']);
  t.same(alertsIn(form(`${FILE}--BB\r\n`, `${FILE.slice(6)}data\r\n${END}`), rules), ['', '', '']);
  t.end();
});

t.test('a file that is over before its form is not looked into, and is gone for what comes with the next one', (t) => {
  const asked = [
    'file.data; content:"one";',
    'file.data; content:"two";',
    'filesize:>2;',
    'filestore;',
    'filesize:>3;',
  ];
  const rules = asked.map((rule) => `alert http ${ANY} (${rule})`);
  t.same(alertsIn(form(`${FILE}one\r\n`, `${FILE}tw`, `o\r\n${END}`), rules), ['', '->', '8>', '6> 8>', '']);
  t.same(alertsIn(form(`${FILE}one\r\n${FILE}two\r\n${END}`), rules), ['->', '->', '->', '->', '']);
  t.end();
});

t.test('of names a rule is asked until one is not what it wants; a file with an empty name is one', (t) => {
  const asked = ['file.name; content:!"b";', 'file.name; content:!"a";', 'filename:"a"; filestore;'];
  const rules = asked.map((rule) => `alert http ${ANY} (${rule})`);
  const nameless = FILE.replace('"a"', '""');
  t.same(alertsIn(form(`${nameless}one\r\n${END}`), rules), ['->', '->', '']);
  t.same(alertsIn(form(`${FILE}one\r\n`, `${nameless}two\r\n${END}`), rules), ['6>', '', '6> ->']);
  t.end();
});
