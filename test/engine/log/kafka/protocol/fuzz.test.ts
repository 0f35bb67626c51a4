import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../../../../engine/base/index.ts';
import { WireReader, WireWriter } from '../../../../../engine/log/kafka/protocol/index.ts';
import { dataStructures, messages } from './definitions.ts';

type Decode = (reader: WireReader, version: number) => object;

interface Decoder {
  readonly versions: { readonly min: number; readonly max: number };
  readonly decode: Decode;
}

const decoders: readonly Decoder[] = [
  ...messages.flatMap(({ versions, decodeRequest, decodeResponse }): Decoder[] => [
    { versions, decode: decodeRequest },
    { versions, decode: decodeResponse },
  ]),
  ...dataStructures.map(({ versions, decode }): Decoder => ({ versions, decode })),
];

const written = (write: (writer: WireWriter) => void) => {
  const writer = new WireWriter();
  write(writer);
  return new Uint8Array(Buffer.concat(writer.take()));
};

t.test('whatever bytes come, decoding gives a message or DEPENDENCY_DOWN', async () => {
  const length = fc.constantFrom(0, 1, 2, 3, 5, -1, 1000, 2 ** 31 - 1);
  const piece = fc.oneof(
    length.map((n) => written((writer) => writer.int32(n))),
    length.map((n) => written((writer) => writer.int16(n))),
    length.map((n) => written((writer) => writer.uvarint(n >>> 0))),
    fc.uint8Array({ maxLength: 30 }),
  );
  const which = fc.constantFrom(...decoders);
  const run = ({ decode, versions }: Decoder, share: number, pieces: readonly Uint8Array[]) => {
    const version = versions.min + Math.floor(share * (versions.max - versions.min + 1));
    try {
      decode(new WireReader(new Uint8Array(Buffer.concat(pieces))), version);
    } catch (error) {
      if (!(error instanceof MsecError) || error.code !== 'DEPENDENCY_DOWN') throw error;
    }
  };
  const share = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(fc.property(which, share, fc.array(piece, { maxLength: 20 }), run), { numRuns: 200_000 });
});

t.test('a count of two thousand million items makes nothing before its items were seen', async (t) => {
  const before = process.memoryUsage().heapUsed;
  for (const { decode, versions } of decoders) {
    for (const filler of [0x7f, 0xff, 0x01]) {
      for (let version = versions.min; version <= versions.max; version++) {
        t.throws(
          () => {
            decode(new WireReader(new Uint8Array(3000).fill(filler)), version);
            throw new MsecError('DEPENDENCY_DOWN', 'it was a message');
          },
          { code: 'DEPENDENCY_DOWN' },
        );
      }
    }
  }
  t.ok(process.memoryUsage().heapUsed - before < 300e6);
});
