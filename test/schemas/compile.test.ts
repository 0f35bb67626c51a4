/** A device type that is a description and no code: decoded, encoded and published. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import avsc from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter, MsecError } from '../../engine/base/index.ts';
import { parseFrameDescription } from '../../schemas/frame-description.ts';
import {
  compileFrameDescription,
  crowd,
  enmon,
  FrameContext,
  frameBytesFromHex,
  frameTypes,
  ReadingHead,
} from '../../schemas/index.ts';

const folder = (path: string) => new URL(path, import.meta.url);
const AIR = readFileSync(folder('descriptions/air.yaml'), 'utf8');
const air = compileFrameDescription(AIR, 'air.yaml');
const FRAME = Buffer.from('02113132333435360100260200010000 6bfffe'.replace(' ', ''), 'hex');
const context = new FrameContext((mac, into, at) => into.set(mac, at));

function decoded(bytes: Uint8Array) {
  const reading = air.create();
  air.decode(bytes, 0, bytes.length, reading, context);
  return reading;
}

t.test('its frames are decoded, with CO₂ in ppm and VOC in ppb', async (t) => {
  t.equal(air.matches(FRAME, 0, FRAME.length), true);
  t.same(air.toJson(FRAME, decoded(FRAME)), {
    type: 'air',
    serial: '123456',
    sent: 1,
    co2: { value: 550, unit: 'ppm' },
    voc: { value: 256, unit: 'ppb' },
    pressure: { value: -1.49, unit: 'hPa' },
    class: { value: -2, unit: '' },
    flags: [],
  });
});

t.test('its frames are encoded, byte for byte', async () => {
  const values = fc.record(
    {
      serial: fc.stringMatching(/^[0-9]{6}$/),
      sent: fc.nat(0xffff),
      co2: fc.nat(0xffff),
      voc: fc.nat(0xffffffff),
      pressure: fc.integer({ min: -0x8000, max: 0x7fff }),
      class: fc.integer({ min: -128, max: 127 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(values, (frame) => {
      const writer = new ByteWriter();
      air.encode(writer, frame);
      const bytes = writer.take();
      const view = new DataView(bytes.buffer);
      assert.equal(view.getUint32(12, true), frame.voc);
      assert.equal(view.getInt16(16, true), frame.pressure);
      const { serial, ...numbers } = frame;
      assert.deepEqual({ ...decoded(bytes), ...numbers }, { ...decoded(bytes) });
      assert.ok(air.identityEquals(bytes, decoded(bytes), Buffer.from(serial)));
    }),
  );
});

t.test('its readings are published in Avro', async (t) => {
  const frame = Buffer.from(FRAME);
  frame.writeUInt16LE(200, 10);
  const writer = new ByteWriter();
  const head = new ReadingHead();
  air.encodeReading(writer, 3, head, decoded(frame));
  const bytes = Buffer.from(writer.take());
  const type = avsc.Type.forSchema(JSON.parse(air.avroSchema));
  t.equal(type.name, 'msec.readings.Air');
  t.match(type.fromBuffer(bytes.subarray(5)), {
    sent: 1,
    co2: null,
    voc: 256,
    pressure: -1.49,
    flags: ['outOfRange:co2'],
  });
  const again = air.create();
  t.equal(air.decodeReading(bytes, 0, bytes.length, head, again), 3);
  const measures = new Float64Array(air.measures.length);
  air.copyMeasures(again, measures);
  t.same([...measures], [Number.NaN, 256, -149, -2]);
});

t.test('it stands beside the committed types, and a message may hold both', async (t) => {
  const types = frameTypes([air]);
  const other = Buffer.from('01001c00000000383637373233303330303430333330000dd00040007c0235', 'hex');
  const names: string[] = [];
  const message = Buffer.concat([FRAME, other, FRAME]);
  types.split(message, 0, message.length, (codec, from, to) => names.push(`${codec.name} ${to - from}`));
  t.same(names, ['air 19', 'enmon 31', 'air 19']);
  t.throws(() => frameTypes([air, air]), { code: 'CONFIG_INVALID' });
});

t.test('the committed descriptions compile to codecs that do the same as the committed ones', async () => {
  for (const committed of [enmon, crowd]) {
    const text = readFileSync(folder(`../../schemas/frames/${committed.name}.yaml`), 'utf8');
    const compiled = compileFrameDescription(text);
    assert.equal(compiled.avroSchema, committed.avroSchema);
    assert.deepEqual(compiled.measures, committed.measures);
    const run = (codec: typeof compiled, bytes: Uint8Array) => {
      const reading = codec.create();
      try {
        codec.decode(bytes, 0, bytes.length, reading, context);
        return { ...reading, ...codec.toJson(bytes, reading) };
      } catch (error) {
        return error instanceof MsecError ? [error.field, error.byteOffset] : error;
      }
    };
    const [example] = parseFrameDescription(text).examples;
    const whole =
      committed.format === 'text' ? Buffer.from(example?.frame ?? '') : frameBytesFromHex(example?.frame ?? '', []);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 2 }), (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [offset, byte] of changes) bytes[offset] = byte;
        assert.deepEqual(run(compiled, bytes), run(committed as unknown as typeof compiled, bytes));
      }),
    );
  }
});

t.test('each description’s own examples hold', async (t) => {
  const committed = readdirSync(folder('../../schemas/frames/')).map((name) => `../../schemas/frames/${name}`);
  for (const path of [...committed, 'descriptions/air.yaml', 'descriptions/gate.yaml']) {
    const text = readFileSync(folder(path), 'utf8');
    const { examples, refused, format } = parseFrameDescription(text, path);
    const codec = compileFrameDescription(text, path);
    const jsonOf = (frame: string) => {
      const bytes = format === 'text' ? Buffer.from(frame) : frameBytesFromHex(frame, [codec]);
      const reading = codec.create();
      codec.decode(bytes, 0, bytes.length, reading, context);
      return codec.toJson(bytes, reading);
    };
    t.ok(examples.length > 0 && refused.length > 0, path);
    for (const { frame, reads } of examples) {
      const json = jsonOf(frame);
      for (const [name, value] of Object.entries(reads)) {
        const shown = json[name];
        const plain = typeof shown === 'object' && shown !== null && 'value' in shown ? shown.value : shown;
        t.equal(plain, value, `${path}: ${name}`);
      }
    }
    for (const { frame, field } of refused) t.throws(() => jsonOf(frame), { code: 'FRAME_INVALID', field }, path);
  }
});

t.test('a text frame may have neither date nor lines', async (t) => {
  const codec = compileFrameDescription(readFileSync(folder('descriptions/gate.yaml'), 'utf8'));
  const bytes = Buffer.from('G7;GATE;-12.5;3\r\n');
  t.equal(codec.matches(bytes, 0, bytes.length), true);
  const reading = codec.create();
  codec.decode(bytes, 0, bytes.length, reading, context);
  t.same(codec.toJson(bytes, reading), {
    type: 'gate',
    serial: 'G7',
    angle: { value: -12.5, unit: '°' },
    opened: 3,
    flags: [],
  });
  const writer = new ByteWriter();
  codec.encode(writer, { serial: 'G7', angle: -125, opened: 3 });
  t.equal(Buffer.from(writer.take()).toString(), 'G7;GATE;-12.5;3');
  const published = new ByteWriter();
  codec.encodeReading(published, 1, new ReadingHead(), reading);
  const record = avsc.Type.forSchema(JSON.parse(codec.avroSchema)).fromBuffer(
    Buffer.from(published.take().subarray(5)),
  );
  t.match(record, { angle: -12.5, opened: 3, flags: [] });
  const more = Buffer.from('G7;GATE;1;3\n4');
  t.throws(() => codec.decode(more, 0, more.length, reading, context), { code: 'FRAME_INVALID', field: 'end' });
});

t.test('a description with mistakes loads nothing and names their lines', async (t) => {
  t.throws(() => compileFrameDescription(AIR.replace('as: u32', 'as: u64'), 'air.yaml'), {
    code: 'CONFIG_INVALID',
    message: 'air.yaml:13: fields[5].as: must be one of u8, u16, u32, i8, i16, i32, ascii',
  });
});

t.test('texts of a description cannot become code', async (t) => {
  const nasty = `*/ '; \${globalThis.broken = 1} \\" \u2028 \``;
  const text = AIR.replace('title: Air quality monitor', `title: ${JSON.stringify(nasty)}`).replace(
    'unit: ""',
    `unit: ${JSON.stringify(nasty)}`,
  );
  const codec = compileFrameDescription(text);
  t.equal(codec.title, nasty);
  t.equal(codec.measures.at(-1)?.unit, nasty);
  t.notOk('broken' in globalThis);
});
