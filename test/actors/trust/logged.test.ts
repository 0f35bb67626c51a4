/**
 * trust and chain together: what is in the log is what counted, wherever tasks die, and from it alone come all scores. The
 * recomputation here is the oracle's, which knows neither the actors nor `msec trust verify`.
 */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { CHAIN_DEFAULTS, chainActor } from '../../../actors/chain/index.ts';
import { trustActor } from '../../../actors/trust/index.ts';
import { seededRandom } from '../../../engine/index.ts';
import { type ActorDriver, testActor } from '../../../engine/testkit/index.ts';
import { decodePairScore, type PairScore, type TrustInteraction } from '../../../schemas/index.ts';
import {
  reputationTopics,
  TRUST_CHECKPOINTS,
  TRUST_INTERACTIONS,
  TRUST_LOG,
  TRUST_SCORES,
  trustLogTopics,
} from '../../../schemas/topics/index.ts';
import type { Checkpoint, LogEntry } from '../../../schemas/trust-log/index.ts';
import { ChainCheck } from '../../../services/trust-audit/chain-check.ts';
import { exactTrust } from '../../oracle/trust/exact-trust.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const START_MS = 1_770_000_000_000;
const OPTIONS = {
  services: ['s', 'r'],
  smallHalfLifeMs: 2 ** 20,
  bigHalfLifeMs: 2 ** 25,
  horizonMs: 3_600_000,
  aheadMs: 1_000,
  idsMax: 10_000,
};

interface Sent {
  readonly trustee: string;
  readonly value: TrustInteraction;
}

/** New ones, the same again, corrections, and some that cannot count. */
function stream(count: number, seed: number): Sent[] {
  const random = seededRandom(seed);
  const sent: Sent[] = [];
  for (let i = 0; i < count; i++) {
    const chance = random.u32() % 20;
    const before = sent[random.u32() % Math.max(1, sent.length)];
    if (chance < 3 && before !== undefined) {
      const satisfaction = chance < 2 ? before.value.satisfaction : (random.u32() % 1000) / 1000;
      sent.push({ trustee: before.trustee, value: { ...before.value, satisfaction } });
      continue;
    }
    sent.push({
      trustee: `b-${random.u32() % 4}`,
      value: {
        id: `i-${i}`,
        trustor: `a-${random.u32() % 3}`,
        service: chance === 19 ? 'unknown' : chance % 2 === 0 ? 's' : 'r',
        satisfaction: chance === 18 ? 1.5 : (random.u32() % 1001) / 1000,
        weight: 1 + (random.u32() % 4),
        time: START_MS + i * 500,
        ...{ responseMs: chance === 5 ? 12.5 : null, availability: null, quality: null },
        reason: chance === 4 ? 'it was slow' : null,
      },
    });
  }
  return sent;
}

async function run(sent: readonly Sent[], cuts: 'never' | 'before-commit' | 'after-commit', fuse = true) {
  const reputation = reputationTopics();
  const log = trustLogTopics();
  const actors = [
    trustActor(reputation, OPTIONS, log.accepted),
    chainActor(log, { ...CHAIN_DEFAULTS, entries: 25, key: privateKey }),
  ];
  const driver = await testActor(
    { name: 'logging', partitions: 2, actors },
    { partitions: 2, cuts, fuse, batchRecords: 7 },
  );
  for (let i = 0; i < sent.length; i += 20) {
    for (const { trustee, value } of sent.slice(i, i + 20)) driver.send(TRUST_INTERACTIONS, trustee, value, value.time);
    await driver.settle();
  }
  return driver;
}

function logsOf(driver: ActorDriver): LogEntry[][] {
  return Array.from({ length: 2 }, (_, partition) => {
    const checkpoints = driver.outputs<Checkpoint>(TRUST_CHECKPOINTS).filter((one) => one.partition === partition);
    const check = new ChainCheck(
      partition,
      checkpoints.map(({ value }) => value),
      [],
      publicKey,
    );
    const entries = driver
      .outputs(TRUST_LOG)
      .filter((one) => one.partition === partition)
      .map(({ key, bytes, offset }) => check.take({ key: key ?? '', value: bytes!, offset }));
    const { faults } = check.result();
    if (faults.length > 0) throw new Error(JSON.stringify(faults));
    return entries.map((entry) => entry!);
  });
}

/** What counts of a stream, by its definition alone. */
function expected(sent: readonly Sent[]): string[] {
  const known = new Map<string, TrustInteraction>();
  const counted: string[] = [];
  for (const { trustee, value } of sent) {
    if (value.service === 'unknown' || value.satisfaction > 1) continue;
    const id = `${trustee} ${value.service} ${value.trustor} ${value.id}`;
    const before = known.get(id);
    if (before?.satisfaction === value.satisfaction) continue;
    known.set(id, value);
    counted.push(`${id} ${value.satisfaction} ${before === undefined ? 'new' : 'correction'} ${value.reason ?? ''}`);
  }
  return counted;
}

const told = (entry: LogEntry): string =>
  `${entry.trustee} ${entry.service} ${entry.trustor} ${entry.id} ${entry.satisfaction} ${entry.isCorrection ? 'correction' : 'new'} ${entry.reason}`;

t.test('the log holds what counted, once, and nothing else, wherever tasks die', async (t) => {
  const sent = stream(600, 1);
  const counted = expected(sent);
  t.ok(counted.length < 560 && counted.some((line) => line.includes('correction')));
  let logs: LogEntry[][] | null = null;
  for (const cuts of ['never', 'before-commit', 'after-commit'] as const) {
    const driver = await run(sent, cuts);
    const found = logsOf(driver);
    t.same(found.flat().map(told).sort(), counted.toSorted(), cuts);
    logs ??= found;
    t.same(found, logs, `${cuts}: as undisturbed`);
    await driver.close();
  }
  const apart = await run(sent, 'after-commit', false);
  t.same(logsOf(apart), logs, 'also where a topic stands between the two');
  await apart.close();
});

t.test('every score follows from the log alone, by the formulas in 120 digits', async (t) => {
  const driver = await run(stream(600, 2), 'after-commit');
  const byPair = new Map<string, Map<string, LogEntry>>();
  for (const entry of logsOf(driver).flat()) {
    const key = `${entry.trustee} ${entry.service} ${entry.trustor}`;
    const pair = byPair.get(key) ?? new Map<string, LogEntry>();
    byPair.set(key, pair.set(entry.id, entry));
  }
  const scores = new Map<string, PairScore>();
  for (const { key, bytes } of driver.outputs(TRUST_SCORES))
    if (key!.split(' ').length === 3) scores.set(key!, decodePairScore(bytes!));
  t.same([...scores.keys()].sort(), [...byPair.keys()].sort());
  for (const [key, score] of scores) {
    const list = [...byPair.get(key)!.values()];
    const small = exactTrust(list, OPTIONS.smallHalfLifeMs);
    const big = exactTrust(list, OPTIONS.bigHalfLifeMs);
    t.equal(score.interactions, list.length);
    t.ok(Math.abs(score.trust - Math.min(small.trust, big.trust)) < 1e-9, key);
  }
  await driver.close();
});
