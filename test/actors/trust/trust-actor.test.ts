/** The actor by itself: what is counted, what is refused, and that the order of arrival does not matter. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { type TrustOptions, trustActor } from '../../../actors/trust/index.ts';
import { ByteWriter } from '../../../engine/base/index.ts';
import { type ActorDriver, type DriverOptions, testActor } from '../../../engine/testkit/index.ts';
import {
  encodeInteraction,
  type PairScore,
  type ProviderScore,
  type TrustInteraction,
} from '../../../schemas/index.ts';
import { isPairScore, reputationTopics, type Score } from '../../../schemas/topics/index.ts';
import { expectedScores, type JudgedInteraction } from '../../oracle/trust/expected-scores.ts';
import { differencesOf } from './score-differences.ts';

const MINUTE = 60_000;
const START = 1_700_000_000_000;
const OPTIONS: TrustOptions = {
  services: ['heat', 'light'],
  smallHalfLifeMs: 2 ** 16,
  bigHalfLifeMs: 2 ** 20,
  horizonMs: 2 ** 19,
  aheadMs: 1_000,
  idsMax: 1_000_000,
};
const INTERACTIONS = 'trust.interactions';

const good: TrustInteraction = {
  id: '1',
  trustor: 'ana',
  service: 'heat',
  satisfaction: 1,
  weight: 1,
  time: START,
  responseMs: null,
  availability: null,
  quality: null,
  reason: null,
};

async function opened(t: Test, options: Partial<TrustOptions> = {}, driverOptions: DriverOptions = {}) {
  const driver = await testActor(trustActor(reputationTopics(), { ...OPTIONS, ...options }), {
    partitions: 1,
    ...driverOptions,
  });
  t.teardown(() => driver.close());
  return {
    driver,
    send: (trustee: string, change: Partial<TrustInteraction> = {}, at = change.time ?? START) =>
      driver.send(INTERACTIONS, trustee, { ...good, ...change }, at),
  };
}

/** The last of each key, but for those that have ended. */
function scores(driver: ActorDriver): { pairs: Map<string, PairScore>; providers: Map<string, ProviderScore> } {
  const pairs = new Map<string, PairScore>();
  const providers = new Map<string, ProviderScore>();
  for (const { key, value } of driver.outputs<Score | null>('trust.scores')) {
    pairs.delete(key!);
    providers.delete(key!);
    if (value === null) continue;
    if (isPairScore(value)) pairs.set(key!, value);
    else providers.set(key!, value);
  }
  return { pairs, providers };
}

const counts = (driver: ActorDriver) => driver.statuses()[0]!.stages[0]!.counts;

t.test('an interaction becomes the trust of its pair, and what all know of the provider', async (t) => {
  const { driver, send } = await opened(t);
  send('bob', { satisfaction: 0.75, responseMs: 20, availability: 1 });
  send('bob', { id: '2', trustor: 'cid', satisfaction: 0.25, responseMs: 40 });
  await driver.settle();
  const { pairs, providers } = scores(driver);
  const window = { mean: 0.75, deviation: 0, evidence: 1 };
  t.same(pairs.get('bob heat ana'), {
    trustee: 'bob',
    service: 'heat',
    trustor: 'ana',
    trust: 0.75,
    small: window,
    big: window,
    interactions: 1,
    at: START,
  });
  t.same(providers.get('bob heat'), {
    trustee: 'bob',
    service: 'heat',
    trust: 0.5,
    small: { mean: 0.5, evidence: 2 },
    big: { mean: 0.5, evidence: 2 },
    interactions: 2,
    raters: 2,
    first: 0.25,
    at: START,
    responseMs: 30,
    availability: 1,
    quality: null,
    standing: 'normal',
    since: 0,
    until: null,
    blacklistings: 0,
    says: '',
  });
});

t.test('what is told of a provider lies in one partition, under keys of its own', async (t) => {
  const { driver, send } = await opened(t, {}, { partitions: 3 });
  const trustees = ['bob', 'cid', 'dörte', 'eve'];
  for (const trustee of trustees) for (const trustor of ['ana', 'fay']) send(trustee, { trustor });
  await driver.settle();
  const places = Map.groupBy(driver.outputs('trust.scores'), ({ key }) => key!.split(' ')[0]!);
  t.same([...places.keys()].sort(), trustees);
  for (const records of places.values()) t.equal(new Set(records.map(({ partition }) => partition)).size, 1);
  t.ok(new Set([...places.values()].map(([record]) => record!.partition)).size > 1);
  t.same([...new Set(places.get('bob')!.map(({ key }) => key))].sort(), ['bob heat', 'bob heat ana', 'bob heat fay']);
});

t.test('the same id again is ignored, with other content it corrects', async (t) => {
  const { driver, send } = await opened(t);
  for (const satisfaction of [1, 1, 0.5, 0.5]) {
    send('bob', { satisfaction });
    send('bob', { id: '2', satisfaction: 0.5 });
    await driver.settle();
  }
  const { pairs, providers } = scores(driver);
  t.match(pairs.get('bob heat ana'), { trust: 0.5, interactions: 2, big: { deviation: 0, evidence: 2 } });
  t.match(providers.get('bob heat'), { trust: 0.5, interactions: 2, raters: 1 });
  t.match(counts(driver), { repeated: 5, corrected: 1 });
  send('bob', { service: 'light' });
  send('bob', { trustor: 'cid' });
  send('cid', { trustor: 'bob' });
  await driver.settle();
  t.same([...scores(driver).pairs.keys()].sort(), ['bob heat ana', 'bob heat cid', 'bob light ana', 'cid heat bob']);
});

t.test('a correction of what outweighs all the rest leaves the rest exactly', async (t) => {
  const { driver, send } = await opened(t);
  send('bob', { id: 'old', satisfaction: 0.3 });
  send('bob', { id: 'wrong', satisfaction: 0, weight: 1e6, time: START + 2 ** 18 });
  send('bob', { id: 'wrong', satisfaction: 0, weight: 0, time: START + 2 ** 18 });
  await driver.settle();
  t.match(scores(driver).pairs.get('bob heat ana'), { trust: 0.3, interactions: 2 });
  const { mean } = scores(driver).providers.get('bob heat')!.small;
  t.ok(Math.abs(mean - 0.3) < 1e-12, `${mean}`);
});

t.test('what cannot count goes to the dead letters with its reason, and changes nothing', async (t) => {
  const { driver, send } = await opened(t);
  send('bob');
  const cases: readonly [string, Partial<TrustInteraction>, string?][] = [
    ['satisfaction', { satisfaction: 1.0001 }],
    ['satisfaction', { satisfaction: -1e-9 }],
    ['satisfaction', { satisfaction: Number.NaN }],
    ['weight', { weight: -1 }],
    ['weight', { weight: Number.POSITIVE_INFINITY }],
    ['trustor', { trustor: 'bob' }],
    ['trustor', { trustor: '' }],
    ['trustor', { trustor: 'a b' }],
    ['trustor', { trustor: 'x'.repeat(129) }],
    ['trustee', {}, 'b b'],
    ['service', { service: 'water' }],
    ['service', { service: '' }],
    ['time', { time: START + 1_001 }],
    ['time', { time: -1 }],
    ['id', { id: '' }],
    ['id', { id: 'x'.repeat(129) }],
    ['responseMs', { responseMs: -1 }],
    ['availability', { availability: 2 }],
    ['quality', { quality: -0.1 }],
    ['reason', { reason: 'x'.repeat(257) }],
  ];
  for (const [i, [, change, trustee = 'bob']] of cases.entries()) send(trustee, { id: `c${i}`, ...change }, START);
  driver.sendBytes(INTERACTIONS, 'bob', new Uint8Array([0, 0, 0, 0, 1, 7]), START);
  const writer = new ByteWriter();
  encodeInteraction(writer, 77, good);
  driver.sendBytes(INTERACTIONS, 'bob', writer.take(), START);
  await driver.settle();
  t.same(
    driver.letters(INTERACTIONS).map(({ code, field }) => `${code} ${field}`),
    [...cases.map(([field]) => `INTERACTION_INVALID ${field}`), 'AVRO_INVALID id', 'AVRO_INVALID schemaId'],
  );
  t.match(scores(driver).pairs.get('bob heat ana'), { interactions: 1, trust: 1 });
  t.equal(scores(driver).pairs.size, 1);
});

t.test('what is older than the horizon can no longer be told from a repetition, and is refused', async (t) => {
  const { driver, send } = await opened(t);
  send('bob', { id: 'now', time: START + MINUTE * 20 });
  send('bob', { id: 'old', time: START + MINUTE * 20 - 2 ** 19 - 1 });
  send('bob', { id: 'just', time: START + MINUTE * 20 - 2 ** 19 });
  await driver.settle();
  t.match(driver.letters(INTERACTIONS), [{ code: 'INTERACTION_LATE' }]);
  t.match(scores(driver).pairs.get('bob heat ana'), { interactions: 2 });
});

t.test('a letter that is sent again is looked at again', async (t) => {
  const { driver, send } = await opened(t);
  send('bob', { satisfaction: 2 });
  await driver.settle();
  const [letter] = driver.letters(INTERACTIONS);
  await driver.resend(letter!);
  t.equal(driver.letters(INTERACTIONS).length, 2);
  t.equal(scores(driver).pairs.size, 0);
});

t.test(
  'who fails many is blacklisted, reintegrated after its time, and after so many times out for good',
  async (t) => {
    const standing = { below: 0.4, ratersMin: 3, forMs: MINUTE, strikes: 3 };
    const { driver, send } = await opened(t, { standing, smallHalfLifeMs: 1_000 }, { cuts: 'after-commit' });
    let id = 0;
    const rate = async (satisfaction: number, at: number, raters = 3) => {
      for (let i = 0; i < raters; i++) send('bob', { id: `${id++}`, trustor: `rater-${i}`, satisfaction, time: at });
      await driver.settle();
      return scores(driver).providers.get('bob heat')!;
    };
    t.match(await rate(0, START, 2), { standing: 'normal', says: '' });
    t.match(await rate(0, START), { standing: 'blacklisted', until: START + MINUTE, blacklistings: 1 });
    t.match(await rate(1, START + 1_000), { standing: 'blacklisted', blacklistings: 1 });
    send('cid', { time: START + MINUTE });
    await driver.settle();
    t.match(scores(driver).providers.get('bob heat'), { standing: 'reintegrated', since: START + MINUTE, until: null });
    t.match(await rate(0, START + 2 * MINUTE, 2), { standing: 'reintegrated' });
    t.match(await rate(0, START + 2 * MINUTE, 1), { standing: 'blacklisted', until: START + 4 * MINUTE });
    send('cid', { id: '2', time: START + 5 * MINUTE });
    t.match(await rate(0, START + 5 * MINUTE), { standing: 'permanent', until: null, blacklistings: 3 });
    t.match(await rate(1, START + 6 * MINUTE, 9), { standing: 'permanent', interactions: 23 });
    t.match(scores(driver).providers.get('cid heat'), { standing: 'normal' });
  },
);

const PARTIES = ['ana', 'bob', 'cid', 'dörte', 'eve'];

const said = fc.record({
  trustee: fc.constantFrom(...PARTIES),
  id: fc.integer({ min: 0, max: 40 }).map(String),
  trustor: fc.constantFrom(...PARTIES),
  service: fc.constantFrom('heat', 'light', 'water'),
  satisfaction: fc.oneof(
    { weight: 20, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    { weight: 5, arbitrary: fc.constantFrom(0, 0.7, 1) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 2) },
  ),
  weight: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(1, 0.3, 10) },
    { weight: 5, arbitrary: fc.double({ min: 1e-6, max: 100, noNaN: true }) },
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 1e7) },
  ),
  /** Before its receipt. */
  age: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -900, max: 2 ** 18 }) },
    { weight: 1, arbitrary: fc.constantFrom(-2_000, 2 ** 21) },
  ),
  gap: fc.integer({ min: 0, max: 2 ** 14 }),
});

t.test('whatever comes, in batches or not, over restarts: scores and letters are those of the formula', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(said, { minLength: 1, maxLength: 120 }),
      fc.constantFrom('never' as const, 'before-commit' as const, 'after-commit' as const),
      fc.constantFrom(1, 7, 500),
      async (all, cuts, batchRecords) => {
        const driver = await testActor(trustActor(reputationTopics(), OPTIONS), { partitions: 1, cuts, batchRecords });
        const judged: JudgedInteraction[] = [];
        let receivedMs = START;
        for (const { trustee, age, gap, ...rest } of all) {
          receivedMs += gap;
          const one = { ...rest, time: receivedMs - age };
          judged.push({ trustee, receivedMs, said: one });
          driver.send(INTERACTIONS, trustee, { ...good, ...one }, receivedMs);
        }
        await driver.settle();
        const found = differencesOf(expectedScores(judged, OPTIONS), {
          ...scores(driver),
          refused: driver.letters(INTERACTIONS),
        });
        await driver.close();
        if (found.length > 0) throw new Error(found.join('\n'));
      },
    ),
    { numRuns: 60 },
  );
});

t.test('the order of arrival changes no score', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .array(said, { minLength: 2, maxLength: 60 })
        .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      async ([list, shuffled]) => {
        // Without corrections, in which the last word counts.
        const unique = new Map(list.map((one, i) => [one, `${one.id}-${i}`]));
        const judged = (all: readonly (typeof list)[number][]): JudgedInteraction[] =>
          all.map((one) => ({
            trustee: one.trustee,
            receivedMs: START,
            said: { ...one, id: unique.get(one)!, time: START - Math.abs(one.age % 2 ** 18) },
          }));
        const want = expectedScores(judged(list), OPTIONS);
        const driver = await testActor(trustActor(reputationTopics(), OPTIONS), { partitions: 1, batchRecords: 16 });
        for (const { trustee, said: one } of judged(shuffled))
          driver.send(INTERACTIONS, trustee, { ...good, ...one! }, START);
        await driver.settle();
        const found = differencesOf({ ...want, refused: [] }, { ...scores(driver), refused: [] });
        await driver.close();
        if (found.length > 0) throw new Error(found.join('\n'));
      },
    ),
    { numRuns: 60 },
  );
});

t.test('a pair of whose weight nothing is left is forgotten, and who comes back begins anew', async (t) => {
  const forgetMs = 64 * 2 ** 20;
  const part = forgetMs / 64;
  const { driver, send } = await opened(t, { forgetMs });
  const ended = () => {
    const last = new Map(driver.outputs<Score | null>('trust.scores').map(({ key, value }) => [key!, value]));
    return [...last].filter(([, value]) => value === null).map(([key]) => key);
  };
  send('bob', { satisfaction: 0.25 });
  send('bob', { trustor: 'cid', time: START + 2 * part });
  // Of START + forgetMs the next whole part.
  const due = START + forgetMs - ((START + forgetMs) % part) + part;
  send('eve', { time: due - 1 });
  await driver.settle();
  t.same(ended(), [], 'not a millisecond sooner');
  send('eve', { id: '2', time: due });
  await driver.settle();
  t.same(ended(), ['bob heat ana']);
  t.match(scores(driver).providers.get('bob heat'), { trust: 1, interactions: 1, raters: 1 });
  send('eve', { id: '3', time: due + 2 * part });
  await driver.settle();
  t.same(ended().sort(), ['bob heat', 'bob heat ana', 'bob heat cid'], 'with its last pair the provider');
  t.equal(counts(driver).forgotten, 2);
  send('bob', { time: due + 2 * part, satisfaction: 0.75 });
  await driver.settle();
  t.same(ended(), ['bob heat cid']);
  const { pairs, providers } = scores(driver);
  t.match(pairs.get('bob heat ana'), { trust: 0.75, interactions: 1 }, 'the same id is another interaction by now');
  t.match(providers.get('bob heat'), { trust: 0.75, interactions: 1, raters: 1, first: 0.75 });
});

t.test('how a provider stands outlives all that was known of it', async (t) => {
  const standing = { below: 0.3, ratersMin: 2, forMs: 8 * 2 ** 20, strikes: 2 };
  const forgetMs = 16 * 2 ** 20;
  const { driver, send } = await opened(t, { forgetMs, standing });
  for (const trustor of ['ana', 'cid']) send('bob', { trustor, satisfaction: 0 });
  await driver.settle();
  t.match(scores(driver).providers.get('bob heat'), { standing: 'blacklisted', interactions: 2 });
  send('eve', { time: START + 2 * forgetMs });
  await driver.settle();
  const last = { standing: 'reintegrated', blacklistings: 1, interactions: 0, raters: 0, trust: Number.NaN };
  t.match(scores(driver).providers.get('bob heat'), last);
  // Two since then are enough, whatever came before.
  for (const trustor of ['ana', 'cid']) send('bob', { id: '2', trustor, satisfaction: 0, time: START + 2 * forgetMs });
  await driver.settle();
  t.match(scores(driver).providers.get('bob heat'), { standing: 'permanent', interactions: 2 });
});

t.test('those who come and go leave nothing behind', async (t) => {
  const forgetMs = 2 ** 20;
  const { driver, send } = await opened(t, { forgetMs }, { batchRecords: 100 });
  const round = async (at: number, name: string) => {
    for (let i = 0; i < 500; i++) send(`${name}${i % 50}`, { trustor: `${name}-${i}`, time: at });
    await driver.settle();
    return driver.statuses()[0]!.stateBytes;
  };
  await round(START, 'a');
  // Memory that a record has freed is not used again before it is done, so that two generations have room.
  const two = await round(START + 3 * forgetMs, 'b');
  for (let i = 2; i <= 6; i++) t.equal(await round(START + 3 * i * forgetMs, `b${i}`), two, `round ${i}`);
});
