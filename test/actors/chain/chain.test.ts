/** The actor over the real log: every entry once, linked and covered, wherever it is cut. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { CHAIN_DEFAULTS, chainActor } from '../../../actors/chain/index.ts';
import { seededRandom } from '../../../engine/index.ts';
import { type ActorDriver, testActor } from '../../../engine/testkit/index.ts';
import { merkleRoot } from '../../../schemas/envelope/index.ts';
import { TRUST_ACCEPTED, TRUST_CHECKPOINTS, TRUST_LOG, trustLogTopics } from '../../../schemas/topics/index.ts';
import { type Checkpoint, decodeEntry, isSignedBy } from '../../../schemas/trust-log/index.ts';
import { ChainCheck } from '../../../services/trust-audit/chain-check.ts';
import { acceptedOf, leavesOf, type TestInteraction } from '../../support/trust-log.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const START_MS = 1_770_000_000_000;
const STEP_MS = 1_000;

function someInteractions(count: number, seed: number): TestInteraction[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    id: `i-${i}`,
    trustor: `a-${random.u32() % 5}`,
    trustee: `b-${random.u32() % 7}`,
    service: 'temperature',
    satisfaction: (random.u32() % 101) / 100,
    weight: 1,
    timeMs: START_MS + i * STEP_MS,
    isCorrection: random.u32() % 10 === 0,
  }));
}

async function chained(
  interactions: readonly TestInteraction[],
  cuts: 'never' | 'before-commit' | 'after-commit',
  options = { ...CHAIN_DEFAULTS, entries: 16, key: privateKey },
): Promise<ActorDriver> {
  const driver = await testActor(chainActor(trustLogTopics(), options), { cuts, batchRecords: 4 });
  for (let i = 0; i < interactions.length; i += 10) {
    for (const one of interactions.slice(i, i + 10))
      driver.send(TRUST_ACCEPTED, one.trustee, acceptedOf(one), one.timeMs);
    await driver.settle();
  }
  return driver;
}

/** Of a partition: records of the log and checkpoints. */
function written(driver: ActorDriver, partition: number) {
  const log = driver.outputs(TRUST_LOG).filter((record) => record.partition === partition);
  const checkpoints = driver
    .outputs<Checkpoint>(TRUST_CHECKPOINTS)
    .filter((record) => record.partition === partition)
    .map(({ value }) => value);
  return {
    log: log.map(({ key, bytes, offset }) => ({ key: key ?? '', value: bytes!, offset })),
    checkpoints,
  };
}

t.test('every interaction is an entry of its partition, in order, once, wherever tasks die', async (t) => {
  const interactions = someInteractions(300, 1);
  const undisturbed = await chained(interactions, 'never');
  for (const cuts of ['never', 'before-commit', 'after-commit'] as const) {
    const driver = await chained(interactions, cuts);
    let entries = 0;
    for (let partition = 0; partition < driver.plan.partitions; partition++) {
      const { log, checkpoints } = written(driver, partition);
      t.same(log, written(undisturbed, partition).log, `${cuts}: as undisturbed`);
      const check = new ChainCheck(partition, checkpoints, [], publicKey);
      for (const record of log) check.take(record);
      const result = check.result();
      t.same(result.faults, [], cuts);
      t.equal(result.size, log.length);
      t.equal(result.checkpoints, checkpoints.length);
      entries += log.length;
      const ids = log.map(({ value }) => decodeEntry(value).id);
      const sent = interactions.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
      t.same(ids, sent, 'in the order in which they came');
    }
    t.equal(entries, interactions.length);
    await driver.close();
  }
  await undisturbed.close();
});

t.test('checkpoints come after so many entries, and when time passes where there are new ones', async (t) => {
  const interactions = someInteractions(60, 2).map((one) => ({ ...one, trustee: 'b-1' }));
  const driver = await chained(interactions, 'never');
  const partition = driver.outputs(TRUST_LOG)[0]!.partition;
  const before = written(driver, partition).checkpoints;
  t.same(
    before.map(({ size }) => size),
    [16, 32, 48, 60].filter((size) => size <= 48),
  );
  // Nothing comes for two minutes, then one of another partition's time moves on with it.
  driver.send(TRUST_ACCEPTED, 'b-1', acceptedOf({ ...interactions[0]!, id: 'late' }), START_MS + 200_000);
  await driver.settle();
  const { log, checkpoints } = written(driver, partition);
  t.same(
    checkpoints.map(({ size }) => size),
    [16, 32, 48, 61],
    'what stood before the interval’s end, and what ended it',
  );
  for (const checkpoint of checkpoints) {
    t.same(Buffer.from(checkpoint.root), Buffer.from(merkleRoot(leavesOf(log), 0, checkpoint.size)));
    t.ok(isSignedBy(checkpoint, checkpoint.signature, publicKey));
  }
  await driver.close();
});

t.test('without a key nothing is signed, and roots are the same', async (t) => {
  const interactions = someInteractions(40, 3).map((one) => ({ ...one, trustee: 'b-1' }));
  const signed = await chained(interactions, 'never');
  const unsigned = await chained(interactions, 'never', { ...CHAIN_DEFAULTS, entries: 16, key: null as never });
  const of = (driver: ActorDriver) => driver.outputs<Checkpoint>(TRUST_CHECKPOINTS).map(({ value }) => value);
  t.same(
    of(unsigned).map(({ root, signature }) => [root, signature.length]),
    of(signed).map(({ root }) => [root, 0]),
  );
  await signed.close();
  await unsigned.close();
});
