import fc from 'fast-check';
import t from 'tap';
import { FACILITIES, type Facility, SEVERITY, type SyslogMessage, syslogBytes } from '../../../sinks/syslog/index.ts';

const sender = { facility: 'authpriv', host: 'gateway-1', application: 'msec', process: '4711' } as const;
const message: SyslogMessage = {
  severity: SEVERITY.error,
  atMs: Date.UTC(2026, 10, 26, 9, 30, 15, 3),
  id: 'quarantined',
  data: { device: 'roof-7', reason: 'file-changed' },
  text: 'roof-7 is quarantined: /usr/bin/x was never so',
};

void t.test('a message is that of RFC 5424, with the words where they belong', async (t) => {
  t.equal(
    syslogBytes(message, sender).toString(),
    '<83>1 2026-11-26T09:30:15.003Z gateway-1 msec 4711 quarantined ' +
      '[msec@32473 device="roof-7" reason="file-changed"] \ufeffroof-7 is quarantined: /usr/bin/x was never so',
  );
  t.match(syslogBytes({ ...message, data: {} }, sender).toString(), / quarantined - \ufeff/);
});

void t.test('the path of a log can neither end its field nor begin another message', async (t) => {
  const path = '/tmp/a"]\\ \n<0>1 - - - - - - evil\u0000\u2028\ud800';
  const text = syslogBytes({ ...message, data: { path }, text: path }, sender).toString();
  t.match(text, / \[msec@32473 path="\/tmp\/a\\"\\\]\\\\ {2}<0>1 - - - - - - evil \ufffd"\] \ufeff/);
  t.notMatch(text, /\n/);
});

// RFC 5424, 6, as a grammar: a header of printable words, the data with its escapes, the rest in one line.
const GRAMMAR =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  /^<\d{1,3}>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ([\x21-\x7e]+ ){4}(-|\[[\x21-\x7e]+( [\x21-\x7e]+="([^"\\\]]|\\["\\\]])*")*\]) \ufeff[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/;

void t.test('whatever stands in it, it keeps the grammar and 2,048 bytes, and no character is cut in two', async () => {
  const short = fc.string({ unit: 'binary', maxLength: 40 });
  const text = fc.oneof(
    short,
    fc.constantFrom('"', '\u00e4', '\u{1f6a8}', 'x').map((one) => one.repeat(1000)),
    short,
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(FACILITIES) as Facility[])),
      fc.dictionary(fc.constantFrom('device', 'reason', 'path', 'was', 'a', 'b', 'c'), text),
      ...([text, text, text, text, text] as const),
      (facility, data, host, application, process, id, said) => {
        const bytes = syslogBytes({ ...message, data, id, text: said }, { facility, host, application, process });
        const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
        return bytes.length <= 2048 && GRAMMAR.test(decoded);
      },
    ),
  );
});
