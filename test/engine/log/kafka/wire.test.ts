import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../../../engine/base/index.ts';
import * as messages from '../../../../engine/log/kafka/messages.ts';
import { WireReader, WireWriter } from '../../../../engine/log/kafka/wire.ts';

const written = (write: (writer: WireWriter) => void) => {
  const writer = new WireWriter();
  write(writer);
  return new Uint8Array(Buffer.concat(writer.take()));
};

t.test('primitive types are as the protocol guide has them', async (t) => {
  const bytes = written((w) =>
    w
      .i8(-1)
      .i16(-2)
      .i32(-3)
      .i64(-4)
      .i64(2 ** 40)
      .bool(true)
      .string('ü')
      .string(null)
      .bytes(Uint8Array.of(7, 8))
      .i8(9),
  );
  t.equal(
    Buffer.from(bytes).toString('hex'),
    'fffffefffffffdfffffffffffffffc0000010000000000010002c3bcffff00000002070809',
  );
  const reader = new WireReader(bytes);
  t.same([reader.i8(), reader.i16(), reader.i32(), reader.i64(), reader.i64()], [-1, -2, -3, -4, 2 ** 40]);
  t.same([reader.bool(), reader.string(), reader.nullableString()], [true, 'ü', null]);
  const { start, end } = reader.span();
  t.same([...bytes.subarray(start, end), reader.i8()], [7, 8, 9]);
});

t.test('whatever a broker answers, decoding gives an answer or DEPENDENCY_DOWN', async () => {
  const decoders = [
    ...[messages.apiVersions, messages.metadata, messages.produce, messages.fetchBatches, messages.listOffsets],
    ...[messages.findCoordinator, messages.offsetCommit, messages.offsetFetch, messages.deleteRecords],
    ...[messages.describeLogDirs, messages.createTopics, messages.describeConfigs],
  ];
  const length = fc.constantFrom(0, 1, 2, -1, 1000, 2 ** 31 - 1);
  const piece = fc.oneof(
    length.map((n) => written((w) => w.i32(n))),
    length.map((n) => written((w) => w.i16(n))),
    fc.uint8Array({ maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(decoders.length - 1), (pieces, which) => {
      try {
        decoders[which]!.decode(new WireReader(new Uint8Array(Buffer.concat(pieces))));
      } catch (error) {
        if (!(error instanceof MsecError) || error.code !== 'DEPENDENCY_DOWN') throw error;
      }
    }),
    { numRuns: 5000 },
  );
});
