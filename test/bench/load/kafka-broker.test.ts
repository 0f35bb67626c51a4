/** One broker for several workloads: each finds it empty, and the last leaves none behind. */
import { connect } from 'node:net';
import t from 'tap';
import { startBenchKafka, withSharedKafka } from '../../../bench/load/kafka-broker.ts';
import { openKafkaLog } from '../../../engine/index.ts';
import { missing } from '../../support/needs.ts';

const skip = missing('java') ?? missing('mvn') ?? false;

async function topicsOf(bootstrap: string, made: readonly string[] = []): Promise<string[]> {
  const log = await openKafkaLog({ bootstrap: [bootstrap] });
  try {
    await log.createTopics(made.map((name) => ({ name, partitions: 2, cleanup: 'delete' })));
    const names = (await log.describe()).map(({ name }) => name);
    return names.filter((name) => !name.startsWith('__')).toSorted();
  } finally {
    await log.close();
  }
}

function isReached(bootstrap: string): Promise<boolean> {
  const [host, port] = bootstrap.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    const done = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

t.test('workloads in a row share a broker and find it empty; afterwards it is gone', { skip }, async (t) => {
  const used: string[] = [];
  await withSharedKafka(async () => {
    for (let round = 0; round < 2; round++) {
      const { bootstrap, stop } = await startBenchKafka();
      used.push(bootstrap);
      t.same(await topicsOf(bootstrap), []);
      t.same(await topicsOf(bootstrap, ['a', 'b']), ['a', 'b']);
      await stop();
    }
    t.equal(await isReached(used[0]!), true);
  });
  t.equal(used[0], used[1]);
  t.equal(await isReached(used[0]!), false);
});

t.test('nobody wants one, none is started', async (t) => {
  t.equal(await withSharedKafka(async () => 'done'), 'done');
});
