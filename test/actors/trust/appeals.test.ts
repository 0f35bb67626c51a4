/** What operators order of standings: done once each, told with who and why, refused where there is nothing to change. */
import t, { type Test } from 'tap';
import { type TrustOptions, trustActor } from '../../../actors/trust/index.ts';
import { type DriverOptions, testActor } from '../../../engine/testkit/index.ts';
import type { ProviderScore, TrustInteraction } from '../../../schemas/index.ts';
import type { StandingCommand, StandingDecision } from '../../../schemas/standing/index.ts';
import { isPairScore, reputationTopics, type Score } from '../../../schemas/topics/index.ts';

const MINUTE = 60_000;
const START = 1_700_000_000_000;
const OPTIONS: TrustOptions = {
  services: ['heat', 'light'],
  smallHalfLifeMs: 1_000,
  bigHalfLifeMs: 2 ** 20,
  horizonMs: 2 ** 19,
  aheadMs: 1_000,
  idsMax: 1_000_000,
  standing: { below: 0.4, ratersMin: 3, forMs: MINUTE, strikes: 2 },
};

async function opened(t: Test, options: Partial<TrustOptions> = {}, driverOptions: DriverOptions = {}) {
  const driver = await testActor(trustActor(reputationTopics(), { ...OPTIONS, ...options }), {
    partitions: 1,
    ...driverOptions,
  });
  t.teardown(() => driver.close());
  let id = 0;
  const order = (action: StandingCommand['action'], at: number, change: Partial<StandingCommand> = {}) =>
    driver.send(
      'trust.commands',
      'bob',
      { version: 1, id: `c${id++}`, service: 'heat', action, by: 'olga', why: 'so', ...change },
      at,
    );
  return {
    driver,
    order,
    rate(satisfaction: number, at: number, raters = 3, trustee = 'bob') {
      const rest = { responseMs: null, availability: null, quality: null, reason: null };
      for (let i = 0; i < raters; i++) {
        const said = { id: `${id++}`, trustor: `rater-${i}`, service: 'heat', satisfaction, weight: 1, time: at };
        driver.send('trust.interactions', trustee, { ...said, ...rest } satisfies TrustInteraction, at);
      }
    },
    async stands(trustee = 'bob') {
      await driver.settle();
      let last: ProviderScore | null = null;
      for (const { key, value } of driver.outputs<Score>('trust.scores'))
        if (!isPairScore(value) && key === `${trustee} heat`) last = value;
      return last as ProviderScore | null;
    },
    decisions: () => driver.outputs<StandingDecision>('trust.decisions').map(({ value }) => value),
    refused: () => driver.letters('trust.commands').map(({ code, field }) => `${code} ${field}`),
  };
}

for (const cuts of ['never', 'before-commit', 'after-commit'] as const)
  t.test(`an appeal that is granted lifts a blacklisting, also one for good; restarts ${cuts}`, async (t) => {
    const city = await opened(t, {}, { cuts });
    city.rate(0, START);
    t.match(await city.stands(), { standing: 'blacklisted', blacklistings: 1 });
    city.order('refuse', START + 1_000, { why: 'no proof' });
    const until = START + MINUTE;
    t.match(await city.stands(), { standing: 'blacklisted', until, says: 'appeal refused by olga: no proof' });
    city.order('grant', START + 2_000, { why: 'new sensor' });
    const granted = { standing: 'reintegrated', since: START + 2_000, until: null, blacklistings: 1 };
    t.match(await city.stands(), { ...granted, says: 'appeal granted by olga: new sensor' });
    // What came before the appeal is not held against it once more.
    city.rate(0, START + 3_000, 2);
    t.match(await city.stands(), granted);
    city.rate(0, START + 3_000, 1);
    t.match(await city.stands(), { standing: 'permanent', blacklistings: 2 });
    city.order('grant', START + 2 * MINUTE, { by: 'ivan', why: 'the board says so' });
    t.match(await city.stands(), { standing: 'reintegrated', says: 'appeal granted by ivan: the board says so' });
    t.match(city.decisions(), [
      { trustee: 'bob', service: 'heat', action: 'refuse', by: 'olga', at: START + 1_000, why: 'no proof' },
      { action: 'grant', before: { standing: 'blacklisted', until }, after: granted },
      { action: 'grant', by: 'ivan', before: { standing: 'permanent' }, after: { standing: 'reintegrated' } },
    ]);
    t.same(city.refused(), []);
  });

t.test('who is banned by hand stays so until an appeal is granted, with or without rules', async (t) => {
  for (const standing of [OPTIONS.standing!, null]) {
    const city = await opened(t, { standing }, { cuts: 'after-commit' });
    city.rate(1, START);
    city.order('ban', START + 1_000, { why: 'it was opened' });
    const banned = { standing: 'permanent', since: START + 1_000, until: null, blacklistings: 1 };
    t.match(await city.stands(), { ...banned, says: 'banned by olga: it was opened' });
    city.rate(1, START + MINUTE);
    t.match(await city.stands(), { ...banned, interactions: 6 });
    city.order('grant', START + 2 * MINUTE);
    t.match(await city.stands(), { standing: 'reintegrated', blacklistings: 1 });
    t.match(
      city.decisions().map(({ before }) => before),
      [{ standing: 'normal', says: '' }, banned],
    );
  }
});

t.test('without rules what they once said is forgotten, and no appeal needed', async (t) => {
  const city = await opened(t, { standing: null });
  city.rate(0, START);
  city.order('grant', START + 1_000);
  t.match(await city.stands(), { standing: 'normal' });
  t.same(city.refused(), ['STANDING_UNCHANGED action']);
});

t.test('a command that comes again is done once, also when another came in between', async (t) => {
  const city = await opened(t, {}, { cuts: 'before-commit' });
  city.rate(1, START);
  city.order('ban', START, { id: 'one' });
  city.order('grant', START, { id: 'two' });
  city.order('ban', START, { id: 'one' });
  t.match(await city.stands(), { standing: 'reintegrated', blacklistings: 1 });
  t.equal(city.decisions().length, 2);
  t.same(city.refused(), []);
});

t.test('what cannot be done is refused with its reason', async (t) => {
  const city = await opened(t);
  city.order('ban', START);
  city.rate(1, START);
  city.order('grant', START);
  city.order('refuse', START);
  city.order('ban', START, { service: 'light' });
  city.order('ban', START);
  city.order('ban', START);
  city.driver.sendBytes('trust.commands', 'bob', Buffer.from('{"version":1,"action":"praise"}'), START);
  city.driver.sendBytes('trust.commands', 'bob', Buffer.from('ban'), START);
  t.match(await city.stands(), { standing: 'permanent', blacklistings: 1 });
  t.same(city.refused(), [
    'TRUSTEE_UNKNOWN trustee',
    'STANDING_UNCHANGED action',
    'STANDING_UNCHANGED action',
    'TRUSTEE_UNKNOWN trustee',
    'STANDING_UNCHANGED action',
    'VALUE_INVALID action',
    'VALUE_INVALID undefined',
  ]);
  t.equal(city.decisions().length, 1);
});

t.test('commands tell nothing of event time: none holds it up, and none moves it', async (t) => {
  const city = await opened(t);
  city.rate(0, START);
  city.rate(1, START);
  city.order('refuse', START + 10 * MINUTE);
  t.match(await city.stands(), { standing: 'blacklisted', says: 'appeal refused by olga: so' });
  city.rate(1, START + MINUTE, 1, 'cid');
  t.match(await city.stands(), { standing: 'reintegrated', since: START + MINUTE });
});
