import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../engine/base/index.ts';
import { parseFrameDescription } from '../../schemas/frame-description.ts';

const text = (name: string) => readFileSync(new URL(`../../schemas/frames/${name}.yaml`, import.meta.url), 'utf8');
const ENMON = text('enmon');
const CROWD = text('crowd');

/** What is said of a description after one change to it; each line without the file's name. */
function said(source: string, from: string | RegExp, to: string): string[] {
  const changed = source.replace(from, to);
  if (changed === source) throw new Error(`nothing to change: ${from}`);
  try {
    parseFrameDescription(changed, 'x.yaml');
  } catch (error) {
    if (error instanceof MsecError && error.code === 'CONFIG_INVALID')
      return error.message.replaceAll('x.yaml:', '').split('\n');
    throw error;
  }
  return [];
}
const lineOf = (source: string, found: string) => source.slice(0, source.indexOf(found)).split('\n').length;

t.test('the committed descriptions are read with offsets and limits', async (t) => {
  const frame = parseFrameDescription(ENMON);
  t.match(frame, { format: 'binary', sizeBytes: 31, isLittleEndian: false });
  t.match(frame.fields[1], { name: 'length', offset: 1, sizeBytes: 2, value: 28 });
  t.match(frame.fields[3], { name: 'imei', offset: 7, sizeBytes: 16, digits: 15, hasNul: true });
  t.match(frame.fields[6], { name: 'temperature', offset: 27, scale: 10, min: -40, max: 85, unit: '°C' });
  t.match(parseFrameDescription(CROWD), { format: 'text', suppressBelow: 5, lines: { linesMax: 4096 } });
});

t.test('each mistake is named with its line and its path', async (t) => {
  const at = (found: string) => lineOf(ENMON, found);
  t.same(said(ENMON, 'scale: 10, unit: °C', 'scale: 7, unit: °C'), [
    `${at('name: temperature')}: fields[6].scale: must be a power of ten`,
  ]);
  t.same(said(ENMON, 'min: 1700', 'min: 7000'), [`${at('max: 6000')}: fields[4].max: lies below min`]);
  t.same(said(ENMON, 'min: 1700', 'minimum: 1700'), [
    `${at('min: 1700')}: fields[4].minimum: is not known here; known are name, label, doc, as, role, unit, scale, min, max`,
  ]);
  t.same(said(ENMON, 'name: sonometer', 'name: humidity'), [
    `${at('name: humidity')}: fields[7].name: "humidity" occurs twice, up to case`,
  ]);
  t.same(said(ENMON, 'name: sonometer', 'name: device'), [
    `${at('name: sonometer')}: fields[5].name: "device" is taken by the reading itself`,
  ]);
  t.same(said(ENMON, 'name: sonometer', "name: 'a b'"), [
    `${at('name: sonometer')}: fields[5].name: must be a camelCase name`,
  ]);
  t.same(said(ENMON, 'digits: 15', 'digits: fifteen'), [`${at('digits: 15')}: fields[3].digits: a number is expected`]);
  t.same(said(ENMON, 'value: 0x01', 'value: 256'), [
    `${at('value: 0x01')}: fields[0].value: must lie between 0 and 255`,
  ]);
  t.same(said(ENMON, 'as: u8, role: type', 'as: u16, role: type'), [
    `${at('fields:') + 1}: fields: the first must be the type, a u8`,
  ]);
  t.same(said(ENMON, 'min: -40, max: 85', 'min: 4000, max: 5000'), [
    `${at('min: -40')}: fields[6].min: lies above all wire values`,
  ]);
  t.same(said(ENMON, 'as: i16', 'as: f32'), [
    `${at('as: i16')}: fields[6].as: must be one of u8, u16, u32, i8, i16, i32, ascii`,
  ]);
  t.same(said(ENMON, 'format: binary', 'format: xml').slice(0, 1), [
    `${at('format: binary')}: format: must be one of binary, text`,
  ]);
  t.same(said(ENMON, 'title: Env', '#title: Env'), ['2: title: is missing']);
  t.same(said(ENMON, 'nSend: 0,', 'nSend: [],'), [
    `${at('reads:')}: examples[0].reads.nSend: a text or a number is expected`,
  ]);
});

t.test('mistakes of text frames likewise', async (t) => {
  const at = (found: string) => lineOf(CROWD, found);
  const layout = `${at('layout:')}: fields[2].layout: must hold YYYY, MM, DD, hh, mm and ss once each, with punctuation between`;
  t.same(said(CROWD, 'YYYYDDMM-hh:mm:ss', 'YYYYDDMM'), [layout]);
  t.same(said(CROWD, 'YYYYDDMM-hh:mm:ss', 'YYYYDDMM-hh:mm:ssZ'), [layout]);
  t.same(said(CROWD, 'separator: "@"', 'separator: "@@"'), [
    `${at('separator')}: separator: must be one ASCII punctuation mark`,
  ]);
  t.same(said(CROWD, 'value: WIFI', 'value: "W@"'), [
    `${at('value: WIFI')}: fields[1].value: must be ASCII letters or digits`,
  ]);
  t.same(said(CROWD, 'role: count,', 'role: tag,'), [
    `${at('role: count,')}: fields[5].role: must be one of measure, counter, count`,
  ]);
  t.same(said(CROWD, 'unit: dBm,', 'unit: dBm, scale: 10,'), [
    `${at('unit: dBm')}: lines.strength.scale: an integer has none`,
  ]);
  t.same(said(CROWD, /lines:.*?examples:/s, 'examples:'), ['2: lines: is missing, though a field counts them']);
});

t.test('all mistakes are said at once', async (t) => {
  t.equal(said(ENMON, /scale: 10/g, 'scale: 3').length, 2);
});

t.test('what is no YAML mapping is refused with its line', async (t) => {
  t.throws(() => parseFrameDescription('a: [1', 'x.yaml'), { code: 'CONFIG_INVALID', message: /^x\.yaml:1: / });
  t.throws(() => parseFrameDescription('- 1', 'x.yaml'), { code: 'CONFIG_INVALID', message: /a mapping/ });
  t.throws(() => parseFrameDescription('', 'x.yaml'), { code: 'CONFIG_INVALID' });
});

t.test('whatever a description says, it is read or refused', async () => {
  const lines = ENMON.split('\n');
  const change = fc.tuple(
    fc.nat(lines.length - 1),
    fc.constantFrom('', '  - 1', 'fields: 3', '  x: {', 'lines: {}', 'as: u16', '? - a'),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const copy = [...lines];
      for (const [at, line] of changes) copy[at] = line;
      try {
        parseFrameDescription(copy.join('\n'));
      } catch (error) {
        if (!(error instanceof MsecError) || error.code !== 'CONFIG_INVALID') throw error;
      }
    }),
    { numRuns: 200 },
  );
});
