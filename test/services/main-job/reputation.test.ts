/** How the actors of trust stand in the main job: what is called directly, and what lies in the log. */
import { join } from 'node:path';
import t from 'tap';
import { JUDGE_DEFAULTS } from '../../../actors/judge/index.ts';
import { planTopology } from '../../../engine/index.ts';
import { MAIN_JOB_CONFIG, mainJobTopology } from '../../../services/main-job/index.ts';

const trust = {
  ...{ services: [], smallHalfLifeMs: 3_600_000, bigHalfLifeMs: 86_400_000 },
  ...{ horizonMs: 3_600_000, aheadMs: 60_000, idsMax: 10_000 },
};

t.test('chain is called by trust, place by aggregate, and judge reads what other partitions have seen', async (t) => {
  const config = {
    ...MAIN_JOB_CONFIG,
    ...{ keysFolder: join(t.testdir({}), 'keys'), trust, trustLog: { checkpointMs: 60_000 }, judge: JUDGE_DEFAULTS },
  };
  const plan = planTopology(await mainJobTopology(config));
  const groups = plan.subtopologies.map(({ stages }) => stages.map(({ actor }) => actor.name).join(' '));
  t.same(groups.toSorted(), ['judge', 'trust chain', 'verify decode aggregate place']);
  const topics = plan.topics.map(({ name }) => name);
  for (const name of ['trust.interactions', 'trust.scores', 'trust.log', 'trust.checkpoints', 'trust.observations'])
    t.ok(topics.includes(name), name);
  t.notOk(topics.includes('trust.accepted'), 'nothing is written twice');
  const topicOf = (wanted: string) => plan.topics.find(({ name }) => name === wanted);
  t.match(topicOf('trust.commands'), { cleanup: 'delete' });
  t.match(topicOf('trust.decisions'), { cleanup: 'delete' });
  t.equal(topicOf('trust.decisions')?.retentionMs, undefined, 'an audit is not forgotten');
  const log = plan.topics.find(({ name }) => name === 'trust.log');
  t.match(log, { cleanup: 'delete' });
  t.equal(log?.retentionMs, undefined, 'and nothing of it is forgotten');
});

t.test('without trust there is none of it', async (t) => {
  const config = { ...MAIN_JOB_CONFIG, keysFolder: join(t.testdir({}), 'keys') };
  const plan = planTopology(await mainJobTopology(config));
  t.notOk(plan.topics.some(({ name }) => name.startsWith('trust.')));
});
