import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter, MsecError } from '../../engine/base/index.ts';
import { type CrowdValues, crowd, FrameContext, UTC, type Zone, zoneOf } from '../../schemas/index.ts';

const EXAMPLE = [
  '00000006956C35F@WIFI@20192208-22:41:55@65.53@12076@5',
  'CC:4B:73:64:59:66@-41',
  'B8:27:EB:71:FF:F5@-57',
  '8C:F7:10:07:AE:C2@-71',
  '00:16:9D:F5:0B:80@-85',
  '44:07:0B:E9:4D:30@-35',
];
const ascii = (text: string) => new TextEncoder().encode(text);

/** Stands in for a keyed function: the address turned around, with a mark, so that a test can tell where it went. */
const context = new FrameContext((mac, into, at) => {
  for (let i = 0; i < 6; i++) into[at + i] = (mac[5 - i] ?? 0) ^ 0xff;
  into[at + 6] = 0xab;
  into[at + 7] = 0xcd;
});

function pseudonymOf(mac: string): string {
  const into = new Uint8Array(8);
  context.pseudonymise(
    Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16)),
    into,
    0,
  );
  return Buffer.from(into).toString('hex');
}

function decoded(text: string | Uint8Array, within: FrameContext = context) {
  const bytes = typeof text === 'string' ? ascii(text) : text;
  const reading = crowd.create();
  crowd.decode(bytes, 0, bytes.length, reading, within);
  const flags = crowd.flagNames.filter((_, bit) => (reading.flags & (1 << bit)) !== 0);
  return { bytes, reading, flags };
}

function refusal(text: string | Uint8Array): MsecError {
  try {
    decoded(text);
  } catch (error) {
    if (error instanceof MsecError) return error;
    throw error;
  }
  throw new Error('the frame was not refused');
}

const rows = (reading: ReturnType<typeof crowd.create>) =>
  Array.from({ length: reading.sightings }, (_, row) => ({
    pseudonym: Buffer.from(reading.pseudonyms.subarray(row * 8, row * 8 + 8)).toString('hex'),
    rssi: reading.rssi[row],
    randomised: reading.isRandomised[row],
  }));

t.test('the cookbook’s example is 22 August 2019, 65.53 °C, 12,076 packets, 5 devices', async (t) => {
  const { bytes, reading, flags } = decoded(EXAMPLE.join('\n'));
  t.equal(crowd.matches(bytes, 0, bytes.length), true);
  t.same(flags, []);
  const json = crowd.toJson(bytes, reading);
  t.match(json, {
    type: 'crowd',
    serial: '00000006956C35F',
    date: '2019-08-22T22:41:55.000Z',
    temperature: { value: 65.53, unit: '°C' },
    packets: 12076,
    declared: 5,
    devices: 5,
    randomised: 0,
  });
  t.same(rows(reading)[0], { pseudonym: pseudonymOf('CC:4B:73:64:59:66'), rssi: -41, randomised: 0 });
  t.equal(crowd.identityEquals(bytes, reading, ascii('00000006956C35F')), true);
  t.equal(crowd.identityEquals(bytes, reading, ascii('00000006956C35E')), false);
});

t.test('the example encodes back character for character', async (t) => {
  const writer = new ByteWriter(8);
  const sightings = EXAMPLE.slice(1).map((line) => {
    const [mac = '', rssi = ''] = line.split('@');
    return { mac, rssi: Number(rssi) };
  });
  const date = Date.UTC(2019, 7, 22, 22, 41, 55);
  crowd.encode(writer, { serial: '00000006956C35F', date, temperature: 6553, packets: 12076, declared: 5, sightings });
  t.equal(Buffer.from(writer.take()).toString(), EXAMPLE.join('\n'));
});

t.test('lines may end with CR LF, and line ends after the last are ignored', async (t) => {
  const { reading, flags } = decoded(`${EXAMPLE.join('\r\n')}\r\n\r\n`);
  t.equal(reading.distinct, 5);
  t.same(flags, []);
});

t.test('an address that occurs again counts once, with its greatest strength', async (t) => {
  const repeated = [...EXAMPLE, 'cc:4b:73:64:59:66@-30', 'B8:27:EB:71:FF:F5@-90'];
  const { reading, flags } = decoded(repeated.join('\n'));
  t.equal(reading.distinct, 5);
  t.same(flags, []);
  t.same(
    rows(reading).map(({ rssi }) => rssi),
    [-30, -57, -71, -85, -35],
  );
});

t.test('a count that does not match is flagged and not fatal', async (t) => {
  t.same(decoded(EXAMPLE.slice(0, 5).join('\n')).flags, ['countMismatch', 'suppressed']);
  t.same(decoded([...EXAMPLE, '44:07:0B:E9:4D:31@-35'].join('\n')).flags, ['countMismatch']);
});

t.test('a frame may list no device at all', async (t) => {
  const { reading, flags } = decoded('A1@WIFI@20192208-22:41:55@-5@0@0');
  t.equal(reading.distinct, 0);
  t.equal(reading.temperature, -500);
  t.same(flags, ['suppressed']);
});

t.test('locally administered addresses are counted as randomised', async (t) => {
  const { reading } = decoded(
    ['A1@WIFI@20192208-22:41:55@20@9@3', 'DA:A1:19:00:00:01@-40', 'D8:A1:19:00:00:01@-40', '02:00:00:00:00:01@-1'].join(
      '\n',
    ),
  );
  t.equal(reading.randomised, 2);
  t.same(
    rows(reading).map(({ randomised }) => randomised),
    [1, 0, 1],
  );
});

t.test('DATE is local time of the device’s zone', async (t) => {
  const at = (text: string, zone: Zone) => {
    const within = new FrameContext(context.pseudonymise);
    within.zone = zone;
    return new Date(decoded(`A1@WIFI@${text}@20@9@0`, within).reading.date).toISOString();
  };
  const madrid = zoneOf('Europe/Madrid');
  t.equal(at('20192208-22:41:55', UTC), '2019-08-22T22:41:55.000Z');
  t.equal(at('20192208-22:41:55', madrid), '2019-08-22T20:41:55.000Z');
  t.equal(at('20193103-02:30:00', madrid), '2019-03-31T01:30:00.000Z', 'skipped: as if the clock had not changed');
  t.equal(at('20192710-02:30:00', madrid), '2019-10-27T00:30:00.000Z', 'twice: the first');
});

t.test('a date that the calendar lacks is refused', async (t) => {
  for (const date of [
    '20192202-24:00:00',
    '20193002-10:00:00',
    '20190008-10:00:00',
    '20190100-10:00:00',
    '20192213-10:00:00',
    '20192208-10:60:00',
    '20192208-10:00:60',
    '19992208-10:00:00',
  ]) {
    t.match(refusal(`A1@WIFI@${date}@20@9@0`), { code: 'FRAME_INVALID', field: 'date' }, date);
  }
  t.equal(decoded('A1@WIFI@20202902-10:00:00@20@9@0').reading.date, Date.UTC(2020, 1, 29, 10));
});

t.test('a date far from when the bridge received the frame is flagged', async (t) => {
  const within = new FrameContext(context.pseudonymise);
  const date = Date.UTC(2019, 7, 22, 22, 41, 55);
  const flagsAt = (receivedAt: number) => {
    within.receivedAt = receivedAt;
    return decoded(EXAMPLE.join('\n'), within).flags;
  };
  t.same(flagsAt(date + 300_000), []);
  t.same(flagsAt(date + 300_001), ['clockSkew']);
  t.same(flagsAt(date - 300_001), ['clockSkew']);
  within.clockSkewMsMax = 1_000_000;
  t.same(flagsAt(date + 300_001), []);
});

t.test('values out of their physical range are flagged', async (t) => {
  const { flags, reading } = decoded('A1@WIFI@20192208-22:41:55@125.01@9@1\nCC:4B:73:64:59:66@1');
  t.same(flags, ['outOfRange:temperature', 'outOfRange:rssi', 'suppressed']);
  const measures = new Float64Array(1);
  crowd.copyMeasures(reading, measures);
  t.same([...measures], [Number.NaN]);
});

t.test('each broken place is named with its offset', async (t) => {
  const head = 'A1@WIFI@20192208-22:41:55@20@9@1';
  const cases: [string, string, number][] = [
    ['', 'serial', 0],
    ['@WIFI@', 'serial', 0],
    [`${'A'.repeat(33)}@WIFI@`, 'serial', 0],
    ['A1@WLAN@', 'radio', 3],
    ['A1', 'radio', 2],
    ['A1@WIFI@2019-08-22', 'date', 12],
    ['A1@WIFI@20192208-22:41:55@x@9@0', 'temperature', 26],
    ['A1@WIFI@20192208-22:41:55@1.@9@0', 'temperature', 28],
    ['A1@WIFI@20192208-22:41:55@1.234@9@0', 'temperature', 30],
    ['A1@WIFI@20192208-22:41:55@20@-9@0', 'packets', 29],
    ['A1@WIFI@20192208-22:41:55@20@1234567890@0', 'packets', 29],
    [`${head}x`, 'devices', 32],
    [`${head}\nCC:4B:73:64:59@-41`, 'mac', 47],
    [`${head}\nCC:4B:73:64:59:6G@-41`, 'mac', 48],
    [`${head}\nCC:4B:73:64:59:66`, 'rssi', 50],
    [`${head}\nCC:4B:73:64:59:66@`, 'rssi', 51],
    [`${head}\nCC:4B:73:64:59:66@-99999`, 'rssi', 51],
    [`${head}\n\nCC:4B:73:64:59:66@-41`, 'mac', 33],
  ];
  for (const [text, field, byteOffset] of cases) {
    t.match(refusal(text), { code: 'FRAME_INVALID', field, byteOffset }, JSON.stringify(text));
  }
});

t.test('a frame is read at any place, and an offset is counted from where it starts', async (t) => {
  const bytes = ascii(`xxx${EXAMPLE.join('\n')}xxx`);
  const reading = crowd.create();
  crowd.decode(bytes, 3, bytes.length - 3, reading, context);
  t.equal(crowd.identityEquals(bytes, reading, ascii('00000006956C35F')), true);
  t.equal(reading.distinct, 5);
  t.throws(() => crowd.decode(bytes, 3, bytes.length, reading, context), {
    code: 'FRAME_INVALID',
    field: 'devices',
    byteOffset: bytes.length - 6,
  });
});

t.test('a reading that is used again keeps nothing of the frame before', async (t) => {
  const { reading } = decoded([...EXAMPLE, 'DA:A1:19:00:00:01@9'].join('\n'));
  const next = decoded('B2@WIFI@20192208-22:41:55@20@9@0');
  crowd.decode(next.bytes, 0, next.bytes.length, reading, context);
  const { pseudonyms, rssi, isRandomised, ...numbers } = reading;
  const { pseudonyms: _, rssi: __, isRandomised: ___, ...expected } = next.reading;
  t.same(numbers, expected);
});

t.test('length and number of lines are limited', async (t) => {
  const lines = (count: number) =>
    Array.from(
      { length: count },
      (_, i) =>
        `${((i >> 8) | 0x100).toString(16).slice(1)}:00:00:00:00:${((i & 255) | 0x100).toString(16).slice(1)}@-9`,
    );
  const frame = (count: number) => [`A1@WIFI@20192208-22:41:55@20@9@${count}`, ...lines(count)].join('\n');
  t.equal(decoded(frame(4096)).reading.distinct, 4096);
  t.match(refusal(frame(4097)), { field: 'devices' });
  t.match(refusal('A'.repeat(131_073)), { field: 'length' });
});

t.test('no address is seen outside: not in the reading, not in JSON, not in an error', async (t) => {
  const seen: Uint8Array[] = [];
  const keeping = new FrameContext((mac, into, at) => {
    seen.push(mac);
    context.pseudonymise(mac, into, at);
  });
  const { bytes, reading } = decoded(EXAMPLE.join('\n'), keeping);
  const shown = JSON.stringify([crowd.toJson(bytes, reading), [...reading.pseudonyms]]).toLowerCase();
  for (const line of EXAMPLE.slice(1)) {
    const mac = line.split('@')[0]?.toLowerCase() ?? '';
    t.notOk(shown.includes(mac) || shown.includes(mac.replaceAll(':', '')), 'not in the reading');
  }
  t.ok(seen.length === 5 && seen.every((mac) => mac.every((byte) => byte === 0)), 'the scratch is wiped');
  const broken = refusal(`${EXAMPLE.join('\n')}\nDE:AD:BE:EF:00:01-41`);
  t.notMatch(broken.message, /DE|AD|BE|EF/);
});

t.test('an address is wiped also when its frame turns out to be broken', async (t) => {
  const seen: Uint8Array[] = [];
  const keeping = new FrameContext((mac) => seen.push(mac));
  t.throws(() => decoded(`${EXAMPLE.join('\n')}\n?`, keeping), { code: 'FRAME_INVALID' });
  t.ok(seen.length === 5 && seen.every((mac) => mac.every((byte) => byte === 0)));
  const { reading } = decoded([EXAMPLE[0], EXAMPLE[1]].join('\n'));
  t.equal(reading.sightings, 1, 'the broken frame’s addresses are not remembered');
});

const mac = fc
  .array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 })
  .map((parts) => parts.map((part) => (part * 85).toString(16).padStart(2, '0')).join(':'));
const frames: fc.Arbitrary<CrowdValues> = fc.record({
  serial: fc.stringMatching(/^[A-Za-z0-9]{1,32}$/),
  date: fc.integer({ min: Date.UTC(2000, 0, 2) / 1000, max: Date.UTC(2199, 11, 30) / 1000 }).map((s) => s * 1000),
  temperature: fc.integer({ min: -99_999_999_900, max: 99_999_999_900 }),
  packets: fc.nat(999_999_999),
  declared: fc.nat(999_999_999),
  sightings: fc.array(fc.record({ mac, rssi: fc.integer({ min: -32767, max: 32767 }) }), { maxLength: 40 }),
});

function encoded(values: CrowdValues): Uint8Array {
  const writer = new ByteWriter(8);
  crowd.encode(writer, values);
  return writer.take();
}

t.test('whatever the grammar can carry survives encoding and decoding', async () => {
  fc.assert(
    fc.property(frames, (values) => {
      const { bytes, reading } = decoded(encoded(values));
      const { serial, sightings, date, temperature, packets, declared } = values;
      assert.ok(crowd.identityEquals(bytes, reading, ascii(serial)));
      assert.deepEqual({ ...reading, date, temperature, packets, declared }, { ...reading });
      const expected = new Map<string, number>();
      for (const { mac, rssi } of sightings) expected.set(mac, Math.max(rssi, expected.get(mac) ?? -99999));
      assert.deepEqual(
        rows(reading).map(({ pseudonym, rssi }) => [pseudonym, rssi]),
        [...expected].map(([mac, rssi]) => [pseudonymOf(mac), rssi]),
      );
    }),
    { numRuns: 300 },
  );
});

t.test('any bytes are read or refused with a place within the frame, never anything else', async () => {
  const mutated = fc
    .tuple(
      frames,
      fc.array(fc.tuple(fc.nat(400), fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 64, 45, 46, 58))), { maxLength: 4 }),
      fc.nat(400),
    )
    .map(([values, changes, length]) => {
      const bytes = encoded({ ...values, sightings: values.sightings.slice(0, 12) });
      for (const [offset, byte] of changes) if (offset < bytes.length) bytes[offset] = byte;
      return bytes.slice(0, Math.max(length, bytes.length - 1));
    });
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (bytes) => {
      try {
        decoded(bytes);
        assert.ok(crowd.matches(bytes, 0, bytes.length));
        read++;
      } catch (error) {
        if (!(error instanceof MsecError)) throw error;
        assert.equal(error.code, 'FRAME_INVALID');
        assert.ok(error.field !== undefined && (error.byteOffset ?? Number.NaN) <= bytes.length);
      }
    }),
    { numRuns: 2000 },
  );
  t.ok(read > 50, 'some of them are frames');
});
