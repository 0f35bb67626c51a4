// Time limit: 900 s.
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import t from 'tap';
import { openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import { ALL_LOG_PARTS, type LogUnderTest, logSuite } from '../../../../engine/testkit/log-suite.ts';
import { type KafkaOptions, startKafka } from '../../../support/kafka-server.ts';
import { needs } from '../../../support/needs.ts';

/** Brokers that speak either form of the transaction protocol, the oldest and the newest. */
const BROKERS: readonly (readonly [name: string, options: KafkaOptions])[] = [
  ['Kafka 4.1', {}],
  ['Kafka 4.1 with transaction.version 1', { features: { 'transaction.version': 1 } }],
  ['Kafka 3.9', { version: '3.9.1' }],
];

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  t.setTimeout(890_000);
  // One after another: each broker takes the memory of one.
  for (const [name, options] of BROKERS) await conform(name, options);
}

async function conform(name: string, options: KafkaOptions): Promise<void> {
  const server = await startKafka({ 'log.cleaner.min.cleanable.ratio': '0.01' }, options);
  const kafka = new Kafka({ brokers: [server.bootstrap], logLevel: logLevel.NOTHING });
  const foreign = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await foreign.connect();
  const told: string[] = [];

  const open = async (): Promise<LogUnderTest> => {
    const openLog = () =>
      openKafkaLog({ bootstrap: [server.bootstrap], applicationId: 'suite', emit: (name) => told.push(name) });
    let log = openLog();
    return {
      log,
      // The driver asks for no smaller segments, and a broker takes no record without a key into a compacted topic.
      segmentBytesMin: 1024 * 1024,
      needsKeys: true,
      // The broker looks for old segments ten times a second, which these round trips outlast before long; a busy machine
      // may have its answers while its cleaner waits.
      async maintain() {
        await log.describe();
      },
      maintenanceRoundsMax: 20_000,
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

  // A quota of the disk is what Kafka does not have: no reader can be required there.
  const parts = ALL_LOG_PARTS.filter((part) => part !== 'quota');
  await logSuite(t, name, open, parts);
  t.test(`${name}: the old transaction protocol is told of, the new one is not`, async (t) => {
    const isOld = Object.keys(options).length > 0;
    t.equal(told.includes('transactionProtocolOld'), isOld);
  });
  await foreign.disconnect();
  await server.stop();
}
