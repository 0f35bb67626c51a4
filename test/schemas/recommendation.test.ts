/** Requests and recommendations against avsc: the same bytes, and back; and bytes that are neither. */
import assert from 'node:assert/strict';
import avsc from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter, MsecError } from '../../engine/base/index.ts';
import {
  decodeRecommendation,
  decodeRecommendationRequest,
  encodeRecommendation,
  encodeRecommendationRequest,
  RECOMMENDATION_REQUEST_SCHEMA,
  RECOMMENDATION_SCHEMA,
  type RecommendationRecord,
  type RecommendationRequest,
  type RecommendedProvider,
} from '../../schemas/index.ts';

const plain = { noNullPrototype: true };
const text = fc.string({ unit: 'binary', maxLength: 20 });
const number = fc.double({ noNaN: true });
const optional = fc.option(number);
const count = fc.integer({ min: 0, max: 2 ** 52 });
const weights = fc.record({ trust: number, reputation: number, reliability: number, popularity: number }, plain);
const texts = fc.array(text, { maxLength: 4 });

const requests: fc.Arbitrary<RecommendationRequest> = fc.record(
  {
    ...{ id: text, trustor: text, service: text, limit: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })) },
    near: fc.option(fc.record({ latitude: number, longitude: number, radiusM: number }, plain)),
    ...{ among: fc.option(texts), without: texts, weights: fc.option(weights) },
  },
  plain,
);
const recommended: fc.Arbitrary<RecommendedProvider> = fc.record(
  {
    ...{ provider: text, dependability: number, trust: optional, reputation: number, reliability: optional },
    ...{ popularity: number, weights, interactions: count, raters: count, distanceM: optional, standing: text },
    ...{ isIntroduced: fc.boolean(), says: texts },
  },
  plain,
);
const recommendations: fc.Arbitrary<RecommendationRecord> = fc.record(
  {
    ...{ request: text, trustor: text, service: text, at: count, considered: count, barred: count },
    providers: fc.array(recommended, { maxLength: 4 }),
    ...{ error: fc.option(text), message: fc.option(text) },
  },
  plain,
);

function judged(schema: string, schemaId: number, record: unknown): string {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(schemaId, 1);
  const type = avsc.Type.forSchema(JSON.parse(schema), { wrapUnions: false });
  return Buffer.concat([header, type.toBuffer(record)]).toString('hex');
}

t.test('requests have the bytes that avsc writes, and are read back', async () => {
  fc.assert(
    fc.property(requests, fc.nat(), (request, schemaId) => {
      const writer = new ByteWriter(8);
      encodeRecommendationRequest(writer, schemaId, request);
      const bytes = writer.take();
      assert.equal(Buffer.from(bytes).toString('hex'), judged(RECOMMENDATION_REQUEST_SCHEMA, schemaId, request));
      assert.deepEqual(decodeRecommendationRequest(bytes), request);
    }),
  );
});

t.test('recommendations have the bytes that avsc writes, and are read back', async () => {
  fc.assert(
    fc.property(recommendations, fc.nat(), (record, schemaId) => {
      const writer = new ByteWriter(8);
      encodeRecommendation(writer, schemaId, record);
      const bytes = writer.take();
      assert.equal(Buffer.from(bytes).toString('hex'), judged(RECOMMENDATION_SCHEMA, schemaId, record));
      assert.deepEqual(decodeRecommendation(bytes), record);
    }),
  );
});

t.test('bytes that are cut off, changed or foreign are refused with a code, or are another record', async () => {
  const writer = new ByteWriter();
  fc.assert(
    fc.property(
      fc.oneof(requests, fc.uint8Array({ maxLength: 200 })),
      fc.nat(),
      fc.nat({ max: 255 }),
      (source, place, byte) => {
        writer.clear();
        if (source instanceof Uint8Array) writer.copy(source);
        else encodeRecommendationRequest(writer, 1, source);
        const bytes = writer.take();
        const spoilt = Uint8Array.from(bytes.subarray(0, place % 2 === 0 ? bytes.length : place % (bytes.length + 1)));
        if (spoilt.length > 0) spoilt[place % spoilt.length] = byte;
        for (const decode of [decodeRecommendationRequest, decodeRecommendation])
          try {
            decode(spoilt);
          } catch (error) {
            assert.ok(error instanceof MsecError && error.code === 'AVRO_INVALID', String(error));
          }
      },
    ),
    { numRuns: 3_000 },
  );
});
