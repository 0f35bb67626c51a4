/** Aggregates, late readings and sightings against avsc: the same bytes, and back. */
import assert from 'node:assert/strict';
import avsc from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter, MsecError } from '../../engine/base/index.ts';
import {
  AGGREGATE_SCHEMA,
  type Aggregate,
  ATTESTATION_SCHEMA,
  type Attestation,
  crowd,
  decodeAggregate,
  decodeAttestation,
  decodeLate,
  decodeSightings,
  encodeAggregate,
  encodeAttestation,
  encodeLate,
  encodeSightings,
  LATE_SCHEMA,
  ReadingHead,
  SIGHTING_SCHEMA,
  SightingsView,
  TRUST_STATES,
} from '../../schemas/index.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
/** avsc itself is exact this far only; beyond, test/schemas/avro-bytes.test.ts judges by BigInt. */
const EXACT = 2 ** 52;
const time = fc.integer({ min: -EXACT, max: EXACT });
const count = fc.integer({ min: 0, max: EXACT });
const plain = { noNullPrototype: true };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** avsc's bytes behind the header; a union of null and a record is wrapped in the record's name where avsc wants it. */
const judged = (schema: string, schemaId: number, record: unknown) => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(schemaId, 1);
  const type = avsc.Type.forSchema(JSON.parse(schema), { wrapUnions: false });
  return Buffer.concat([header, type.toBuffer(record)]).toString('hex');
};

const double = fc.option(fc.double({ noNaN: true }));
const aggregates: fc.Arbitrary<Aggregate> = fc.record(
  {
    device: text,
    type: text,
    windowStart: time,
    windowEnd: time,
    count,
    verifiedCount: count,
    measures: fc.array(
      fc.record(
        {
          name: text,
          unit: text,
          count,
          mean: double,
          min: double,
          max: double,
          stddev: double,
        },
        plain,
      ),
      { maxLength: 5 },
    ),
    distinct: fc.option(fc.record({ name: text, count: fc.option(count), suppressed: fc.boolean() }, plain)),
  },
  plain,
);

/** A byte order mark is a character of the text. */
const MARKED: Aggregate = {
  device: '\ufeffmeter',
  type: '\ufeff',
  windowStart: 0,
  windowEnd: 1,
  count: 0,
  verifiedCount: 0,
  measures: [],
  distinct: null,
};

t.test('an aggregate is written as avsc writes it, and read back', async () => {
  fc.assert(
    fc.property(aggregates, fc.nat(0xffffffff), (aggregate, schemaId) => {
      const writer = new ByteWriter(1);
      encodeAggregate(writer, schemaId, aggregate);
      const bytes = writer.take();
      assert.equal(hex(bytes), judged(AGGREGATE_SCHEMA, schemaId, aggregate));
      assert.deepEqual(decodeAggregate(bytes), aggregate);
    }),
    { numRuns: 400, examples: [[MARKED, 1]] },
  );
});

t.test('a late reading is written as avsc writes it, and read back', async () => {
  const lates = fc.record(
    {
      device: text,
      type: text,
      eventTime: time,
      windowStart: time,
      windowEnd: time,
      watermark: time,
      reading: fc.uint8Array({ maxLength: 300 }),
    },
    plain,
  );
  fc.assert(
    fc.property(lates, (late) => {
      const writer = new ByteWriter(1);
      encodeLate(writer, 5, late);
      const bytes = writer.take();
      assert.equal(hex(bytes), judged(LATE_SCHEMA, 5, { ...late, reading: Buffer.from(late.reading) }));
      const read = decodeLate(bytes);
      assert.deepEqual({ ...read, reading: hex(read.reading) }, { ...late, reading: hex(late.reading) });
    }),
  );
});

t.test('a state of trust is written as avsc writes it, and read back', async (t) => {
  const state = fc.constantFrom(...TRUST_STATES);
  const words = { state, reason: text, says: text };
  const attestations: fc.Arbitrary<Attestation> = fc.record(
    {
      device: text,
      since: time,
      ...words,
      log: fc.constantFrom('', 'boot', 'ima'),
      entry: count,
      pcr: fc.integer({ min: -1, max: 23 }),
      path: text,
      firmware: text,
      provenAt: time,
      trustedUntil: time,
      failures: count,
      transitions: count,
      history: fc.array(fc.record({ at: time, ...words }, plain), { maxLength: 5 }),
    },
    plain,
  );
  fc.assert(
    fc.property(attestations, (attestation) => {
      const writer = new ByteWriter(1);
      encodeAttestation(writer, 7, attestation);
      const bytes = writer.take();
      assert.equal(hex(bytes), judged(ATTESTATION_SCHEMA, 7, attestation));
      assert.deepEqual(decodeAttestation(bytes), attestation);
    }),
  );
  const writer = new ByteWriter(1);
  encodeAttestation(writer, 7, { ...fc.sample(attestations, 1)[0]!, state: 'trusty' as 'trusted' });
  t.throws(() => decodeAttestation(writer.take()), { code: 'AVRO_INVALID', field: 'state' });
});

t.test('sightings are written as avsc writes them, and read back into columns', async () => {
  const row = fc.record(
    {
      pseudonym: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      rssi: fc.integer({ min: -0x8000, max: 0x7fff }),
      randomised: fc.boolean(),
    },
    plain,
  );
  const view = new SightingsView();
  fc.assert(
    fc.property(
      text,
      time,
      text,
      fc.array(row, { maxLength: 60, size: 'max' }),
      (device, eventTime, keyId, sightings) => {
        const head = new ReadingHead();
        head.device = new TextEncoder().encode(device);
        head.deviceEnd = head.device.length;
        head.eventTime = eventTime;
        const reading = crowd.create();
        reading.sightings = sightings.length;
        reading.pseudonyms = Uint8Array.from(sightings.flatMap(({ pseudonym }) => [...pseudonym]));
        reading.rssi = Int16Array.from(sightings, ({ rssi }) => rssi);
        reading.isRandomised = Uint8Array.from(sightings, ({ randomised }) => (randomised ? 1 : 0));
        const writer = new ByteWriter(1);
        encodeSightings(writer, 6, head, new TextEncoder().encode(keyId), reading);
        const bytes = writer.take();
        const items = sightings.map((item) => ({ ...item, pseudonym: Buffer.from(item.pseudonym) }));
        assert.equal(hex(bytes), judged(SIGHTING_SCHEMA, 6, { device, eventTime, keyId, sightings: items }));
        decodeSightings(bytes, 0, bytes.length, view);
        assert.equal(view.count, sightings.length);
        assert.equal(view.eventTime, eventTime);
        assert.equal(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(view.keyIdStart, view.keyIdEnd)),
          keyId,
        );
        assert.equal(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(view.deviceStart, view.deviceEnd)),
          device,
        );
        assert.equal(hex(view.pseudonyms.subarray(0, view.count * 8)), hex(reading.pseudonyms));
        assert.deepEqual(view.rssi.slice(0, view.count), reading.rssi);
        assert.deepEqual(view.isRandomised.slice(0, view.count), reading.isRandomised);
      },
    ),
  );
});

t.test('any bytes are read as a record or refused, never anything else', async () => {
  const some = aggregates.map((aggregate) => {
    const writer = new ByteWriter();
    encodeAggregate(writer, 1, aggregate);
    return writer.take();
  });
  const changed = fc.tuple(some, fc.nat(300), fc.nat(255)).map(([bytes, offset, byte]) => {
    bytes[offset % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 90 }), changed), (bytes) => {
      for (const decode of [
        () => decodeAggregate(bytes),
        () => decodeLate(bytes),
        () => decodeSightings(bytes, 0, bytes.length, new SightingsView()),
      ]) {
        try {
          decode();
        } catch (error) {
          if (!(error instanceof MsecError)) throw error;
          assert.equal(error.code, 'AVRO_INVALID');
        }
      }
    }),
    { numRuns: 1000 },
  );
});
