import t from 'tap';
import type { Clock } from '../../../../../engine/base/index.ts';
import { Cluster, KAFKA_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import {
  apiVersions,
  findCoordinator,
  type Message,
  metadata,
} from '../../../../../engine/log/kafka/protocol/index.ts';
import { ManualClock } from '../../manual-clock.ts';
import { type Asked, FakeBroker } from '../fake-broker.ts';

type Tap = Pick<typeof t, 'teardown'>;

async function brokers(t: Tap, count: number): Promise<FakeBroker[]> {
  const started = await Promise.all(Array.from({ length: count }, () => FakeBroker.start()));
  t.teardown(() => Promise.all(started.map((broker) => broker.stop())));
  for (const broker of started) broker.leads('topic', started.length - 1, started);
  return started;
}

function clusterOf(t: Tap, bootstrap: readonly string[], clock: Clock): Cluster {
  const cluster = new Cluster({ bootstrap, clientId: 'test', clock, requestTimeoutMs: 30_000, retryMsMax: 30_000 });
  t.teardown(() => cluster.close());
  return cluster;
}

const asked = <Request, Response>(broker: FakeBroker, message: Message<Request, Response>): Promise<Asked> =>
  new Promise((resolve) => {
    broker.on(message, (_, request) => {
      resolve(request);
      return false;
    });
  });

t.test('a broker that does not even greet holds nobody up: the next is asked beside it', async (t) => {
  const [silent, other] = await brokers(t, 2);
  const clock = new ManualClock();
  const cluster = clusterOf(t, [silent!.bootstrap, other!.bootstrap], clock);
  const greeted: Promise<Asked> = asked(silent!, apiVersions);
  const leader = cluster.leader('topic', 0);
  await greeted;
  clock.advance(999);
  await new Promise(setImmediate);
  t.equal(other!.asked.length, 0);
  clock.advance(1);
  t.equal(await leader, 1);
});

t.test('a broker that falls silent later is passed over too, and is asked last from then on', async (t) => {
  const [silent, other] = await brokers(t, 2);
  const clock = new ManualClock();
  const cluster = clusterOf(t, [silent!.bootstrap], clock);
  t.equal(await cluster.leader('topic', 0), 1);
  const fallen: Promise<Asked> = asked(silent!, metadata);
  cluster.forget();
  const leader = cluster.leader('topic', 0);
  await fallen;
  clock.advance(1000);
  t.equal(await leader, 1);
  cluster.forget();
  t.equal(await cluster.leader('topic', 0), 1, 'at once: the idle connection comes first');
  t.equal(other!.count(metadata), 2);
});

t.test('a broker that is gone is passed over at once, one whose answer is final is not', async (t) => {
  const [gone, other] = await brokers(t, 2);
  const clock = new ManualClock();
  const { bootstrap } = gone!;
  const cluster = clusterOf(t, [bootstrap, other!.bootstrap], clock);
  await gone!.stop();
  t.equal(await cluster.leader('topic', 0), 1);
  const none = clusterOf(t, [bootstrap], clock);
  await t.rejects(none.leader('topic', 0), { code: 'DEPENDENCY_DOWN', message: /ECONNREFUSED/ });
  const wrong = clusterOf(t, ['nowhere'], clock);
  await t.rejects(wrong.leader('topic', 0), { code: 'CONFIG_INVALID', field: 'bootstrap' });
});

t.test('a coordinator is remembered until it is forgotten', async (t) => {
  const [broker] = await brokers(t, 1);
  const cluster = clusterOf(t, [broker!.bootstrap], new ManualClock());
  const at = { host: '127.0.0.1', port: broker!.port };
  broker!.on(findCoordinator, ({ coordinatorKeys }) => ({
    coordinators: coordinatorKeys.map((key) => ({ key, nodeId: 5, ...at })),
  }));
  t.equal(await cluster.transactionCoordinator('id-0'), 5);
  t.equal(await cluster.transactionCoordinator('id-0'), 5);
  t.ok((await cluster.connection(5)).isOpen, 'its address came with the answer');
  t.equal(broker!.count(findCoordinator), 1);
  cluster.forgetCoordinator('transaction', 'id-0');
  const errorCode = KAFKA_ERROR.COORDINATOR_NOT_AVAILABLE;
  broker!.on(findCoordinator, () => ({ coordinators: [{ errorCode }] }));
  await t.rejects(cluster.transactionCoordinator('id-0'), {
    code: 'DEPENDENCY_DOWN',
    message: /COORDINATOR_NOT_AVAILABLE to FindCoordinator of transaction id-0/,
  });
});
