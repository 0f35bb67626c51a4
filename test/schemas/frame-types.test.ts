import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../engine/base/index.ts';
import { crowd, enmon, type FrameCodec, FrameTypes, frameTypes } from '../../schemas/index.ts';

const ENMON = Buffer.from('01001c00000000383637373233303330303430333330000dd00040007c0235', 'hex');
const CROWD = Buffer.from('A1@WIFI@20192208-22:41:55@20@9@0');
const types = frameTypes();

function pieces(bytes: Uint8Array, start = 0, end = bytes.length): string[] {
  const found: string[] = [];
  types.split(bytes, start, end, (codec, from, to) => found.push(`${codec.name} ${from}-${to}`));
  return found;
}

t.test('a frame is told by its type byte or its tag', async (t) => {
  t.equal(types.match(ENMON, 0, 31), enmon);
  t.equal(types.match(CROWD, 0, CROWD.length), crowd);
  t.equal(types.match(ENMON, 0, 30), null, 'the length is looked at');
  t.equal(types.recognise(ENMON, 0, 30), enmon, 'but its decoder can say what is wrong');
  t.equal(types.byName('crowd'), crowd);
  t.equal(types.byName('gas'), null);
  t.throws(() => types.recognise(Uint8Array.of(9), 0, 1), {
    code: 'FRAME_INVALID',
    field: 'type',
    message: /enmon, crowd, nucleo/,
  });
  t.throws(() => types.recognise(ENMON, 3, 3), { code: 'FRAME_INVALID', message: /no bytes/ });
});

t.test('concatenated frames are split by LENGTH', async (t) => {
  const odd = Buffer.from([1, 0, 2, 7, 7]);
  const message = Buffer.concat([Buffer.from('xx'), ENMON, odd, ENMON]);
  t.same(pieces(message, 2), ['enmon 2-33', 'enmon 33-38', 'enmon 38-69']);
});

t.test('a text frame takes all the rest', async (t) => {
  t.same(pieces(Buffer.concat([ENMON, CROWD])), ['enmon 0-31', `crowd 31-${31 + CROWD.length}`]);
});

t.test('a cut-off frame is refused with its place, after those before it', async (t) => {
  const message = Buffer.concat([ENMON, ENMON.subarray(0, 30)]);
  const found: number[] = [];
  t.throws(() => types.split(message, 0, 61, (_, from) => found.push(from)), {
    code: 'FRAME_INVALID',
    field: 'length',
    byteOffset: 32,
    message: /31 bytes are announced, 30 are here.*at byte 31/,
  });
  t.same(found, [0]);
  t.throws(() => pieces(Buffer.concat([ENMON, Buffer.of(1, 0)])), {
    code: 'FRAME_INVALID',
    field: 'length',
    byteOffset: 33,
  });
  t.throws(() => pieces(Buffer.concat([ENMON, Buffer.of(2)])), {
    code: 'FRAME_INVALID',
    field: 'type',
    byteOffset: 31,
  });
});

t.test('splitting covers every byte once or refuses', async () => {
  const part = fc.oneof(
    fc.constant(ENMON),
    fc.constant(CROWD),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.of(1, 0, bytes.length, ...bytes)),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const bytes = Buffer.concat(parts);
      let at = 0;
      try {
        types.split(bytes, 0, bytes.length, (_, from, to) => {
          assert.equal(from, at);
          assert.ok(to > from);
          at = to;
        });
        assert.equal(at, bytes.length);
      } catch (error) {
        if (!(error instanceof MsecError)) throw error;
        assert.equal(error.code, 'FRAME_INVALID');
      }
    }),
    { numRuns: 500 },
  );
});

t.test('types that cannot be told apart are refused at the start', async (t) => {
  const like = (changes: Partial<FrameCodec>): FrameCodec => ({ ...enmon, ...changes }) as FrameCodec;
  t.throws(() => new FrameTypes([enmon, like({ name: 'other' })]), {
    code: 'CONFIG_INVALID',
    message: /same type byte 1/,
  });
  t.throws(() => new FrameTypes([enmon, like({ typeByte: 2 })]), {
    code: 'CONFIG_INVALID',
    message: /two frame types/,
  });
  t.throws(() => frameTypes([like({ name: 'other', typeByte: 0x41 })]), {
    code: 'CONFIG_INVALID',
    message: /text frame/,
  });
});
