import t from 'tap';
import { defineActor, rawCodec, topic } from '../../../engine/index.ts';
import type { Log, OffsetPlace } from '../../../engine/log/index.ts';
import { backlogOf } from '../../../engine/runtime/backlog.ts';
import { planTopology } from '../../../engine/topology/index.ts';
import { Rig } from './rig.ts';

const process = () => {};
const from = topic('from', rawCodec(), { external: true });
const also = topic('also', rawCodec(), { external: true });
const actor = (name: string, inputs: Parameters<typeof defineActor>[0]['inputs']) =>
  defineActor({ name, inputs, open: () => ({ process }) });
const plan = planTopology({
  name: 'app',
  partitions: 2,
  actors: [actor('one', { from, also }), actor('two', { from })],
});

t.test('a partition weighs what all of its tasks have to read', async (t) => {
  const rig = new Rig();
  await rig.run(rig.log.createTopics(plan.topics));
  for (let i = 0; i < 3; i++) await rig.append('from', 0, 'k', 'v');
  await rig.append('also', 1, 'k', 'v');
  const offsets = [{ group: 'app.two', topic: 'from', partition: 0, offset: 2 }];
  await rig.run(rig.log.commit({ offsets }));
  t.same(
    [...(await rig.run(backlogOf({ log: rig.log, plan, clock: rig.clock }, [0, 1])))],
    [
      [0, 3 + 1],
      [1, 1],
    ],
  );
  t.same([...(await rig.run(backlogOf({ log: rig.log, plan, clock: rig.clock }, [1])))], [[1, 1]]);
});

t.test('where the log does not say, or not soon, nothing is known and nothing waits', async (t) => {
  const rig = new Rig();
  const answers: [string, Log['backlog']][] = [
    ['none', undefined],
    ['refusing', () => Promise.reject(new Error('down'))],
    ['silent', () => new Promise<never>(() => {})],
  ];
  for (const [name, backlog] of answers) {
    const log = { backlog } as Log;
    const before = rig.clock.now();
    t.equal((await rig.run(backlogOf({ log, plan, clock: rig.clock }, [0, 1]))).size, 0, name);
    t.ok(rig.clock.now() - before <= 500, `${name}: soon`);
  }
  const asked: OffsetPlace[] = [];
  const log = {
    backlog: async (places) => {
      asked.push(...places);
      return [];
    },
  } as Partial<Log> as Log;
  await rig.run(backlogOf({ log, plan, clock: rig.clock }, []));
  t.same(asked, [], 'who has no partition asks nothing');
});
