import fc from 'fast-check';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import t from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import { decompressLz4Frame } from '../../../engine/batch/lz4-frame.ts';
import { UnpackedRecords } from '../../../engine/batch/unpacked-records.ts';

function unpack(frame: Uint8Array, bytesMax = 20_000_000): Buffer {
  const into = new UnpackedRecords();
  decompressLz4Frame(frame, 0, frame.length, bytesMax, into);
  return Buffer.from(into.bytes.slice(0, into.length));
}

/** Bytes that compress: literals of any length, repeats near and far, runs. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.nat(70_000), fc.nat(400), fc.boolean()), { maxLength: 40 })
  .map((pieces) => {
    const parts: number[] = [];
    for (const [literal, back, count, isRun] of pieces) {
      parts.push(...literal);
      const from = isRun ? parts.length - 1 : Math.max(0, parts.length - 1 - back);
      if (from >= 0) for (let i = 0; i < count; i++) parts.push(parts[from + i] ?? 0);
    }
    return Buffer.from(parts);
  });

t.test('what the native code packed is unpacked the same, with and without checksums', async () => {
  const options = fc.record({ blockChecksums: fc.boolean(), contentChecksum: fc.boolean() });
  fc.assert(
    fc.property(compressible, options, (bytes, chosen) => {
      if (!unpack(compressFrameSync(bytes, chosen)).equals(bytes)) throw new Error('bytes differ');
    }),
    { numRuns: 400 },
  );
});

t.test('frames of several blocks are unpacked, stored blocks among them', async (t) => {
  const noise = Buffer.from(
    Uint32Array.from({ length: 500_000 }, (_, i) => Math.imul(i ^ (i >>> 7), 0x9e3779b1)).buffer,
  );
  const text = Buffer.from('temperature 12.4 humidity 56.5 '.repeat(100_000));
  for (const bytes of [noise, text, Buffer.concat([text, noise, text])]) {
    const frame = compressFrameSync(bytes);
    t.ok(unpack(frame).equals(bytes));
    t.ok(unpack(frame, bytes.length).equals(bytes), 'up to the limit');
    t.throws(() => unpack(frame, bytes.length - 1), { code: 'BATCH_CORRUPT', message: /bomb/ });
  }
});

t.test('a frame of linked blocks reaches back into the block before', async (t) => {
  // Literals abcd; then, in a second block, a match of 8 at offset 4 and the literal !.
  const hex = '04224d1840400005000000406162636405000000040400102100000000';
  const frame = Buffer.from(hex, 'hex');
  t.equal(unpack(frame).toString(), 'abcdabcdabcd!');
});

const malformed: [name: string, message: RegExp, hex: string][] = [
  ['another magic', /no lz4 frame/, '05224d184040000000000000'],
  ['an old version', /unknown kind/, '04224d180040000000000000'],
  ['a dictionary', /unknown kind/, '04224d1841400000000000000000000000'],
  ['a block size of no code', /unknown kind/, '04224d184030000000000000'],
  ['no end mark', /cut off/, '04224d184040000100000010'],
  ['a block beyond the frame', /block is cut off/, '04224d1840400009000000104100000000'],
  ['a literal beyond its block', /literal is cut off/, '04224d1840400002000000204100000000'],
  ['a literal length without an end', /length is cut off/, '04224d1840400002000000f0ff00000000'],
  ['a match without an offset', /match is cut off/, '04224d184040000300000010410100000000'],
  ['a match before the output', /before the output/, '04224d18404000040000001041020000000000'],
  ['a match of offset 0', /before the output/, '04224d18404000040000001041000000000000'],
  ['a match length without an end', /length is cut off/, '04224d18404000050000001f410100ff00000000'],
  ['bytes after the end', /follow/, '04224d184040000000000000aa'],
  ['a missing content checksum', /follow/, '04224d184440000000000000'],
];
for (const [name, message, hex] of malformed) {
  t.test(`a frame with ${name} is BATCH_CORRUPT`, async (t) => {
    t.throws(() => unpack(Buffer.from(hex, 'hex')), { code: 'BATCH_CORRUPT', field: 'records', message });
  });
}

t.test('a block that unpacks to more than its frame declares is refused', async (t) => {
  const frame = Buffer.from(compressFrameSync(Buffer.alloc(200_000)));
  t.not(frame[5]! >> 4, 4);
  frame[5] = 0x40;
  t.throws(() => unpack(frame), { code: 'BATCH_CORRUPT', message: /too long/ });
});

t.test(
  'no mutation does anything but unpack or say BATCH_CORRUPT, and where both unpack the native code agrees',
  async () => {
    const mutation = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(compressible, fc.array(mutation, { minLength: 1, maxLength: 4 }), (bytes, mutations) => {
        const frame = Buffer.from(compressFrameSync(bytes));
        // The header's checksum is not ours to check, so the header stays.
        for (const [at, byte] of mutations) if (frame.length > 7) frame[7 + (at % (frame.length - 7))] = byte;
        let ours: Buffer;
        try {
          ours = unpack(frame, 500_000);
        } catch (error) {
          if (!(error instanceof MsecError) || error.code !== 'BATCH_CORRUPT') throw error;
          return;
        }
        let theirs: Buffer;
        try {
          theirs = decompressFrameSync(frame);
        } catch {
          return;
        }
        if (!ours.equals(theirs)) throw new Error('the decoders differ');
      }),
      { numRuns: 2000 },
    );
  },
);

t.test('a block may end with a match, and not pass the limit with it', async (t) => {
  // A literal and a match of 200 at offset 1.
  const frame = Buffer.from(`04224d18404000${'050000001f410100b500000000'}`, 'hex');
  t.equal(unpack(frame).toString(), 'A'.repeat(201));
  t.equal(unpack(frame, 201).length, 201);
  t.throws(() => unpack(frame, 200), { code: 'BATCH_CORRUPT', message: /bomb/ });
});
