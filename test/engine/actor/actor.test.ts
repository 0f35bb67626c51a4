import t from 'tap';
import { ByteSlice, ByteWriter, defineActor, jsonCodec, rawCodec, topic } from '../../../engine/index.ts';

const numbers = topic('numbers', jsonCodec<number>());

t.test('a plain actor is opened once for each task, with nothing that it did not declare', (t) => {
  const actor = defineActor({ name: 'plain', inputs: { numbers }, process: () => {} });
  t.same(actor.outputs, {});
  t.same(actor.state, {});
  t.notOk('rekeyed' in actor);
  t.notOk('watermarkDelayMs' in actor);
  t.end();
});

t.test('the process function is given the record and the context that the task was opened with', (t) => {
  const seen: unknown[] = [];
  const actor = defineActor({
    name: 'plain',
    inputs: { numbers },
    outputs: { numbers },
    watermarkDelayMs: 5,
    rekeyed: ['numbers'],
    process: (record, context) => void seen.push(record, context),
  });
  const context = {} as Parameters<typeof actor.open>[0];
  const record = {} as Parameters<ReturnType<typeof actor.open>['process']>[0];
  actor.open(context).process(record);
  t.equal(seen[0], record);
  t.equal(seen[1], context);
  t.equal(actor.watermarkDelayMs, 5);
  t.same(actor.rekeyed, ['numbers']);
  t.end();
});

t.test('a JSON codec reads its slice and nothing around it, and says what is none', (t) => {
  const codec = jsonCodec<{ a: number }>();
  const bytes = Buffer.from('xx{"a":1}yy');
  t.same(codec.decode(bytes, 2, 9), { a: 1 });
  for (const bad of ['', '{', 'nothing'])
    t.throws(() => codec.decode(Buffer.from(bad), 0, Buffer.byteLength(bad)), { code: 'VALUE_INVALID' });
  t.throws(() => codec.decode(Uint8Array.of(0x22, 0xff, 0x22), 0, 3), { code: 'VALUE_INVALID' }, 'not UTF-8');
  const checked = jsonCodec((value) => {
    if (typeof value !== 'number') throw new TypeError('no number');
    return value;
  });
  t.throws(() => checked.decode(Buffer.from('"a"'), 0, 3), { message: 'no number' });
  const writer = new ByteWriter();
  codec.encode({ a: 2 }, writer);
  t.equal(Buffer.from(writer.take()).toString(), '{"a":2}');
  t.end();
});

t.test('raw bytes are handed on without a copy, and copied on request', (t) => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const slice = rawCodec().decode(bytes, 1, 3);
  t.equal(slice.bytes, bytes);
  const copy = slice.copy();
  bytes[1] = 9;
  t.same([...copy], [2, 3]);
  const writer = new ByteWriter();
  rawCodec().encode(slice, writer);
  t.same([...writer.take()], [9, 3]);
  t.equal(new ByteSlice().copy().length, 0);
  t.end();
});
