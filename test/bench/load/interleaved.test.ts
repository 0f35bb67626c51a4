// The order in which sides are measured, and which of their runs count.
import t from 'tap';
import type { CommittedRun } from '../../../bench/load/committed-run.ts';
import { costNote, endNote, interleaved, rates } from '../../../bench/load/interleaved.ts';

/** Each run a thousand frames a second faster than the one before, whoever runs. */
function planted(names: readonly string[], rounds: Readonly<Record<string, number>> = {}) {
  const ran: string[] = [];
  const contenders = names.map((name) => ({
    name,
    ...(rounds[name] === undefined ? {} : { rounds: rounds[name] }),
    run(application: string): Promise<CommittedRun> {
      ran.push(application);
      const recordsPerSecond = 1000 * ran.length;
      const untilNineTenths = name === 'msec' ? 1 + ran.length / 100 : Number.NaN;
      return Promise.resolve({ recordsPerSecond, cpuNsPerRecord: 100 * ran.length, warmUpMs: 0, untilNineTenths });
    },
  }));
  return { ran, contenders };
}

t.test('each side runs once in each round, and what warms up is not counted', async (t) => {
  const { ran, contenders } = planted(['Kafka Streams', 'msec', '64 threads']);
  const told: string[] = [];
  const runs = await interleaved(contenders, { rounds: 2, warmedUp: 2, progress: (text) => told.push(text) });
  t.same(ran, [
    'warming-kafka-streams',
    'warming-msec',
    'kafka-streams-1',
    'msec-1',
    '64-threads-1',
    'kafka-streams-2',
    'msec-2',
    '64-threads-2',
  ]);
  t.same(rates(runs.get('Kafka Streams')!), [3000, 6000]);
  t.same(rates(runs.get('msec')!), [4000, 7000]);
  t.match(costNote(runs), /Kafka Streams 600 ns, msec 700 ns, 64 threads 800 ns$/);
  t.match(endNote(runs), /: msec 1\.07$/, 'nothing is said of who was not measured to the end');
  t.same(told.slice(0, 3), ['warming up: Kafka Streams', 'warming up: msec', 'run 1: Kafka Streams 3000 frames/s']);
});

t.test('a side that takes long has fewer rounds, and what follows a round comes after all of its sides', async (t) => {
  const { ran, contenders } = planted(['ours', 'slow'], { slow: 1 });
  const after = (round: number) => {
    ran.push(`after ${round}`);
    return Promise.resolve();
  };
  await interleaved(contenders, { rounds: 2, warmedUp: 0, progress: () => {}, afterRound: after });
  t.same(ran, ['ours-1', 'slow-1', 'after 1', 'ours-2', 'after 2']);
});

t.test('no name is used twice in a process: groups outlive their workload where the broker does', async (t) => {
  const { ran, contenders } = planted(['twice']);
  for (let workload = 0; workload < 3; workload++)
    await interleaved(contenders, { rounds: 1, warmedUp: 1, progress: () => {} });
  t.same(ran, [
    ...['warming-twice', 'twice-1'],
    ...['again-2-warming-twice', 'again-2-twice-1'],
    ...['again-3-warming-twice', 'again-3-twice-1'],
  ]);
});
