/** A Kafka broker as a user would run it on one machine: the start scripts' JVM options, the defaults' housekeeping. */
import { type KafkaServer, startKafka } from '../../test/support/kafka-server.ts';

/** Of bin/kafka-server-start.sh and bin/kafka-run-class.sh. */
const JVM = [
  '-Xms1g',
  '-Xmx1g',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
];

/** Kafka's own values, where the tests' broker has others. */
const PROPERTIES = {
  'offsets.topic.num.partitions': '50',
  'transaction.state.log.num.partitions': '50',
  'broker.session.timeout.ms': '9000',
  'broker.heartbeat.interval.ms': '2000',
  'log.cleaner.backoff.ms': '15000',
  'log.retention.check.interval.ms': '300000',
  'log.initial.task.delay.ms': '30000',
};

export function startBenchKafka(properties: Readonly<Record<string, string>> = {}): Promise<KafkaServer> {
  return startKafka({ ...PROPERTIES, ...properties }, { jvm: JVM });
}
