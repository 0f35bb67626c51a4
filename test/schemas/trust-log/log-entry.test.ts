/** Entries: what is spliced in is an interaction as its own schema has it, and any bytes are an entry or AVRO_INVALID. */
import avsc from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import { ByteWriter } from '../../../engine/index.ts';
import { encodeInteraction, INTERACTION_SCHEMA, LOG_ENTRY_SCHEMA } from '../../../schemas/index.ts';
import { Accepted, decodeEntry, encodeEntry, entryHash, logStart } from '../../../schemas/trust-log/index.ts';
import { logOf } from '../../support/trust-log.ts';

interface Field {
  readonly name: string;
  readonly type: unknown;
}

/** Without what is only said. */
function layout(schema: unknown): unknown {
  const { fields } = schema as { fields: Field[] };
  return fields.map(({ name, type }) => ({ name, type }));
}

t.test(
  'the interaction of an entry has the layout of trust.interactions, so that its bytes may be spliced in',
  async (t) => {
    const { fields } = JSON.parse(LOG_ENTRY_SCHEMA) as { fields: Field[] };
    const nested = fields.find(({ name }) => name === 'interaction')!.type;
    t.same(layout(nested), layout(JSON.parse(INTERACTION_SCHEMA)));
  },
);

t.test('an entry comes back as it was written, and another decoder reads the same', async (t) => {
  const type = avsc.Type.forSchema(JSON.parse(LOG_ENTRY_SCHEMA) as avsc.Schema, { wrapUnions: false });
  fc.assert(
    fc.property(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 40 }),
        trustor: fc.string({ minLength: 1, unit: 'grapheme' }),
        service: fc.string({ minLength: 1 }),
        satisfaction: fc.double({ min: 0, max: 1, noNaN: true }),
        weight: fc.double({ min: 0, max: 1e6, noNaN: true }),
        time: fc.integer({ min: 0, max: 2 ** 45 }),
        responseMs: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
        availability: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
        quality: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
        reason: fc.option(fc.string({ maxLength: 60 })),
      }),
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.boolean(),
      (value, trustee, index, isCorrection) => {
        const writer = new ByteWriter();
        encodeInteraction(writer, 9, value);
        const accepted = new Accepted();
        accepted.isCorrection = isCorrection;
        accepted.bytes = writer.take();
        accepted.start = 5;
        accepted.end = accepted.bytes.length;
        const name = Buffer.from(trustee);
        const body = new ByteWriter();
        encodeEntry(body, index, logStart(4), name, 0, name.length, accepted);
        const bytes = body.take();
        const entry = decodeEntry(Buffer.concat([Buffer.of(0, 0, 0, 0, 1), bytes]));
        const { id, trustor, service, satisfaction, weight, time, reason } = value;
        const { responseMs, availability, quality } = value;
        t.same(
          { ...entry, previous: Buffer.from(entry.previous) },
          {
            ...{ index, previous: Buffer.from(logStart(4)), isCorrection, trustee, id, trustor, service },
            ...{ satisfaction: satisfaction + 0, weight: weight + 0, timeMs: time, reason: reason ?? '' },
            ...{ responseMs, availability, quality },
          },
        );
        const read = type.fromBuffer(Buffer.from(bytes)) as { index: number; trustee: string; interaction: object };
        t.same([read.index, read.trustee, { ...read.interaction }], [index, trustee, value]);
      },
    ),
    { numRuns: 50 },
  );
});

t.test('any bytes are an entry or AVRO_INVALID, and every byte of the body is hashed', async (t) => {
  const { value } = logOf([
    { id: 'i', trustor: 'a', trustee: 'b', service: 's', satisfaction: 0.5, weight: 1, timeMs: 1, reason: 'so' },
  ])[0]!;
  const hash = Buffer.from(entryHash(value.subarray(5)));
  for (let at = 5; at < value.length; at++) {
    const changed = Uint8Array.from(value);
    changed[at]! ^= 1 + (at % 255);
    t.notSame(Buffer.from(entryHash(changed.subarray(5))), hash);
    try {
      decodeEntry(changed);
    } catch (error) {
      t.equal((error as { code?: string }).code, 'AVRO_INVALID');
    }
  }
});
