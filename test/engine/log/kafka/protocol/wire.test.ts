import t from 'tap';
import { WireReader, WireWriter } from '../../../../../engine/log/kafka/protocol/index.ts';

const written = (write: (writer: WireWriter) => void) => {
  const writer = new WireWriter();
  write(writer);
  return new Uint8Array(Buffer.concat(writer.take()));
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const reading = (text: string) => new WireReader(new Uint8Array(Buffer.from(text, 'hex')));

t.test('plain types are as the protocol guide has them', async (t) => {
  const bytes = written((w) => {
    w.int8(-1);
    w.int16(-2);
    w.int32(-3);
    w.int64(-4);
    w.int64(2 ** 40);
    w.bool(true);
    w.string('ü', false, false);
    w.string(null, false, true);
    w.bytes(Uint8Array.of(7, 8), false, false);
    w.bytes(null, false, true);
    w.uint16(65_535);
    w.int8(9);
  });
  t.equal(hex(bytes), 'fffffefffffffdfffffffffffffffc0000010000000000010002c3bcffff000000020708ffffffffffff09');
  const r = new WireReader(bytes);
  t.same([r.int8(), r.int16(), r.int32(), r.int64(), r.int64()], [-1, -2, -3, -4, 2 ** 40]);
  t.same([r.bool(), r.string(false), r.nullableString(false)], [true, 'ü', null]);
  t.same([...r.byteView(false)], [7, 8]);
  t.same([r.nullableByteView(false), r.uint16(), r.int8(), r.bytesLeft], [null, 65_535, 9, 0]);
});

t.test('compact types count one more than they hold, and null is none', async (t) => {
  const bytes = written((w) => {
    w.string('ü', true, false);
    w.string(null, true, true);
    w.bytes(new Uint8Array(300), true, false);
    w.array([1, 2], true, false, (item) => w.int8(item));
    w.array(null, true, true, () => {});
    w.uuid('AQIDBAUGBwgJCgsMDQ4PEA');
  });
  t.equal(
    hex(bytes),
    `03c3bc00ad02${'00'.repeat(300)}0301020001${hex(Uint8Array.from({ length: 15 }, (_, i) => i + 2))}`,
  );
  const r = new WireReader(bytes);
  t.same([r.string(true), r.nullableString(true), r.byteView(true).length], ['ü', null, 300]);
  t.same([r.array(true, () => r.int8()), r.nullableArray(true, () => 0)], [[1, 2], null]);
  t.equal(r.uuid(), 'AQIDBAUGBwgJCgsMDQ4PEA');
});

t.test('tagged fields know their length, and an unknown one is passed over', async (t) => {
  const bytes = written((w) => {
    w.uvarint(2);
    w.tag(0, () => w.string('x'.repeat(200), true, false));
    w.tag(300, () => w.int32(1));
    w.int8(5);
  });
  t.equal(bytes.length, 1 + 1 + 2 + 202 + 2 + 1 + 4 + 1);
  const r = new WireReader(bytes);
  let text = '';
  r.tags((tag) => {
    if (tag === 0) text = r.string(true);
    return tag === 0;
  });
  t.same([text.length, r.int8()], [200, 5]);
  t.throws(() => reading('01000200').tags(() => true), { code: 'DEPENDENCY_DOWN' });
  t.throws(
    () =>
      reading('0100010000').tags(() => {
        return true;
      }),
    { code: 'DEPENDENCY_DOWN', message: /not as long/ },
  );
});

t.test('large bytes are sent from where they lie', async (t) => {
  const large = new Uint8Array(1000);
  const writer = new WireWriter();
  writer.int8(1);
  writer.bytes(large, false, false);
  writer.int8(2);
  const frame = writer.takeFrame();
  t.ok(frame.includes(large));
  t.equal(hex(frame[0]!), '000003ee');
});

t.test('what does not fit says where', async (t) => {
  const cases: [string, (r: WireReader) => unknown, number][] = [
    ['0000', (r) => r.int32(), 0],
    ['00000005aa', (r) => r.byteView(false), 4],
    ['fffe', (r) => r.string(false), 2],
    ['ffff', (r) => r.string(false), 2],
    ['00', (r) => r.string(true), 1],
    ['7fffffff00', (r) => r.array(false, () => r.int8()), 0],
    ['fffffffe00', (r) => r.array(false, () => r.int8()), 0],
    ['ffffffffff01', (r) => r.uvarint(), 0],
    ['808080808001', (r) => r.uvarint(), 0],
    ['0020000000000000', (r) => r.int64(), 0],
    ['ffdfffffffffffff', (r) => r.int64(), 0],
  ];
  for (const [text, read, byteOffset] of cases) {
    t.throws(() => read(reading(text)), { code: 'DEPENDENCY_DOWN', byteOffset }, text);
  }
  t.equal(reading('001fffffffffffff').int64(), Number.MAX_SAFE_INTEGER);
});

t.test('a value that its type cannot hold is refused before it is sent', async (t) => {
  const writer = new WireWriter();
  t.throws(() => writer.string(null, true, false), { code: 'ASSERTION_FAILED' });
  t.throws(() => writer.string('x'.repeat(40_000), true, false), { code: 'ASSERTION_FAILED' });
  t.throws(() => writer.int64(2 ** 53), { code: 'ASSERTION_FAILED' });
  t.throws(() => writer.uuid('abc'), { code: 'ASSERTION_FAILED' });
});
