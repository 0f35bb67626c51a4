/** Log, checkpoints and scores of one partition against each other: what agrees, and what each change of them is told as. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import t from 'tap';
import { PAIR_DOUBLES, PairTrust } from '../../../actors/trust/index.ts';
import { BatchEncoder, ByteWriter, type Log, type LogReader, seededRandom } from '../../../engine/index.ts';
import { encodePairScore, encodeProviderScore, type PairScore, type ProviderScore } from '../../../schemas/index.ts';
import { TRUST_CHECKPOINTS, TRUST_LOG, TRUST_SCORES } from '../../../schemas/topics/index.ts';
import { encodeCheckpoint, entryHash, LogTree, signState } from '../../../schemas/trust-log/index.ts';
import { type AuditOptions, auditPartition, pairOf } from '../../../services/trust-audit/audit.ts';
import { logOf, type TestInteraction, type TestRecord } from '../../support/trust-log.ts';
import { memoryLog } from '../memory-log.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const halfLives = { smallHalfLifeMs: 3_600_000, bigHalfLifeMs: 86_400_000 };
const START_MS = 1_770_000_000_000;
const NOBODY = { trustor: null, trustee: null, service: null };
const interactions = someInteractions(200, 1);

function someInteractions(count: number, seed: number): TestInteraction[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    id: `i-${i}`,
    trustor: `a-${random.u32() % 3}`,
    trustee: `b-${random.u32() % 3}`,
    service: 's',
    satisfaction: (random.u32() % 1001) / 1000,
    weight: 1 + (random.u32() % 5),
    timeMs: START_MS + (random.u32() % 7_200_000),
  }));
}

/** By the actor's own model, which is what is verified. */
function scoresOf(interactions: readonly TestInteraction[]): PairScore[] {
  const kept = new Map<string, TestInteraction>();
  for (const one of interactions) kept.set(`${one.trustee} ${one.service} ${one.trustor} ${one.id}`, one);
  const pair = new PairTrust(halfLives);
  const byPair = Map.groupBy(kept.values(), (one) => `${one.trustee} ${one.service} ${one.trustor}`);
  return [...byPair].map(([key, list]) => {
    const [trustee, service, trustor] = key.split(' ') as [string, string, string];
    const doubles = new Float64Array(PAIR_DOUBLES);
    for (const { timeMs, satisfaction, weight } of list) pair.add(doubles, 0, timeMs, satisfaction, weight);
    const at = pair.lastMs(doubles, 0);
    const small = {
      mean: pair.recentMean(doubles, 0),
      deviation: pair.recentDeviation(doubles, 0),
      evidence: pair.recentEvidence(doubles, 0, at),
    };
    const big = {
      mean: pair.mean(doubles, 0),
      deviation: pair.deviation(doubles, 0),
      evidence: pair.evidence(doubles, 0, at),
    };
    const trust = pair.trust(doubles, 0);
    return { trustee, service, trustor, trust, small, big, interactions: list.length, at };
  });
}

const firstOf = (name: string): number =>
  interactions
    .filter(({ trustee }) => trustee === name)
    .reduce((first, one) =>
      one.timeMs < first.timeMs || (one.timeMs === first.timeMs && one.satisfaction < first.satisfaction) ? one : first,
    ).satisfaction;

/** By the definitions of docs/trust.md, pair by pair. */
function providersOf(pairs: readonly PairScore[]): ProviderScore[] {
  return [...Map.groupBy(pairs, ({ trustee, service }) => `${trustee} ${service}`).values()].map((own) => {
    const at = Math.max(...own.map((pair) => pair.at));
    const faded = (pair: PairScore, halfLifeMs: number, evidence: number) =>
      evidence * 2 ** ((pair.at - at) / halfLifeMs);
    const [small, big, trusted] = [{ all: 0, mean: 0 }, { all: 0, mean: 0 }, { sum: 0 }];
    for (const pair of own) {
      const weights = [
        faded(pair, halfLives.smallHalfLifeMs, pair.small.evidence),
        faded(pair, halfLives.bigHalfLifeMs, pair.big.evidence),
      ] as const;
      small.all += weights[0];
      small.mean += weights[0] * pair.small.mean;
      big.all += weights[1];
      big.mean += weights[1] * pair.big.mean;
      trusted.sum += weights[1] * pair.trust;
    }
    const interactions = own.reduce((sum, pair) => sum + pair.interactions, 0);
    return {
      ...{ trustee: own[0]!.trustee, service: own[0]!.service, trust: trusted.sum / big.all },
      first: firstOf(own[0]!.trustee),
      small: { mean: small.mean / small.all, evidence: small.all },
      big: { mean: big.mean / big.all, evidence: big.all },
      ...{ interactions, raters: own.length, at, responseMs: null, availability: null, quality: null },
      ...{ standing: 'normal', since: 0, until: null, blacklistings: 0, says: '' },
    };
  });
}

interface Written {
  readonly key: string;
  readonly value: Uint8Array;
}

async function write(
  log: Log,
  topic: string,
  records: readonly Written[],
  times: readonly number[] = [],
): Promise<void> {
  if (records.length === 0) return;
  const encoder = new BatchEncoder();
  for (const [i, { key, value }] of records.entries()) {
    const bytes = Buffer.from(key);
    encoder.append(times[i] ?? START_MS, bytes, 0, bytes.length, value, 0, value.length);
  }
  await log.commit({ appends: [{ topic, partition: 0, bytes: encoder.finish() }] });
}

function scoreRecord(score: PairScore): Written {
  const writer = new ByteWriter();
  encodePairScore(writer, 1, score);
  return { key: `${score.trustee} ${score.service} ${score.trustor}`, value: writer.take() };
}

function providerRecord(score: ProviderScore): Written {
  const writer = new ByteWriter();
  encodeProviderScore(writer, 2, score);
  return { key: `${score.trustee} ${score.service}`, value: writer.take() };
}

function checkpointRecords(records: readonly TestRecord[], every: number, key: KeyObject): Written[] {
  const tree = new LogTree();
  return records.flatMap(({ key: trustee, value }) => {
    const head = entryHash(value.subarray(5));
    tree.append(head);
    if (tree.size % every !== 0) return [];
    const state = { partition: 0, size: tree.size, head, root: tree.root() };
    const writer = new ByteWriter();
    encodeCheckpoint(writer, 1, { ...state, peaks: tree.peaks(), timeMs: 0, signature: signState(state, key) });
    return [{ key: trustee, value: writer.take() }];
  });
}

async function cityLog(
  interactions: readonly TestInteraction[],
  scores: readonly PairScore[] = scoresOf(interactions),
  providers: readonly ProviderScore[] = [],
): Promise<Log> {
  const log = await memoryLog(1);
  await log.createTopics([
    { name: TRUST_LOG, partitions: 1, cleanup: 'delete' },
    { name: TRUST_CHECKPOINTS, partitions: 1, cleanup: 'delete' },
    { name: TRUST_SCORES, partitions: 1, cleanup: 'compact' },
  ]);
  const records = logOf(interactions);
  const received = interactions.map(({ timeMs }) => timeMs);
  await write(log, TRUST_LOG, records, received);
  await write(log, TRUST_CHECKPOINTS, checkpointRecords(records, 10, privateKey));
  await write(log, TRUST_SCORES, [...scores.map(scoreRecord), ...providers.map(providerRecord)]);
  return log;
}

async function audit(log: Log, options: Partial<AuditOptions> = {}, wrap = (reader: LogReader) => reader) {
  const reader = wrap(log.openReader());
  try {
    const result = await auditPartition(reader, 0, {
      ...{ wanted: NOBODY, halfLives, key: publicKey, kept: [], standing: null, nowMs: START_MS + 86_400_000 },
      forgetMs: Number.POSITIVE_INFINITY,
      ...options,
    });
    // Most of these logs tell of pairs alone; what all know is missed in standings.test.ts.
    const faults = result.faults.filter(({ kind, trustor }) => kind !== 'score-missing' || trustor !== null);
    return { ...result, faults };
  } finally {
    await reader.close();
    await log.close();
  }
}

t.test(
  'the model’s scores are those that the log gives, corrections and repeated records of a score included',
  async (t) => {
    const corrected = [
      ...interactions,
      { ...interactions[17]!, satisfaction: 0.001, isCorrection: true },
      { ...interactions[18]!, weight: 0, timeMs: START_MS + 1, isCorrection: true },
    ];
    const older = scoresOf(interactions);
    const log = await cityLog(corrected, [...older, ...scoresOf(corrected)]);
    const result = await audit(log);
    t.same(result.faults, []);
    t.same(result.chain.faults, []);
    t.equal(result.agreed, older.length);
    t.equal(result.chain.size, 202);
  },
);

t.test('a score that somebody has changed is named, in any of its numbers', async (t) => {
  const scores = scoresOf(interactions);
  const changes: ((score: PairScore) => PairScore)[] = [
    (score) => ({ ...score, trust: score.trust + 0.001 }),
    (score) => ({ ...score, interactions: score.interactions + 1 }),
    (score) => ({ ...score, at: score.at + 1 }),
    (score) => ({ ...score, small: { ...score.small, mean: score.small.mean + 1e-6 } }),
    (score) => ({ ...score, big: { ...score.big, deviation: score.big.deviation + 1e-3 } }),
    (score) => ({ ...score, big: { ...score.big, evidence: score.big.evidence * 1.001 } }),
    (score) => ({ ...score, trust: Number.NaN }),
  ];
  for (const change of changes) {
    const result = await audit(
      await cityLog(interactions, [...scores.slice(0, 3), change(scores[3]!), ...scores.slice(4)]),
    );
    const { trustor, trustee } = scores[3]!;
    t.match(result.faults, [{ kind: 'score-differs', trustor, trustee }]);
    t.equal(result.faults.length, 1);
    t.equal(result.agreed, scores.length - 1);
  }
});

t.test('an interaction that was counted and not logged, or logged and not counted, is told', async (t) => {
  const missing = await audit(await cityLog(interactions.slice(0, -1), scoresOf(interactions)));
  t.match(missing.faults, [{ kind: 'score-differs', says: /it counts \d+ interactions, the log \d+/ }]);
  const uncounted = await audit(await cityLog(interactions, scoresOf(interactions.slice(0, -1))));
  t.match(uncounted.faults, [{ kind: 'score-differs' }]);
  const scores = scoresOf(interactions);
  const none = await audit(await cityLog(interactions, scores.slice(1)));
  t.match(none.faults, [{ kind: 'score-missing' }]);
  const invented = await audit(await cityLog(interactions, [...scores, { ...scores[0]!, trustor: 'nobody' }]));
  t.match(invented.faults, [{ kind: 'score-unfounded', trustor: 'nobody' }]);
});

t.test('an id that is counted twice, and a correction of nothing, are told', async (t) => {
  const twice = [...interactions, { ...interactions[5]!, satisfaction: 0 }];
  t.match((await audit(await cityLog(twice))).faults[0], { kind: 'counted-twice' });
  const again = [...interactions, { ...interactions[5]!, timeMs: START_MS + 9_000_000 }];
  const scores = scoresOf([...interactions, { ...again.at(-1)!, id: 'counted by itself' }]);
  t.same((await audit(await cityLog(again, scores))).faults, [], 'an id that is forgotten may name another one');
  const nothing = [...interactions, { ...interactions[5]!, id: 'new', isCorrection: true }];
  t.match((await audit(await cityLog(nothing))).faults, [{ kind: 'corrects-nothing' }]);
});

t.test('what all trustors together know is made anew as well, and told where it differs', async (t) => {
  const scores = scoresOf(interactions);
  const providers = providersOf(scores);
  const good = await audit(await cityLog(interactions, scores, providers));
  t.same(good.faults, []);
  t.equal(good.agreed, scores.length + providers.length);
  for (const change of [
    { trust: providers[1]!.trust + 1e-4 },
    { raters: 9 },
    { interactions: 1 },
    { at: 1 },
    { small: { ...providers[1]!.small, mean: 0.1 } },
    { big: { ...providers[1]!.big, evidence: 1 } },
  ]) {
    const changed = providers.map((one, i) => (i === 1 ? { ...one, ...change } : one));
    const { faults, agreed } = await audit(await cityLog(interactions, scores, changed));
    t.match(faults, [{ kind: 'score-differs', trustor: null, trustee: providers[1]!.trustee }]);
    t.equal(agreed, scores.length + providers.length - 1);
  }
});

t.test('a pair that may have been forgotten has no score, or one of what came since', async (t) => {
  const forgetMs = 86_400_000;
  const laterMs = START_MS + 3 * forgetMs;
  const options = { forgetMs, nowMs: laterMs + 1 };
  const back = interactions.slice(0, 3).map((one, i) => ({ ...one, id: `back-${i}`, timeMs: laterMs }));
  const all = [...interactions, ...back];
  const since = scoresOf(back);
  const good = await audit(await cityLog(all, since, []), options);
  t.same(good.faults, []);
  t.equal(good.agreed, since.length);
  const whole = await audit(await cityLog(all, scoresOf(all), []), options);
  t.same(whole.faults, [], 'none of them has to be');
  const wrong = [{ ...since[0]!, trust: since[0]!.trust / 2 - 1 }, ...since.slice(1)];
  t.match((await audit(await cityLog(all, wrong, []), options)).faults, [{ kind: 'score-differs' }]);
  const young = await audit(await cityLog(all, since.slice(1), []), options);
  t.match(young.faults, [{ kind: 'score-missing' }], 'of one that is young there has to be one');
});

t.test('one pair alone is told with both scores', async (t) => {
  const wanted = { trustor: 'a-1', trustee: 'b-2', service: null };
  const result = await audit(await cityLog(interactions), { wanted });
  t.equal(result.agreed, 1);
  const [pair] = result.pairs;
  t.ok(Math.abs(pair!.published.trust - pair!.exact.trust) < 1e-12);
  t.equal(result.chain.size, 200, 'the whole chain is looked at nevertheless');
});

t.test(
  'while an engine writes, a score may be ahead of what was read first, and is what the log gives then',
  async (t) => {
    const log = await cityLog(interactions.slice(0, 150));
    const records = logOf(interactions);
    // More is committed after the log was read, and before the scores are; and once more behind these.
    let isRead = false;
    const wrap = (reader: LogReader): LogReader => ({
      fetch: (...asked) => reader.fetch(...asked),
      committed: (...asked) => reader.committed(...asked),
      wait: (...asked) => reader.wait(...asked),
      close: () => reader.close(),
      async bounds(topic, partition) {
        if (topic === TRUST_SCORES && !isRead) {
          isRead = true;
          await write(log, TRUST_LOG, records.slice(150, 190));
          const scores = scoresOf(interactions.slice(0, 190));
          await write(log, TRUST_SCORES, [...scores.map(scoreRecord), ...providersOf(scores).map(providerRecord)]);
          const bounds = await reader.bounds(topic, partition);
          await write(log, TRUST_LOG, records.slice(190));
          return bounds;
        }
        return reader.bounds(topic, partition);
      },
    });
    const result = await audit(log, {}, wrap);
    t.ok(isRead);
    t.same(result.faults, []);
    t.equal(result.chain.size, 200);
    t.equal(result.agreed, 9 + 3);
  },
);

t.test('a checkpoint that cannot be read is told, and the others are held against the log', async (t) => {
  const log = await cityLog(interactions);
  await write(log, TRUST_CHECKPOINTS, [{ key: 'b-0', value: Buffer.from('00000000010203', 'hex') }]);
  const { chain } = await audit(log);
  t.match(chain, { checkpoints: 20, faults: [{ kind: 'checkpoint-unreadable' }] });
});

t.test('the interactions of a pair are told for its why', async (t) => {
  const log = await cityLog(interactions);
  const reader = log.openReader();
  const { books, chain } = await pairOf(reader, 0, { trustor: 'a-1', trustee: 'b-2', service: null });
  t.same(chain.faults, []);
  t.same(
    books[0]!.interactions.map(({ id }) => id),
    interactions.filter(({ trustor, trustee }) => trustor === 'a-1' && trustee === 'b-2').map(({ id }) => id),
  );
  await reader.close();
  await log.close();
});
