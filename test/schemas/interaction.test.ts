import { deepStrictEqual as deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter } from '../../engine/base/index.ts';
import { parseSchema } from '../../engine/registry/index.ts';
import {
  decodePairScore,
  decodeProviderScore,
  encodeInteraction,
  encodePairScore,
  encodePairView,
  encodeProviderScore,
  encodeProviderView,
  INTERACTION_SCHEMA,
  PAIR_SCORE_SCHEMA,
  PairScoreView,
  PROVIDER_SCORE_SCHEMA,
  ProviderScoreView,
  STANDINGS,
} from '../../schemas/index.ts';
import { interactionCodec } from '../../schemas/topics/index.ts';

const WIRE_HEADER_BYTES = 5;

const plainRecord = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });

function same(own: Uint8Array, theirs: Buffer): void {
  if (theirs.compare(own.subarray(WIRE_HEADER_BYTES)) !== 0)
    throw new Error(`${Buffer.from(own).toString('hex')}, theirs ${theirs.toString('hex')}`);
}

const text = fc.string({ unit: 'grapheme', maxLength: 80 });
const measured = fc.option(fc.double({ noNaN: true }));
const instant = fc.oneof(
  fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
  fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
  fc.constantFrom(0, -1, 1, 2 ** 41, 2 ** 42),
);

const interaction = plainRecord({
  id: text,
  trustor: text,
  service: text,
  satisfaction: fc.double(),
  weight: fc.double(),
  time: instant,
  responseMs: measured,
  availability: measured,
  quality: measured,
  reason: fc.option(text),
});

function codec() {
  const made = interactionCodec();
  made.bindSchemaIds?.(new Map([['trust.interactions-value', 7]]));
  return made;
}

t.test('an interaction is what another Avro library reads and writes', (t) => {
  const { type } = parseSchema(INTERACTION_SCHEMA);
  const own = codec();
  fc.assert(
    fc.property(interaction, (value) => {
      const writer = new ByteWriter();
      encodeInteraction(writer, 7, value);
      const bytes = writer.take();
      same(bytes, type.toBuffer(value));
      const { id, trustor, service, satisfaction, weight, time, responseMs, availability, quality, reason } =
        own.decode(bytes, 0, bytes.length);
      deepEqual({ id, trustor, service, satisfaction, weight, time, responseMs, availability, quality, reason }, value);
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('bytes that are no interaction are refused as such, and never read beyond', (t) => {
  const own = codec();
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 90 }),
    fc.tuple(interaction, fc.nat(120), fc.integer({ min: 0, max: 255 })).map(([value, at, byte]) => {
      const writer = new ByteWriter();
      encodeInteraction(writer, 7, value);
      const made = writer.take();
      if (at < made.length) made[at] = byte;
      return made.subarray(0, byte % 3 === 0 ? at : made.length);
    }),
  );
  fc.assert(
    fc.property(bytes, (made) => {
      try {
        own.decode(made, 0, made.length);
      } catch (thrown) {
        if ((thrown as { code?: string }).code !== 'AVRO_INVALID') throw thrown;
      }
    }),
    { numRuns: 3_000 },
  );
  t.end();
});

const window = plainRecord({ mean: fc.double(), deviation: fc.double(), evidence: fc.double() });
const shared = plainRecord({ mean: fc.double(), evidence: fc.double() });
const count = fc.nat();

t.test('scores are what another Avro library reads and writes', (t) => {
  const pair = plainRecord({
    trustee: text,
    service: text,
    trustor: text,
    trust: fc.double(),
    small: window,
    big: window,
    interactions: count,
    at: instant,
  });
  const pairType = parseSchema(PAIR_SCORE_SCHEMA).type;
  fc.assert(
    fc.property(pair, (value) => {
      const writer = new ByteWriter();
      encodePairScore(writer, 3, value);
      const bytes = writer.take();
      same(bytes, pairType.toBuffer(value));
      deepEqual(decodePairScore(bytes), value);
      deepEqual(viewBytes(value), bytes);
    }),
    { numRuns: 200 },
  );
  const provider = plainRecord({
    trustee: text,
    service: text,
    trust: fc.double(),
    small: shared,
    big: shared,
    interactions: count,
    raters: count,
    first: fc.double(),
    at: instant,
    responseMs: measured,
    availability: measured,
    quality: measured,
    standing: fc.constantFrom(...STANDINGS),
    since: instant,
    until: fc.option(instant),
    blacklistings: count,
    says: text,
  });
  const providerType = parseSchema(PROVIDER_SCORE_SCHEMA).type;
  fc.assert(
    fc.property(provider, (value) => {
      const writer = new ByteWriter();
      encodeProviderScore(writer, 4, value);
      const bytes = writer.take();
      same(bytes, providerType.toBuffer(value));
      deepEqual(decodeProviderScore(bytes), value);
      deepEqual(providerViewBytes(value), bytes);
    }),
    { numRuns: 200 },
  );
  t.end();
});

/** As the actor writes it. */
function viewBytes({
  trustee,
  service,
  trustor,
  trust,
  small,
  big,
  interactions,
  at,
}: ReturnType<typeof decodePairScore>) {
  const view = new PairScoreView();
  const parts = [trustee, service, trustor].map((name) => Buffer.from(name));
  view.names = Buffer.concat(parts);
  view.trusteeEnd = parts[0]!.length;
  view.serviceStart = view.trusteeEnd;
  view.serviceEnd = view.serviceStart + parts[1]!.length;
  view.trustorStart = view.serviceEnd;
  view.trustorEnd = view.names.length;
  const windows = [small.mean, small.deviation, small.evidence, big.mean, big.deviation, big.evidence];
  view.numbers.set([trust, ...windows, interactions, at]);
  const writer = new ByteWriter();
  encodePairView(writer, 3, view);
  return writer.take();
}

function providerViewBytes(value: ReturnType<typeof decodeProviderScore>) {
  const { trustee, service, trust, small, big, interactions, raters, first, at } = value;
  const view = new ProviderScoreView();
  const parts = [trustee, service].map((name) => Buffer.from(name));
  view.names = Buffer.concat(parts);
  view.trusteeEnd = parts[0]!.length;
  view.serviceStart = view.trusteeEnd;
  view.nameEnd = view.names.length;
  const windows = [small.mean, small.evidence, big.mean, big.evidence];
  const performance = [value.responseMs, value.availability, value.quality].map((one) => one ?? Number.NaN);
  view.numbers.set([trust, ...windows, interactions, raters, first, at, ...performance]);
  view.standing = value;
  const writer = new ByteWriter();
  encodeProviderView(writer, 4, view);
  return writer.take();
}
