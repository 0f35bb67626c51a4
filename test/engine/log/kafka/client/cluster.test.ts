// Time limit: 900 s.
import t, { type Test } from 'tap';
import { MsecError, systemClock } from '../../../../../engine/base/index.ts';
import { Cluster } from '../../../../../engine/log/kafka/client/index.ts';
import { createTopics, fetch, metadata, ZERO_UUID } from '../../../../../engine/log/kafka/protocol/index.ts';
import { type KafkaOptions, startKafka } from '../../../../support/kafka-server.ts';
import { needs } from '../../../../support/needs.ts';

/** A broker tells others of a new topic when it has heard of it itself, a moment after the controller made it. */
async function onceKnown<T>(ask: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + 120_000; ; ) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof MsecError && error.code === 'TOPIC_UNKNOWN') || Date.now() > until) throw error;
    }
  }
}

if (needs(t, 'java', 'mvn')) {
  await withBroker('4.1', {}, 2);
  await withBroker('3.9', { version: '3.9.1' }, 0);
}

function withBroker(name: string, options: KafkaOptions, transactionVersion: number): Promise<void> {
  return t.test(`Kafka ${name}`, (t) => suite(t, options, transactionVersion)).then(() => {});
}

async function suite(t: Test, options: KafkaOptions, transactionVersion: number): Promise<void> {
  const server = await startKafka({}, options);
  const cluster = new Cluster({
    bootstrap: [server.bootstrap],
    clientId: 'test',
    clock: systemClock,
    requestTimeoutMs: 60_000,
    retryMsMax: 120_000,
  });
  t.teardown(async () => {
    cluster.close();
    await server.stop();
  });

  t.test('the highest version that both sides know is spoken', async (t) => {
    const connection = await cluster.anyConnection();
    t.equal(connection.versionOf(fetch), 17);
    t.equal(connection.versionOf(fetch, 11), 11);
    t.throws(() => connection.versionOf(fetch, 3), { code: 'DEPENDENCY_DOWN', message: /does not know Fetch v4 to 3/ });
    t.equal(connection.transactionVersion, transactionVersion);
    t.ok(connection.finalizedFeatures.has('metadata.version'));
  });

  t.test('a topic has an id, leaders with epochs, and a name by its id', async (t) => {
    await t.rejects(cluster.leader('places', 0), { code: 'TOPIC_UNKNOWN' });
    const connection = await cluster.anyConnection();
    const topics = [{ name: 'places', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }];
    const created = await connection.request(createTopics, { topics, timeoutMs: 30_000 });
    t.equal(created.topics[0]?.errorCode, 0);
    const id = await onceKnown(() => cluster.topicId('places'));
    t.equal(id, created.topics[0]?.topicId);
    t.not(id, ZERO_UUID);
    t.equal(cluster.topicName(id), 'places');
    t.equal(await cluster.partitionCount('places'), 3);
    const leader = await cluster.retry(() => cluster.leaderAndEpoch('places', 2));
    t.same(leader, { leader: 1, epoch: 0 });
    cluster.learnLeader('places', 2, 7, 1);
    cluster.learnLeader('places', 2, 8, 0);
    t.equal(await cluster.leader('places', 2), 7);
    await t.rejects(cluster.leader('places', 3), { code: 'TOPIC_UNKNOWN' });
    cluster.forget();
    t.equal(await cluster.leader('places', 2), 1);
  });

  t.test('groups and transactional ids have a coordinator', async (t) => {
    t.equal(await cluster.retry(() => cluster.groupCoordinator('group')), 1);
    t.equal(await cluster.retry(() => cluster.transactionCoordinator('id-0')), 1);
    t.equal(await cluster.transactionVersion(), transactionVersion);
  });

  t.test('connections are shared by purpose, and a closed one is made again', async (t) => {
    const connection = await cluster.connection(1);
    t.equal(await cluster.connection(1), connection);
    const other = await cluster.connection(1, 'polls');
    t.not(other, connection);
    connection.close();
    const again = await cluster.connection(1);
    t.ok(again !== connection && again.isOpen && other.isOpen);
  });

  t.test('every version of Metadata that the broker knows says the same', async (t) => {
    const connection = await cluster.anyConnection();
    for (let version = metadata.versions.min; version <= connection.versionOf(metadata); version++) {
      const request = { topics: [{ name: 'places' }], ...(version < 4 ? {} : { allowAutoTopicCreation: false }) };
      const { topics } = await connection.request(metadata, request, { versionMax: version });
      t.same([topics[0]?.name, topics[0]?.partitions.length, topics[0]?.errorCode], ['places', 3, 0], `v${version}`);
    }
  });
}
