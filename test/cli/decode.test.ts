import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { msec } from './run-cli.ts';

const GOOD = '01001c00000000383637373233303330303430333330000dd00040007c0235';
const CROWD = `00000006956C35F@WIFI@20192208-22:41:55@65.53@12076@5
CC:4B:73:64:59:66@-41
B8:27:EB:71:FF:F5@-57
8C:F7:10:07:AE:C2@-71
00:16:9D:F5:0B:80@-85
44:07:0B:E9:4D:30@-35
`;
const cwd = t.testdir({ 'crowd.txt': CROWD });
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

t.test('an EnMon frame is one JSON object with units', async (t) => {
  const { code, out, err } = await msec(['decode', GOOD], { cwd });
  t.same([code, err], [0, '']);
  t.match(lines(out), [
    {
      type: 'enmon',
      nSend: 0,
      imei: '867723030040330',
      batteryVoltage: { value: 3536, unit: 'mV' },
      sonometer: { value: 64, unit: 'dB' },
      temperature: { value: 12.4, unit: '°C' },
      humidity: { value: 56.5, unit: '%' },
    },
  ]);
});

t.test('the printed example that lacks a digit is refused with an error that says so', async (t) => {
  const { code, out, err } = await msec(['decode', GOOD.replace('00000000', '0000000')], { cwd });
  t.same([code, out], [65, '']);
  t.match(err, /61 hexadecimal digits.*a digit seems to be missing in N_SEND \(byte 3\)/);
});

t.test('frames one behind the other are split by their LENGTH, from standard input and from a file', async (t) => {
  const two = await msec(['decode', '-'], { cwd, input: Buffer.from(GOOD + GOOD, 'hex') });
  t.equal(lines(two.out).length, 2);
  writeFileSync(join(cwd, 'frames.bin'), Buffer.from(GOOD + GOOD + GOOD, 'hex'));
  t.equal(lines((await msec(['decode', 'frames.bin'], { cwd })).out).length, 3);
  t.equal(lines((await msec(['decode'], { cwd, input: `${GOOD}\n${GOOD}\n` })).out).length, 2);
});

t.test('a broken frame is told with its field and offset, and the next ones are read', async (t) => {
  const broken = GOOD.replace('383637', '583637');
  const { code, out, err } = await msec(['decode', '-', '--json'], {
    cwd,
    input: Buffer.from(GOOD + broken + GOOD, 'hex'),
  });
  t.equal(code, 65);
  t.equal(lines(out).length, 2);
  t.match(JSON.parse(err.split('\n')[0]!), { error: { code: 'FRAME_INVALID', field: 'imei', byteOffset: 31 + 7 } });
  const text = await msec(['decode', '-'], { cwd, input: `${GOOD}\n${GOOD.slice(0, -1)}\n${GOOD}\n` });
  t.equal(text.code, 65);
  t.equal(lines(text.out).length, 2);
  t.match(text.err, 'line 2:');
});

t.test('a crowd counter’s addresses leave as pseudonyms that differ from run to run', async (t) => {
  const first = await msec(['decode', '--type', 'crowd', 'crowd.txt'], { cwd });
  t.equal(first.code, 0);
  const [reading] = lines(first.out);
  t.match(reading, {
    type: 'crowd',
    date: '2019-08-22T22:41:55.000Z',
    temperature: { value: 65.53, unit: '°C' },
    packets: 12076,
    devices: 5,
  });
  t.equal(reading.sightings.length, 5);
  t.notMatch(first.out + first.err, /CC:?4B:?73/i);
  t.match(first.err, 'pseudonyms of a random key');
  const second = await msec(['decode', 'crowd.txt'], { cwd });
  t.not(lines(second.out)[0].sightings[0].macPseudonym, reading.sightings[0].macPseudonym);
});

t.test('text frames one behind the other are told apart, a broken one does not take the rest', async (t) => {
  const { code, out, err } = await msec(['decode', '-'], {
    cwd,
    input: CROWD + CROWD.replace('20192208', '20191322') + CROWD,
  });
  t.equal(code, 65);
  t.equal(lines(out).length, 2);
  t.match(err, /date/);
});

t.test('a frame type of the configuration is decoded by its description', async (t) => {
  const folder = t.testdir({
    'msec.yaml': 'frames: [air.yaml]\n',
    'air.yaml': `name: air
record: Air
title: Air quality
format: binary
byteOrder: big-endian
fields:
  - { name: type, label: TYPE, as: u8, role: type, value: 0x07 }
  - { name: length, label: LENGTH, as: u16, role: length }
  - { name: imei, label: IMEI, as: ascii, role: identity, digits: 15, terminator: nul }
  - { name: co2, label: CO2, as: u16, unit: ppm, min: 0, max: 10000 }
`,
  });
  const hex = `070012${Buffer.from('867723030040330\0').toString('hex')}01f4`;
  t.match(lines((await msec(['decode', hex], { cwd: folder })).out), [
    { type: 'air', co2: { value: 500, unit: 'ppm' } },
  ]);
});

t.test('what is not there, or no type, has its own exit code', async (t) => {
  t.match(await msec(['decode', 'nowhere.bin'], { cwd }), { code: 66, err: /neither hexadecimal digits nor a file/ });
  t.match(await msec(['decode', '-'], { cwd }), { code: 66 });
  t.match(await msec(['decode', '--type', 'enmom', GOOD], { cwd }), { code: 64, err: /did you mean enmon/ });
  t.match(await msec(['decode', 'ff00'], { cwd }), { code: 65, err: /no frame type begins like this/ });
});
