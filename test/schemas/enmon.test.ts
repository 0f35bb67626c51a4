import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter, MsecError } from '../../engine/base/index.ts';
import { type EnMonValues, enmon, FrameContext, imeiEquals } from '../../schemas/index.ts';

const VECTOR = '01001c00000000383637373233303330303430333330000dd00040007c0235';
const context = new FrameContext(() => t.fail('no address is in this frame'));
const ascii = (text: string) => new TextEncoder().encode(text);

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

function encoded(values: EnMonValues): Uint8Array {
  const writer = new ByteWriter(8);
  enmon.encode(writer, values);
  return writer.take();
}

function decoded(bytes: Uint8Array, start = 0, end = bytes.length) {
  const reading = enmon.create();
  enmon.decode(bytes, start, end, reading, context);
  return reading;
}

function refusal(
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): { field?: string; byteOffset?: number; text: string } {
  try {
    decoded(bytes, start, end);
  } catch (error) {
    if (!(error instanceof MsecError) || error.code !== 'FRAME_INVALID') throw error;
    return { field: error.field ?? '', byteOffset: error.byteOffset ?? -1, text: error.message };
  }
  throw new Error('the frame was not refused');
}

const values = fc.record({
  nSend: fc.integer({ min: 0, max: 0xffffffff }),
  imei: fc.stringMatching(/^[0-9]{15}$/),
  batteryVoltage: fc.integer({ min: 0, max: 0xffff }),
  sonometer: fc.integer({ min: 0, max: 0xffff }),
  temperature: fc.integer({ min: -0x8000, max: 0x7fff }),
  humidity: fc.integer({ min: 0, max: 0xffff }),
});

t.test('only digits and a NUL pass for an IMEI, so that a frame cannot carry other text in its place', async (t) => {
  for (const text of ['CC:4B:73:64:59:66', 'CC4B736459660000']) {
    const bytes = bytesOf(VECTOR);
    bytes.set(Buffer.from(text).subarray(0, 16), 7);
    t.equal(enmon.matches(bytes, 0, 31), false);
  }
});

t.test('the known frame reads as the cookbook says', async (t) => {
  const bytes = bytesOf(VECTOR);
  const reading = decoded(bytes);
  t.equal(bytes.length, 31);
  t.equal(enmon.matches(bytes, 0, 31), true);
  t.same(enmon.toJson(bytes, reading), {
    type: 'enmon',
    nSend: 0,
    imei: '867723030040330',
    batteryVoltage: { value: 3536, unit: 'mV' },
    sonometer: { value: 64, unit: 'dB' },
    temperature: { value: 12.4, unit: '°C' },
    humidity: { value: 56.5, unit: '%' },
    flags: [],
  });
});

t.test('the known frame encodes back byte for byte', async (t) => {
  const frame = {
    nSend: 0,
    imei: '867723030040330',
    batteryVoltage: 3536,
    sonometer: 64,
    temperature: 124,
    humidity: 565,
  };
  t.equal(Buffer.from(encoded(frame)).toString('hex'), VECTOR);
});

t.test('whatever the wire can carry survives encoding and decoding, at any place in the bytes', async () => {
  fc.assert(
    fc.property(values, fc.nat(9), (frame, before) => {
      const bytes = new Uint8Array(before + 31 + 3).fill(0xee);
      bytes.set(encoded(frame), before);
      const reading = decoded(bytes, before, before + 31);
      const { imei, ...numbers } = frame;
      assert.deepEqual({ ...reading, ...numbers }, { ...reading });
      assert.ok(imeiEquals(bytes, before, ascii(imei)));
      assert.ok(enmon.identityEquals(bytes, reading, ascii(imei)));
    }),
    { numRuns: 300 },
  );
});

t.test('the IMEI is compared in place and by its whole length', async (t) => {
  const bytes = bytesOf(VECTOR);
  t.equal(imeiEquals(bytes, 0, ascii('867723030040331')), false);
  t.equal(imeiEquals(bytes, 0, ascii('86772303004033')), false);
  t.equal(imeiEquals(bytes, 0, ascii('8677230300403300')), false);
});

t.test('a value at its physical limit stands, one beyond is flagged and the frame is still read', async (t) => {
  const within = {
    nSend: 1,
    imei: '867723030040330',
    batteryVoltage: 1700,
    sonometer: 140,
    temperature: -400,
    humidity: 1000,
  };
  t.equal(decoded(encoded(within)).flags, 0);
  const beyond = { ...within, batteryVoltage: 1699, sonometer: 141, temperature: -401, humidity: 1001 };
  const bytes = encoded(beyond);
  const reading = decoded(bytes);
  t.same(
    enmon.flagNames.filter((_, bit) => (reading.flags & (1 << bit)) !== 0),
    ['outOfRange:batteryVoltage', 'outOfRange:sonometer', 'outOfRange:temperature', 'outOfRange:humidity'],
  );
  t.match(enmon.toJson(bytes, reading), { temperature: { value: null, outOfRange: -40.1, unit: '°C' } });
  const measures = new Float64Array(4);
  enmon.copyMeasures(reading, measures);
  t.same([...measures], [Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
});

t.test('a reading that is used again keeps nothing of the frame before', async (t) => {
  const frame = {
    nSend: 1,
    imei: '867723030040330',
    batteryVoltage: 0,
    sonometer: 999,
    temperature: 124,
    humidity: 565,
  };
  const reading = decoded(encoded(frame));
  t.not(reading.flags, 0);
  const bytes = bytesOf(VECTOR);
  enmon.decode(bytes, 0, bytes.length, reading, context);
  t.same({ ...reading }, { ...decoded(bytes) });
});

t.test('each broken place is named with its offset', async (t) => {
  const broken = (offset: number, byte: number) => {
    const bytes = bytesOf(VECTOR);
    bytes[offset] = byte;
    return refusal(bytes);
  };
  t.match(broken(0, 2), { field: 'type', byteOffset: 0 });
  t.match(broken(2, 0x1d), { field: 'length', byteOffset: 1, text: /28/ });
  t.match(broken(7, 0x3a), { field: 'imei', byteOffset: 7 });
  t.match(broken(21, 0x2f), { field: 'imei', byteOffset: 21 });
  t.match(broken(22, 0x30), { field: 'imei', byteOffset: 22 });
  t.match(refusal(bytesOf(VECTOR.slice(0, 60))), { field: 'length', byteOffset: 3, text: /1 are missing/ });
  t.match(refusal(bytesOf(`${VECTOR}00`)), { field: 'length', text: /1 are too many/ });
  t.match(refusal(new Uint8Array(0)), { field: 'length', byteOffset: 0 });
});

t.test('an offset is counted from where the frame starts', async (t) => {
  const bytes = new Uint8Array(40);
  bytes.set(bytesOf(VECTOR), 5);
  bytes[5 + 10] = 0;
  t.match(refusal(bytes, 5, 36), { field: 'imei', byteOffset: 10 });
});

t.test('what the wire cannot carry is not encoded', async (t) => {
  const good = {
    nSend: 0,
    imei: '867723030040330',
    batteryVoltage: 3536,
    sonometer: 64,
    temperature: 124,
    humidity: 565,
  };
  for (const [field, value] of [
    ['nSend', 2 ** 32],
    ['batteryVoltage', -1],
    ['temperature', 0x8000],
    ['humidity', 0.5],
    ['imei', '86772303004033'],
    ['imei', '86772303004033x'],
  ] as const) {
    const writer = new ByteWriter(64);
    t.throws(() => enmon.encode(writer, { ...good, [field]: value }), { code: 'FRAME_INVALID', field });
    t.equal(writer.position, 0, 'nothing is left behind');
  }
});

t.test('any bytes are read or refused with a place within the frame, never anything else', async () => {
  const mutated = fc
    .tuple(values, fc.array(fc.tuple(fc.nat(30), fc.nat(255)), { maxLength: 4 }), fc.nat(40))
    .map(([frame, changes, length]) => {
      const bytes = new Uint8Array(40);
      bytes.set(encoded(frame));
      for (const [offset, byte] of changes) bytes[offset] = byte;
      return bytes.slice(0, length);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), (bytes) => {
      try {
        const reading = decoded(bytes);
        assert.ok(enmon.matches(bytes, 0, bytes.length));
        assert.equal(reading.identityEnd - reading.identityStart, 15);
      } catch (error) {
        if (!(error instanceof MsecError)) throw error;
        assert.equal(error.code, 'FRAME_INVALID');
        assert.ok(error.field !== undefined && (error.byteOffset ?? 99) <= bytes.length);
      }
    }),
    { numRuns: 2000 },
  );
});
