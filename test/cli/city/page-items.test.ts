import t from 'tap';
import { deviceKinds, letterView, pageDecoders } from '../../../cli/city/page-items.ts';
import { ByteWriter, LETTER_HEADER } from '../../../engine/index.ts';
import { enmon, FrameContext, frameTypes } from '../../../schemas/index.ts';
import { DeviceReading, deviceTopics } from '../../../schemas/topics/index.ts';

const utf8 = new TextEncoder();
const types = frameTypes();
const topics = deviceTopics(types);
const ids = new Map(
  Object.values(topics)
    .flatMap(({ codec }) => codec.schemas ?? [])
    .map(({ subject }, i) => [subject, i + 1]),
);
for (const { codec } of Object.values(topics)) codec.bindSchemaIds?.(ids);
const record = (value: Uint8Array | null, headers: { name: string; value: Uint8Array | null }[] = []) => ({
  topic: 'x',
  partition: 1,
  offset: 2,
  timestamp: 3,
  key: utf8.encode('roof-7'),
  value,
  headers,
});

t.test('every frame type shows its quantities with labels, units and the digits they have', async (t) => {
  const [monitor, crowd] = deviceKinds(types);
  t.match(monitor, {
    name: 'enmon',
    measures: [
      { label: 'Battery voltage', unit: 'mV', digits: 0 },
      {},
      { label: 'Temperature', unit: '°C', digits: 1 },
      {},
    ],
  });
  t.match(crowd, {
    name: 'crowd',
    measures: [
      { name: 'devices', unit: null, digits: 0 },
      { name: 'temperature', digits: 2 },
    ],
  });
});

t.test('a published reading becomes values in their units, those out of range missing', async (t) => {
  const bytes = Buffer.from('01001c00000000383637373233303330303430333330000dd00040007c0235', 'hex');
  bytes.writeUInt16BE(200, 25);
  const value = new DeviceReading(enmon, enmon.create());
  enmon.decode(bytes, 0, bytes.length, value.reading as never, new FrameContext(() => undefined));
  Object.assign(value.head, {
    device: utf8.encode('roof-7'),
    deviceStart: 0,
    deviceEnd: 6,
    eventTime: 1_000,
    verified: true,
  });
  const writer = new ByteWriter();
  topics.readings.codec.encode(value, writer);
  const reading = pageDecoders(topics).reading(record(writer.take()));
  t.same(reading, {
    topic: 'x',
    partition: 1,
    offset: 2,
    device: 'roof-7',
    kind: 'enmon',
    time: 1_000,
    isVerified: true,
    flags: [],
    values: { batteryVoltage: 3536, sonometer: null, temperature: 12.4, humidity: 56.5 },
  });
  t.equal(pageDecoders(topics).reading(record(null)), null, 'a tombstone is nothing to show');
});

t.test('a window becomes an aggregate, a suppressed count stays unknown', async (t) => {
  const writer = new ByteWriter();
  const measure = { name: 'temperature', unit: '°C', count: 2, mean: 12.5, min: 12, max: 13, stddev: 0.5 };
  const empty = { name: 'x', unit: '', count: 0, mean: null, min: null, max: null, stddev: null };
  topics.aggregates.codec.encode(
    {
      device: 'hall-2',
      type: 'crowd',
      windowStart: 0,
      windowEnd: 60_000,
      count: 2,
      verifiedCount: 2,
      measures: [measure, empty],
      distinct: { name: 'devices', count: null, suppressed: true },
    },
    writer,
  );
  t.match(pageDecoders(topics).aggregate(record(writer.take())), {
    device: 'hall-2',
    kind: 'crowd',
    start: 0,
    end: 60_000,
    count: 2,
    distinct: null,
    values: { temperature: { count: 2, mean: 12.5, min: 12, max: 13, deviation: 0.5 }, x: null },
  });
});

t.test('a letter says what its headers say, and what they lack is unknown', async (t) => {
  const header = (name: string, text: string) => ({ name, value: utf8.encode(text) });
  const letter = letterView(
    record(new Uint8Array(2_000), [
      header(LETTER_HEADER.reason, 'FRAME_INVALID'),
      header(LETTER_HEADER.message, 'm'),
      header(LETTER_HEADER.actor, 'decode'),
      header(LETTER_HEADER.topic, 'device.frames'),
      header(LETTER_HEADER.partition, '1'),
      header(LETTER_HEADER.offset, '9'),
      header(LETTER_HEADER.byteOffset, '29'),
    ]),
  );
  t.match(letter, {
    code: 'FRAME_INVALID',
    actor: 'decode',
    source: { topic: 'device.frames', partition: 1, offset: 9 },
    byteOffset: 29,
    field: null,
    attempts: null,
    bytes: 2_000,
  });
  t.equal(letter.hex.length, 2_048, 'the first bytes');
  t.match(letterView(record(null, [header(LETTER_HEADER.offset, 'many')])), {
    code: 'ACTOR_FAILED',
    source: null,
    bytes: 0,
    hex: '',
  });
});
