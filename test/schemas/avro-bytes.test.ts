import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  AvroReader,
  avroStrings,
  LONG_BYTES_MAX,
  putDate,
  putFlags,
  putLong,
  putWireHeader,
} from '../../schemas/avro-bytes.ts';

/** Zigzag and base-128 by BigInt, straight from the specification. */
function longByBigInt(value: number): number[] {
  const wide = BigInt(value);
  let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}

const framed = (...body: number[]) => Uint8Array.of(0, 0, 0, 0, 1, ...body);

t.test('every safe integer is written as the specification says and read back', async () => {
  const edges = [7, 14, 21, 28, 30, 31, 32, 35, 38, 42, 49, 52, 53].flatMap((bits) => [
    2 ** bits - 1,
    2 ** bits,
    2 ** bits + 1,
  ]);
  const safe = edges.filter(Number.isSafeInteger).flatMap((value) => [value, -value]);
  const bytes = new Uint8Array(40);
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(0, ...safe), fc.maxSafeInteger(), fc.nat({ max: 2 ** 42 })), (value) => {
      const end = putLong(bytes, putWireHeader(bytes, 3, 0xfedcba98), value);
      assert.ok(end - 8 <= LONG_BYTES_MAX);
      assert.deepEqual([...bytes.subarray(8, end)], longByBigInt(value));
      const dated = new Uint8Array(LONG_BYTES_MAX + 3);
      const dateEnd = putDate(new DataView(dated.buffer), 3, value);
      assert.deepEqual([...dated.subarray(3, dateEnd)], longByBigInt(value));
      const reader = new AvroReader();
      assert.equal(reader.open(bytes, 3, end), 0xfedcba98);
      assert.equal(reader.long('n'), value);
      reader.close();
    }),
    { numRuns: 2000, examples: safe.map((value) => [value]) },
  );
});

t.test('a number beyond 2^53 or of too many bytes is refused', async (t) => {
  for (const body of [
    longByBigInt(2 ** 54),
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    [0x80],
  ]) {
    const reader = new AvroReader();
    reader.open(framed(...body), 0, 5 + body.length);
    t.throws(() => reader.long('n'), { code: 'AVRO_INVALID', field: 'n' });
  }
});

t.test('the wire header must be whole and begin with 0', async (t) => {
  const reader = new AvroReader();
  t.throws(() => reader.open(Uint8Array.of(0, 0, 0, 1), 0, 4), { code: 'AVRO_INVALID', field: 'schemaId' });
  t.throws(() => reader.open(Uint8Array.of(1, 0, 0, 0, 1), 0, 5), { code: 'AVRO_INVALID', field: 'magic' });
});

t.test('bytes left over are refused', async (t) => {
  const reader = new AvroReader();
  reader.open(framed(2, 2), 0, 7);
  reader.long('n');
  t.throws(() => reader.close(), { code: 'AVRO_INVALID', field: 'end', byteOffset: 6 });
});

t.test('flags that a newer writer may know are skipped, known ones are found in any block', async (t) => {
  const [first, second] = avroStrings(['one', 'two']);
  const unknown = avroStrings(['on', 'twofold']).flatMap((bytes) => [...bytes]);
  const body = [4, ...unknown, 1, 8, ...(second ?? []), 2, ...(first ?? []), 0];
  const reader = new AvroReader();
  reader.open(framed(...body), 0, 5 + body.length);
  t.equal(reader.flags('flags', avroStrings(['one', 'two'])), 3);
  reader.close();
});

t.test('a negative length, a third branch of a union and a boolean of 2 are refused', async (t) => {
  const reader = new AvroReader();
  reader.open(framed(1, 65), 0, 7);
  t.throws(() => reader.span('name'), { code: 'AVRO_INVALID', field: 'name', message: /-1 bytes/ });
  reader.open(framed(4), 0, 6);
  t.throws(() => reader.isPresent('value'), { code: 'AVRO_INVALID', field: 'value' });
  reader.open(framed(2), 0, 6);
  t.throws(() => reader.boolean('value'), { code: 'AVRO_INVALID', field: 'value' });
});

t.test('no flag is one byte', async (t) => {
  const bytes = new Uint8Array(4).fill(9);
  t.equal(putFlags(bytes, 1, 0, avroStrings(['one'])), 2);
  t.same([...bytes], [9, 0, 9, 9]);
});

t.test('text that is not UTF-8 is refused', async (t) => {
  const reader = new AvroReader();
  reader.open(framed(4, 0xc3, 0x28), 0, 8);
  t.throws(() => reader.string('name'), { code: 'AVRO_INVALID', field: 'name' });
});
