/**
 * How providers stand, made anew from what the actors themselves have written: log, decisions and scores. What agrees, and what each
 * change of it is told as.
 */
import t from 'tap';
import { CHAIN_DEFAULTS, chainActor } from '../../../actors/chain/index.ts';
import { trustActor } from '../../../actors/trust/index.ts';
import { BatchEncoder, ByteWriter, type Log } from '../../../engine/index.ts';
import { type ActorDriver, testActor } from '../../../engine/testkit/index.ts';
import { encodeProviderScore, type ProviderScore, type TrustInteraction } from '../../../schemas/index.ts';
import {
  encodeStandingDecision,
  type StandingCommand,
  type StandingDecision,
} from '../../../schemas/standing/index.ts';
import {
  isPairScore,
  reputationTopics,
  type Score,
  TRUST_CHECKPOINTS,
  TRUST_COMMANDS,
  TRUST_DECISIONS,
  TRUST_INTERACTIONS,
  TRUST_LOG,
  TRUST_SCORES,
  trustLogTopics,
} from '../../../schemas/topics/index.ts';
import { auditPartition } from '../../../services/trust-audit/audit.ts';
import type { StandingTerms } from '../../../services/trust-audit/exact-standing.ts';
import { memoryLog } from '../memory-log.ts';

const MINUTE = 60_000;
const START = 1_770_000_000_000;
const STANDING: StandingTerms = { below: 0.4123, ratersMin: 3, forMs: 10 * MINUTE, strikes: 3 };
const OPTIONS = {
  ...{
    services: [],
    smallHalfLifeMs: MINUTE,
    bigHalfLifeMs: 2 ** 25,
    horizonMs: 3_600_000,
    aheadMs: 1_000,
    idsMax: 10_000,
  },
  standing: STANDING,
};
const HALF_LIVES = { smallHalfLifeMs: MINUTE, bigHalfLifeMs: 2 ** 25 };

interface City {
  readonly driver: ActorDriver;
  /** Minutes after the start. */
  rate(satisfaction: number, minute: number, more?: Partial<TrustInteraction> & { trustee?: string }): void;
  order(action: StandingCommand['action'], minute: number, why?: string): void;
}

async function city(
  t: { teardown(run: () => unknown): void },
  more: { readonly forgetMs?: number; readonly bigHalfLifeMs?: number } = {},
): Promise<City> {
  const log = trustLogTopics();
  const chain = chainActor(log, { ...CHAIN_DEFAULTS, key: null });
  const actors = [trustActor(reputationTopics(), { ...OPTIONS, ...more }, log.accepted), chain];
  const driver = await testActor({ name: 'standing', partitions: 1, actors }, { partitions: 1 });
  t.teardown(() => driver.close());
  let id = 0;
  return {
    driver,
    rate(satisfaction, minute, { trustee = 'bob', ...more } = {}) {
      for (const trustor of more.trustor === undefined ? ['ana', 'cid', 'dan'] : [more.trustor]) {
        const time = START + minute * MINUTE;
        const rest = { responseMs: null, availability: null, quality: null, reason: null };
        const said = { id: `i${id++}`, trustor, service: 'heat', satisfaction, weight: 1, time, ...rest, ...more };
        driver.send(TRUST_INTERACTIONS, trustee, { ...said, trustor } satisfies TrustInteraction, time);
      }
    },
    order(action, minute, why = 'so') {
      const command = { version: 1, id: `c${id++}`, service: 'heat', action, by: 'olga', why } as const;
      driver.send(TRUST_COMMANDS, 'bob', command satisfies StandingCommand, START + minute * MINUTE);
    },
  };
}

interface Changed {
  /** null: it is taken away. */
  score?(score: ProviderScore): ProviderScore | null;
  decision?(decision: StandingDecision): StandingDecision | null;
  readonly terms?: Partial<StandingTerms>;
  readonly nowMs?: number;
  readonly forgetMs?: number;
  readonly bigHalfLifeMs?: number;
}

/** What was written, held against each other, but for a change. */
async function audited({ driver }: City, changed: Changed = {}) {
  await driver.settle();
  const log = await memoryLog(1);
  for (const name of [TRUST_LOG, TRUST_CHECKPOINTS, TRUST_SCORES, TRUST_DECISIONS])
    await log.createTopics([{ name, partitions: 1, cleanup: 'delete' }]);
  await copy(log, driver, TRUST_LOG, ({ bytes }) => bytes);
  await copy<Score>(log, driver, TRUST_SCORES, ({ value, bytes }) =>
    isPairScore(value) || changed.score === undefined ? bytes : providerBytes(changed.score(value)),
  );
  await copy<StandingDecision>(log, driver, TRUST_DECISIONS, ({ value }) => {
    const decision = changed.decision === undefined ? value : changed.decision(value);
    return decision === null ? null : encodeStandingDecision(decision);
  });
  const reader = log.openReader();
  try {
    return await auditPartition(reader, 0, {
      ...{
        wanted: { trustor: null, trustee: null, service: null },
        halfLives: {
          ...HALF_LIVES,
          ...(changed.bigHalfLifeMs === undefined ? {} : { bigHalfLifeMs: changed.bigHalfLifeMs }),
        },
        key: null,
        kept: [],
      },
      forgetMs: changed.forgetMs ?? Number.POSITIVE_INFINITY,
      ...{ standing: { ...STANDING, ...changed.terms }, nowMs: changed.nowMs ?? START + 600 * MINUTE },
    });
  } finally {
    await reader.close();
    await log.close();
  }
}

async function copy<T>(
  log: Log,
  driver: ActorDriver,
  topic: string,
  bytesOf: (record: { value: T; bytes: Uint8Array | null }) => Uint8Array | null,
): Promise<void> {
  const encoder = new BatchEncoder();
  let count = 0;
  for (const { key, timestamp, value, bytes } of driver.outputs<T>(topic)) {
    const name = Buffer.from(key ?? '');
    count++;
    // A key that has ended.
    if (bytes === null) {
      encoder.append(timestamp, name, 0, name.length, name, 0, -1);
      continue;
    }
    const told = bytesOf({ value, bytes });
    if (told === null) continue;
    encoder.append(timestamp, name, 0, name.length, told, 0, told.length);
  }
  if (count > 0) await log.commit({ appends: [{ topic, partition: 0, bytes: encoder.finish() }] });
}

function providerBytes(score: ProviderScore | null): Uint8Array | null {
  if (score === null) return null;
  const writer = new ByteWriter();
  encodeProviderScore(writer, 1, score);
  return writer.take();
}

/** Blacklisted, back by itself, blacklisted again, appealed in vain and with success, for good, banned in between. */
async function told(t: { teardown(run: () => unknown): void }): Promise<City> {
  const made = await city(t);
  made.rate(0.9, 0, { responseMs: 120, availability: 0.9 });
  made.rate(0.1, 5, { responseMs: 480, quality: 0.25 });
  made.rate(0.2, 7);
  made.rate(0.8, 8, { trustee: 'eve' });
  // Whoever is served: time goes on for all.
  made.rate(0.8, 20, { trustee: 'eve' });
  made.rate(0.1, 21);
  await made.driver.settle();
  made.order('refuse', 22, 'no proof');
  await made.driver.settle();
  made.order('grant', 23, 'a new sensor');
  await made.driver.settle();
  made.rate(0.9, 24);
  return made;
}

t.test('standing, measured performance and the earliest interaction follow from log and decisions', async (t) => {
  const result = await audited(await told(t));
  t.same(result.faults, []);
  t.equal(result.standings, 2);
});

t.test('a standing that somebody has changed is named, in each of its parts', async (t) => {
  const made = await told(t);
  const bob = (change: Partial<ProviderScore>): Changed => ({
    score: (score) => (score.trustee === 'bob' ? { ...score, ...change } : score),
  });
  const changes: Partial<ProviderScore>[] = [
    { standing: 'normal' },
    { standing: 'permanent' },
    { since: START },
    { until: START + 1 },
    { blacklistings: 1 },
    { says: 'appeal granted by olga: for money' },
  ];
  for (const change of changes) {
    const result = await audited(made, bob(change));
    t.match(result.faults, [{ kind: 'standing-differs', trustee: 'bob' }], JSON.stringify(change));
    t.equal(result.faults.length, 1);
  }
  const gone = await audited(made, { score: (score) => (score.trustee === 'bob' ? null : score) });
  t.match(gone.faults, [{ kind: 'score-missing', trustor: null, trustee: 'bob' }], 'nor can it be taken away');
  const eve = await audited(made, {
    score: (score) => (score.trustee === 'eve' ? { ...score, standing: 'blacklisted', since: START } : score),
  });
  t.match(eve.faults, [{ kind: 'standing-differs', trustee: 'eve', says: /log and decisions give normal/ }]);
});

t.test('a decision that was taken away, made up or changed is seen', async (t) => {
  const made = await told(t);
  const gone = await audited(made, { decision: (one) => (one.action === 'grant' ? null : one) });
  t.match(gone.faults, [{ kind: 'standing-differs', says: /bob|stands as reintegrated/ }]);
  for (const change of [{ by: 'ivan' }, { why: 'for money' }, { at: START }] as const) {
    const result = await audited(made, { decision: (one) => (one.action === 'grant' ? { ...one, ...change } : one) });
    t.match(
      result.faults,
      [{ kind: 'standing-differs', says: /does not follow from the log/ }],
      JSON.stringify(change),
    );
  }
  const before = { standing: 'permanent', since: START, until: null, blacklistings: 3, says: '' } as const;
  const result = await audited(made, { decision: (one) => (one.action === 'refuse' ? { ...one, before } : one) });
  t.equal(result.faults.length, 1);
});

t.test('other rules than those that judged are seen', async (t) => {
  const made = await told(t);
  for (const terms of [{ below: 0.05 }, { ratersMin: 4 }, { forMs: 11 * MINUTE }, { strikes: 2 }]) {
    const result = await audited(made, { terms });
    t.match(result.faults, [{ kind: 'standing-differs', trustee: 'bob' }], JSON.stringify(terms));
  }
});

t.test('measured performance and the earliest interaction that somebody has changed are named', async (t) => {
  const made = await told(t);
  const changes: Partial<ProviderScore>[] = [
    { responseMs: 300 },
    { responseMs: null },
    { availability: 0.91 },
    { quality: 0.251 },
    { first: 0.8 },
  ];
  for (const change of changes) {
    const score = (one: ProviderScore) => (one.trustee === 'bob' ? { ...one, ...change } : one);
    const result = await audited(made, { score });
    t.match(result.faults, [{ kind: 'score-differs', trustor: null, trustee: 'bob' }], JSON.stringify(change));
    t.equal(result.faults.length, 1);
  }
});

t.test(
  'a blacklisting whose time is over may still be told as one where nothing has come since, and only then',
  async (t) => {
    const made = await city(t);
    made.rate(0.1, 0);
    const out = await audited(made, { nowMs: START + 60 * MINUTE });
    t.same(out.faults, [], 'nothing has moved event time');
    t.match(made.driver.outputs<Score>(TRUST_SCORES).at(-1)?.value, { standing: 'blacklisted' });
    const early = { standing: 'reintegrated', since: START + 10 * MINUTE, until: null } as const;
    const isSeen = await audited(made, { nowMs: START + 5 * MINUTE, score: (score) => ({ ...score, ...early }) });
    t.match(isSeen.faults, [{ kind: 'standing-differs' }], 'not back before its time');
    const isBack = await audited(made, { nowMs: START + 60 * MINUTE, score: (score) => ({ ...score, ...early }) });
    t.same(isBack.faults, []);
    made.rate(0.9, 30, { trustee: 'eve' });
    const isOut = await audited(made, {
      score: (score) =>
        score.trustee === 'bob'
          ? { ...score, standing: 'blacklisted', since: START, until: START + 10 * MINUTE, blacklistings: 1 }
          : score,
    });
    t.match(isOut.faults, [{ kind: 'standing-differs', trustee: 'bob' }], 'time has come past it');
  },
);

t.test('a ban, and an appeal against it; what came before the appeal is not held against it once more', async (t) => {
  const made = await city(t);
  made.rate(0.1, 0, { trustor: 'ana' });
  made.rate(0.1, 1, { trustor: 'cid' });
  await made.driver.settle();
  made.order('ban', 2);
  await made.driver.settle();
  made.rate(0.1, 3, { trustor: 'dan' });
  made.order('grant', 4);
  await made.driver.settle();
  for (const minute of [5, 6]) made.rate(0.1, minute, { trustor: 'ana' });
  t.same((await audited(made)).faults, []);
  t.match(made.driver.outputs<Score>(TRUST_SCORES).at(-1)?.value, { standing: 'reintegrated' });
  made.rate(0.1, 7, { trustor: 'ana' });
  t.same((await audited(made)).faults, []);
  t.match(made.driver.outputs<Score>(TRUST_SCORES).at(-1)?.value, { standing: 'blacklisted', blacklistings: 2 });
});

t.test('whoever was forgotten judges no more, and how a provider stands is made anew all the same', async (t) => {
  const forgetMs = 120 * MINUTE;
  const forgets = { forgetMs, bigHalfLifeMs: 2 * MINUTE };
  const made = await city(t, forgets);
  made.rate(0.1, 0, { trustor: 'ana', responseMs: 100 });
  made.rate(0.9, 100, { trustee: 'eve' });
  made.rate(0.1, 101, { trustor: 'gus' });
  // Time goes on past what ana has said.
  made.rate(0.9, 140, { trustee: 'eve' });
  made.rate(0.1, 141, { trustor: 'dan' });
  await made.driver.settle();
  const bob = () => made.driver.outputs<Score>(TRUST_SCORES).findLast(({ key }) => key === 'bob heat')?.value;
  t.match(bob(), { standing: 'normal', raters: 2, interactions: 2, responseMs: 100 });
  const known = { ...forgets, nowMs: START + 142 * MINUTE };
  const result = await audited(made, known);
  t.same(result.faults, []);
  t.equal(result.standings, 2);
  const never = await audited(made, { ...known, forgetMs: Number.POSITIVE_INFINITY });
  t.ok(never.faults.length > 0, 'had nobody been forgotten, it would be otherwise');
  const score = (one: ProviderScore): ProviderScore =>
    one.trustee === 'bob' ? { ...one, standing: 'permanent', since: START, blacklistings: 3 } : one;
  t.match((await audited(made, { ...known, score })).faults, [{ kind: 'standing-differs', trustee: 'bob' }]);
  const measured = (one: ProviderScore) => (one.trustee === 'bob' ? { ...one, responseMs: 99 } : one);
  t.match((await audited(made, { ...known, score: measured })).faults, [{ kind: 'score-differs', trustee: 'bob' }]);
  made.rate(0.1, 142, { trustor: 'cid' });
  const after = await audited(made, { ...forgets, nowMs: START + 143 * MINUTE });
  t.same(after.faults, []);
  t.match(bob(), { standing: 'blacklisted', raters: 3 });
  const hidden = (one: ProviderScore): ProviderScore =>
    one.trustee === 'bob' ? { ...one, standing: 'normal', since: 0, until: null, blacklistings: 0, says: '' } : one;
  const seen = await audited(made, { ...forgets, nowMs: START + 143 * MINUTE, score: hidden });
  t.match(seen.faults, [{ kind: 'standing-differs', trustee: 'bob' }]);
});
