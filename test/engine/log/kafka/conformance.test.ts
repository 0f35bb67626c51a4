import { Kafka, logLevel, Partitioners } from 'kafkajs';
import t from 'tap';
import { openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import { type LogUnderTest, logSuite } from '../../../../engine/testkit/log-suite.ts';
import { startKafka } from '../../../support/kafka-server.ts';
import { needs } from '../../../support/needs.ts';

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const server = await startKafka();
  const kafka = new Kafka({ brokers: [server.bootstrap], logLevel: logLevel.NOTHING });
  const foreign = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await foreign.connect();
  t.teardown(async () => {
    await foreign.disconnect();
    await server.stop();
  });

  const open = async (): Promise<LogUnderTest> => {
    const openLog = () => openKafkaLog({ bootstrap: [server.bootstrap] });
    let log = openLog();
    return {
      log,
      // The broker looks for old segments ten times a second, which these round trips outlast before long.
      async maintain() {
        await log.describe();
      },
      async reopen() {
        await log.close();
        log = openLog();
        return log;
      },
      async partitionOf(key, partitions) {
        const topic = `partitioned-by-${partitions}`;
        await log.createTopics([{ name: topic, partitions, cleanup: 'delete' }]);
        const [sent] = await foreign.send({ topic, messages: [{ key: Buffer.from(key), value: null }] });
        return sent?.partition ?? -1;
      },
      cleanup: () => log.close(),
    };
  };

  // At least once, and no transactions: the other parts come with the exactly-once form of the driver.
  logSuite(t, 'kafka', open, ['order', 'replay', 'retention', 'partitioner']);
}
