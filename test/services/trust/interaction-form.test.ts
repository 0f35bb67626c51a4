import fc from 'fast-check';
import t from 'tap';
import { trustActor } from '../../../actors/trust/index.ts';
import { ByteWriter } from '../../../engine/base/index.ts';
import { errorData, type MsecError } from '../../../engine/index.ts';
import { testActor } from '../../../engine/testkit/index.ts';
import { encodeInteraction, InteractionView, type TrustInteraction } from '../../../schemas/index.ts';
import { interactionCodec, reputationTopics, TRUST_INTERACTIONS } from '../../../schemas/topics/index.ts';
import { interactionForm } from '../../../services/trust/index.ts';

const NOW = 1_700_000_000_000;
const SCHEMA_ID = 7;
const BOUNDS = { services: ['heat', 'light'], aheadMs: 1_000 };
const schemaIds = new Map([[`${TRUST_INTERACTIONS}-value`, SCHEMA_ID]]);

const form = interactionForm({ ...BOUNDS, schemaIds, makeId: () => 'made' });
const good = { trustee: 'bob', service: 'heat', satisfaction: 0.75 };

function read(value: Uint8Array): InteractionView {
  const codec = interactionCodec();
  codec.bindSchemaIds?.(schemaIds);
  const view = codec.decode(value, 0, value.length);
  if (!(view instanceof InteractionView)) throw new Error('no view');
  return view;
}

function refusedBy(trustor: string, told: unknown): string {
  try {
    form(trustor, told, NOW);
    return '';
  } catch (error) {
    const { code, field } = errorData(error);
    return `${code} ${field}`;
  }
}

t.test('what is told becomes the record, and what was left out has its default', async (t) => {
  const least = form('ana', good, NOW);
  t.match({ id: least.id, key: Buffer.from(least.key).toString() }, { id: 'made', key: 'bob' });
  const { id, trustor, service, satisfaction, weight, time, responseMs, availability, quality, reason } = read(
    least.value,
  );
  t.same(
    { id, trustor, service, satisfaction, weight, time, responseMs, availability, quality, reason },
    {
      ...{ id: 'made', trustor: 'ana', service: 'heat', satisfaction: 0.75, weight: 1, time: NOW },
      ...{ responseMs: null, availability: null, quality: null, reason: null },
    },
  );
  const whole = {
    ...{ ...good, weight: 2, id: 'x', time: NOW - 5, responseMs: 20, availability: 1, quality: 0.5 },
    reason: 'warm',
  };
  const { key, value } = form('ana', whole, NOW);
  const all = read(value);
  for (const [name, told] of Object.entries(whole))
    if (name !== 'trustee') t.equal(all[name as 'id'], told as string, name);
  t.equal(Buffer.from(key).toString(), 'bob');
  const other = interactionForm({ ...BOUNDS, schemaIds });
  t.not(other('ana', good, NOW).id, other('ana', good, NOW).id, 'each has an id of its own');
});

t.test('each mistake is told with its field', async (t) => {
  const cases: readonly [string, object][] = [
    ['INTERACTION_INVALID trustor', { trustee: 'ana' }],
    ['INTERACTION_INVALID trustee', { trustee: 'b b' }],
    ['INTERACTION_INVALID trustee', { trustee: null }],
    ['INTERACTION_INVALID trustee', { trustee: 7 }],
    ['INTERACTION_INVALID service', { service: 'water' }],
    ['INTERACTION_INVALID service', { service: '' }],
    ['INTERACTION_INVALID service', { service: undefined }],
    ['INTERACTION_INVALID satisfaction', { satisfaction: 1.01 }],
    ['INTERACTION_INVALID satisfaction', { satisfaction: -0.01 }],
    ['INTERACTION_INVALID satisfaction', { satisfaction: '1' }],
    ['INTERACTION_INVALID satisfaction', { satisfaction: null }],
    ['INTERACTION_INVALID weight', { weight: -1 }],
    ['INTERACTION_INVALID weight', { weight: 1_000_001 }],
    ['INTERACTION_INVALID weight', { weight: true }],
    ['INTERACTION_INVALID id', { id: '' }],
    ['INTERACTION_INVALID id', { id: 'x'.repeat(129) }],
    ['INTERACTION_INVALID id', { id: '\ud800' }],
    ['INTERACTION_INVALID time', { time: NOW + 1_001 }],
    ['INTERACTION_INVALID time', { time: -1 }],
    ['INTERACTION_INVALID time', { time: NOW - 0.5 }],
    ['INTERACTION_INVALID time', { time: 1e300 }],
    ['INTERACTION_INVALID time', { time: Number.MAX_SAFE_INTEGER }],
    ['INTERACTION_INVALID responseMs', { responseMs: -1 }],
    ['INTERACTION_INVALID responseMs', { responseMs: Number.POSITIVE_INFINITY }],
    ['INTERACTION_INVALID availability', { availability: 2 }],
    ['INTERACTION_INVALID quality', { quality: -0.1 }],
    ['INTERACTION_INVALID reason', { reason: 'x'.repeat(257) }],
    ['INTERACTION_INVALID reason', { reason: {} }],
    ['REQUEST_INVALID trustor', { trustor: 'eve' }],
    ['REQUEST_INVALID wieght', { wieght: 2 }],
    ['REQUEST_INVALID __proto__', JSON.parse('{"__proto__": {"weight": 2}}') as object],
  ];
  for (const [says, change] of cases) {
    // What `__proto__` is in JSON, a spread would not keep.
    const told = Object.hasOwn(change, '__proto__') ? change : { ...good, ...change };
    t.equal(refusedBy('ana', told), says, JSON.stringify(change));
  }
  for (const told of [null, 7, 'x', [good]]) t.equal(refusedBy('ana', told), 'REQUEST_INVALID undefined');
  t.equal(refusedBy('a b', good), 'INTERACTION_INVALID trustor');
});

t.test('what is refused here the actor refuses, with the same words, and nothing else', async (t) => {
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('ana', 'bob', 'heat', 'light', 'd\u00f6rte') },
    fc.constantFrom('', 'a b', 'a\u0001', 'x'.repeat(129), '\u00e4'.repeat(65)),
  );
  const share = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 0.5, 1) }, fc.constantFrom(-1e-9, 1.5));
  const arbitrary = fc.record({
    ...{ trustor: name, trustee: name, satisfaction: share },
    service: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('heat', 'light') }, name),
    weight: fc.constantFrom(0, 1, 1e6, 1e6, 2, -1, 1e7),
    time: fc.constantFrom(NOW, NOW - 500, NOW + 1_000, NOW + 1_001, -1),
    responseMs: fc.constantFrom(null, 20, 30, -1),
    availability: fc.option(share),
    quality: fc.option(share),
    reason: fc.constantFrom(null, 'warm', 'x'.repeat(257)),
  });
  const told = fc.sample(arbitrary, { numRuns: 3_000, seed: 1 });
  const topics = reputationTopics();
  const driver = await testActor(
    trustActor(topics, {
      ...BOUNDS,
      smallHalfLifeMs: 2 ** 16,
      bigHalfLifeMs: 2 ** 20,
      horizonMs: 2 ** 30,
      idsMax: 1e6,
    }),
    { partitions: 1 },
  );
  t.teardown(() => driver.close());
  const here: MsecError[] = [];
  for (const [i, { trustor, trustee, ...rest }] of told.entries()) {
    const value: TrustInteraction = { id: `${i}`, trustor, ...rest };
    driver.send(TRUST_INTERACTIONS, trustee, value, NOW);
    try {
      form(trustor, { id: `${i}`, trustee, ...rest }, NOW);
    } catch (error) {
      here.push(error as MsecError);
    }
  }
  await driver.settle();
  t.same(
    driver.letters(TRUST_INTERACTIONS).map(({ code, field, message }) => [code, field, message]),
    here.map(({ code, field, message }) => [code, field, message]),
  );
  t.ok(here.length > 500 && here.length < 2_900, `${here.length} of 3,000`);
  t.equal(new Set(here.map(({ field }) => field)).size, 10, 'every field was wrong once');
});

t.test('the record is what the codec writes', async (t) => {
  const writer = new ByteWriter();
  const measured = { responseMs: null, availability: null, quality: null, reason: null };
  encodeInteraction(writer, SCHEMA_ID, {
    ...measured,
    id: 'x',
    trustor: 'ana',
    service: 'heat',
    satisfaction: 1,
    weight: 1,
    time: NOW,
  });
  t.same(Buffer.from(form('ana', { ...good, id: 'x', satisfaction: 1 }, NOW).value), Buffer.from(writer.take()));
});
