/** The published readings against avsc, which knows nothing of our codecs: the same bytes, and back. */
import assert from 'node:assert/strict';
import avsc from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter, MsecError } from '../../engine/base/index.ts';
import { crowd, enmon, ReadingHead } from '../../schemas/index.ts';

/** avsc itself is exact this far only; beyond, test/schemas/avro-bytes.test.ts judges by BigInt. */
const EXACT = 2 ** 52;
const plain = { noNullPrototype: true };
const heads = fc.record(
  {
    device: fc.string({ unit: 'binary', maxLength: 40 }),
    eventTime: fc.integer({ min: -EXACT, max: EXACT }),
    receivedAt: fc.oneof(
      fc.integer({ min: 1.5e12, max: 2e12 }),
      fc.constantFrom(0, -1, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 38, EXACT, -EXACT),
    ),
    bootEpoch: fc.nat(0xffffffff),
    sequence: fc.integer({ min: 0, max: EXACT }),
    verified: fc.boolean(),
    suspect: fc.boolean(),
  },
  plain,
);
type Head = typeof heads extends fc.Arbitrary<infer T> ? T : never;

function headOf(values: Head): ReadingHead {
  const head = new ReadingHead();
  const text = new TextEncoder().encode(values.device);
  head.device = new Uint8Array(text.length + 5);
  head.device.set(text, 3);
  head.deviceStart = 3;
  head.deviceEnd = 3 + text.length;
  const { eventTime, receivedAt, bootEpoch, sequence, verified, suspect } = values;
  return Object.assign(head, { eventTime, receivedAt, bootEpoch, sequence, verified, suspect });
}

const measure = (min: number, max: number) => fc.option(fc.integer({ min, max }));
const enmonReadings = fc.record(
  {
    nSend: fc.nat(0xffffffff),
    batteryVoltage: measure(0, 0xffff),
    sonometer: measure(0, 0xffff),
    temperature: measure(-0x8000, 0x7fff),
    humidity: measure(0, 0xffff),
  },
  plain,
);

/** The avsc body behind the wire header. */
const judged = (type: avsc.Type, schemaId: number, record: unknown) => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(schemaId, 1);
  return Buffer.concat([header, type.toBuffer(record)]).toString('hex');
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const scaled = (value: number | null, scale: number) => (value === null ? null : value / scale);

/** A byte order mark is a character of the name. */
const MARKED = {
  device: '\ufeffmeter',
  eventTime: 0,
  receivedAt: 1_500_000_000_000,
  bootEpoch: 0,
  sequence: 0,
  verified: false,
  suspect: false,
};
const NOTHING = { nSend: 0, batteryVoltage: null, sonometer: null, temperature: null, humidity: null };

t.test('an EnMon reading is written as avsc writes the same record, and read back', async () => {
  const type = avsc.Type.forSchema(JSON.parse(enmon.avroSchema));
  fc.assert(
    fc.property(heads, enmonReadings, fc.nat(0xffffffff), fc.nat(7), (headValues, values, schemaId, before) => {
      const { nSend, ...measures } = values;
      const reading = enmon.create();
      reading.nSend = nSend;
      enmon.measures.forEach(({ name }, bit) => {
        const value = measures[name as keyof typeof measures];
        reading[name as keyof typeof measures] = value ?? 0;
        if (value === null) reading.flags |= 1 << bit;
      });
      const writer = new ByteWriter(1);
      writer.copy(new Uint8Array(before));
      enmon.encodeReading(writer, schemaId, headOf(headValues), reading);
      const bytes = writer.take();
      const record = {
        ...headValues,
        nSend,
        batteryVoltage: scaled(values.batteryVoltage, 1),
        sonometer: scaled(values.sonometer, 1),
        temperature: scaled(values.temperature, 10),
        humidity: scaled(values.humidity, 10),
        flags: enmon.flagNames.filter((_, bit) => (reading.flags & (1 << bit)) !== 0),
      };
      assert.equal(hex(bytes.subarray(before)), judged(type, schemaId, record));
      const head = new ReadingHead();
      const again = enmon.create();
      assert.equal(enmon.decodeReading(bytes, before, bytes.length, head, again), schemaId);
      assert.deepEqual(again, reading);
      const device = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        head.device.subarray(head.deviceStart, head.deviceEnd),
      );
      const { device: _, deviceStart, deviceEnd, ...rest } = head;
      assert.deepEqual({ device, ...rest }, headValues);
    }),
    { numRuns: 500, examples: [[MARKED, NOTHING, 1, 0]] },
  );
});

t.test('a crowd reading is written as avsc writes the same record, its small counts suppressed', async (t) => {
  const type = avsc.Type.forSchema(JSON.parse(crowd.avroSchema));
  const readings = fc.record(
    {
      date: fc.integer({ min: 0, max: 4e12 }),
      temperature: measure(-99_999_999_900, 99_999_999_900),
      packets: fc.oneof(fc.nat(9), fc.nat(999_999_999)),
      distinct: fc.nat(40),
      share: fc.nat(100).map((percent) => percent / 100),
      isSkewed: fc.boolean(),
    },
    plain,
  );
  const isShown = { devices: 0, randomised: 0 };
  fc.assert(
    fc.property(heads, readings, (headValues, values) => {
      const { date, packets, distinct } = values;
      const randomised = Math.round(distinct * values.share);
      const flags = (values.temperature === null ? 1 : 0) | (values.isSkewed ? 8 : 0);
      const reading = Object.assign(crowd.create(), { date, packets, distinct, randomised, flags });
      reading.temperature = values.temperature ?? 0;
      const writer = new ByteWriter();
      crowd.encodeReading(writer, 77, headOf(headValues), reading);
      const devices = distinct >= 5 ? distinct : null;
      // Fewer packets than five came from fewer devices than five.
      const heard = packets >= 5 ? packets : null;
      const shown = randomised >= 5 && distinct - randomised >= 5 ? randomised : null;
      if (devices !== null) isShown.devices++;
      if (shown !== null) isShown.randomised++;
      const names = crowd.flagNames.filter((_, bit) => (flags & (1 << bit)) !== 0);
      if (devices === null || shown === null || heard === null) names.push('suppressed');
      const record = {
        ...headValues,
        date,
        temperature: scaled(values.temperature, 100),
        packets: heard,
        devices,
        randomised: shown,
        flags: names,
      };
      const bytes = writer.take();
      assert.equal(hex(bytes), judged(type, 77, record));
      const head = new ReadingHead();
      const again = crowd.create();
      assert.equal(crowd.decodeReading(bytes, 0, bytes.length, head, again), 77);
      assert.equal(again.distinct, devices ?? 0);
      assert.equal(again.packets, heard ?? 0);
      assert.equal(again.randomised, shown ?? 0);
      assert.equal(again.temperature, values.temperature ?? 0);
      const twice = new ByteWriter();
      crowd.encodeReading(twice, 77, head, again);
      assert.equal(hex(twice.take()), hex(bytes), 'a published reading is published the same again');
      Object.assign(reading, { declared: 7, identityStart: 3, identityEnd: 9, sightings: distinct });
      crowd.publish(reading);
      assert.deepEqual({ ...reading }, { ...again }, 'who is called directly is given the same');
    }),
    { numRuns: 500 },
  );
  t.ok(isShown.devices > 50 && isShown.randomised > 20);
});

t.test('no pseudonym and no serial is in a published crowd reading', async (t) => {
  const names = (JSON.parse(crowd.avroSchema) as { fields: { name: string }[] }).fields.map(({ name }) => name);
  t.same(names, [
    'device',
    'eventTime',
    'receivedAt',
    'bootEpoch',
    'sequence',
    'verified',
    'suspect',
    'date',
    'temperature',
    'packets',
    'devices',
    'randomised',
    'flags',
  ]);
});

t.test('units and scales are attributes of the schema', async (t) => {
  const { fields } = JSON.parse(enmon.avroSchema) as { fields: { name: string; unit?: string; scale?: number }[] };
  t.match(
    fields.find(({ name }) => name === 'temperature'),
    { unit: '°C', scale: 10, type: ['null', 'double'] },
  );
});

t.test('tenths are published as the double nearest to them', async (t) => {
  const type = avsc.Type.forSchema(JSON.parse(enmon.avroSchema));
  const reading = enmon.create();
  reading.temperature = 124;
  reading.humidity = 565;
  const writer = new ByteWriter();
  enmon.encodeReading(writer, 1, new ReadingHead(), reading);
  const record: unknown = type.fromBuffer(Buffer.from(writer.take().subarray(5)));
  t.match(record, { temperature: 12.4, humidity: 56.5 });
});

t.test('any bytes are read as a reading or refused, never anything else', async (t) => {
  let read = 0;
  const some = fc
    .tuple(heads, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 3 }), fc.nat(200))
    .map(([values, changes, length]) => {
      const writer = new ByteWriter();
      enmon.encodeReading(writer, 9, headOf(values), Object.assign(enmon.create(), { flags: 5 }));
      const bytes = writer.take();
      for (const [offset, byte] of changes) if (offset < bytes.length) bytes[offset] = byte;
      return bytes.slice(0, Math.max(length, bytes.length - 2));
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 90 }), some), (bytes) => {
      for (const codec of [enmon, crowd]) {
        try {
          codec.decodeReading(bytes, 0, bytes.length, new ReadingHead(), codec.create() as never);
          read++;
        } catch (error) {
          if (!(error instanceof MsecError)) throw error;
          assert.equal(error.code, 'AVRO_INVALID');
          assert.ok(error.field !== undefined && (error.byteOffset ?? Number.NaN) <= bytes.length);
        }
      }
    }),
    { numRuns: 2000 },
  );
  t.ok(read > 50, 'some of them are readings');
});
