import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { Inflate } from '../../../../actors/detect/inflate/index.ts';

const source = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc
    .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(400))
    .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes))),
);

function inflated(packed: Uint8Array, pieces: readonly number[], limit = 102_400): Inflate {
  const inflate = new Inflate(limit);
  for (let at = 0, i = 0; at < packed.length; i += 1) {
    const end = at + pieces[i % pieces.length]!;
    inflate.push(packed.subarray(at, end), 0);
    at = end;
  }
  return inflate;
}

const pieces = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
const outputOf = ({ output, length }: Inflate): Buffer => Buffer.from(output.subarray(0, length));

t.test('gives what was packed, at any level and in any pieces', async () => {
  fc.assert(
    fc.property(source, fc.nat(9), fc.nat(4), pieces, (bytes, level, strategy, lengths) => {
      const inflate = inflated(deflateRawSync(bytes, { level, strategy }), lengths);
      return inflate.status === 'end' && outputOf(inflate).equals(Buffer.from(bytes));
    }),
    { numRuns: 300 },
  );
});

t.test('of data that ends early, gives a beginning of what was packed', async () => {
  fc.assert(
    fc.property(source, fc.nat(), pieces, (bytes, end, lengths) => {
      const packed = deflateRawSync(bytes);
      const inflate = inflated(packed.subarray(0, end % packed.length), lengths);
      return Buffer.from(bytes).subarray(0, inflate.length).equals(outputOf(inflate));
    }),
    { numRuns: 200 },
  );
});

t.test('what is copied from before the beginning is a fault', async (t) => {
  const dictionary = Buffer.from('0123456789abcdefghij'.repeat(4));
  const inflate = inflated(deflateRawSync(dictionary, { dictionary }), [1000]);
  t.equal(inflate.status, 'fault');
});

t.test('a bomb fills no more than its bound', async (t) => {
  const packed = deflateRawSync(Buffer.alloc(50_000_000));
  const inflate = inflated(packed, [packed.length], 102_400);
  t.equal(inflate.status, 'full');
  t.equal(inflate.length, 102_400);
  t.ok(inflate.output.length <= 102_400);
});

t.test('no bytes make it throw', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      pieces,
      (bytes, lengths) => inflated(bytes, lengths).length <= 102_400,
    ),
    { numRuns: 1000 },
  );
});
