// Time limit: 900 s.
import t from 'tap';
import { systemClock } from '../../../../../engine/base/index.ts';
import { Cluster } from '../../../../../engine/log/kafka/client/index.ts';
import { openKafkaLog } from '../../../../../engine/log/kafka/index.ts';
import { startKafkaCluster } from '../../../../support/kafka-cluster.ts';
import { needs } from '../../../../support/needs.ts';
import { batches, readAll, values } from '../texts.ts';

t.setTimeout(890_000);
if (needs(t, 'java', 'mvn')) {
  t.test('a reader goes on under new leaders when brokers are killed, and sees each record once', async (t) => {
    const kafka = await startKafkaCluster();
    const bootstrap = kafka.bootstrap.split(',');
    const log = openKafkaLog({ bootstrap });
    const options = { bootstrap, clientId: 'test', clock: systemClock, requestTimeoutMs: 30_000, retryMsMax: 120_000 };
    const cluster = new Cluster(options);
    t.teardown(async () => {
      cluster.close();
      await log.close();
      await kafka.stop();
    });
    await log.createTopics([{ name: 'moving', partitions: 1, cleanup: 'delete' }]);
    const reader = log.openReader();
    const expected: string[] = [];
    const seen: (string | null)[] = [];
    let position = 0;
    const append = async (value: string) => {
      await log.commit({ appends: [{ topic: 'moving', partition: 0, bytes: batches([value]) }] });
      expected.push(value);
    };
    const readOn = async () => {
      while (seen.length < expected.length) {
        await reader.wait([{ topic: 'moving', partition: 0, offset: position }], 60_000);
        const texts = await readAll(reader, 'moving', 0, position);
        seen.push(...values(texts));
        position = (texts.at(-1)?.offset ?? position - 1) + 1;
      }
    };
    const leaderAndEpoch = () =>
      cluster.retry(() => {
        cluster.forget();
        return cluster.leaderAndEpoch('moving', 0);
      });
    await append('before');
    await readOn();
    for (const round of [1, 2]) {
      const { leader, epoch } = await leaderAndEpoch();
      const waiting = reader.wait([{ topic: 'moving', partition: 0, offset: position }], 120_000);
      await kafka.servers.get(leader)?.kill();
      await append(`under another leader, ${round}`);
      t.equal(await waiting, true);
      await readOn();
      const now = await leaderAndEpoch();
      t.not(now.leader, leader);
      t.ok(now.epoch > epoch);
      if (round === 1) await kafka.servers.get(leader)?.restart();
    }
    await append('after');
    await readOn();
    t.same(seen, expected);
  });
}
