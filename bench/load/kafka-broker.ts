/** A Kafka broker as a user would run it on one machine: the start scripts' JVM options, the defaults' housekeeping. */
import { openKafkaLog } from '../../engine/index.ts';
import { type KafkaServer, startKafka } from '../../test/support/kafka-server.ts';
import { deleteTopics } from './kafka-topics.ts';

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

type Properties = Readonly<Record<string, string>>;

/** For brokers that are written full: what a round has left is gone before the next one fills the memory again. */
export const FORGETFUL: Properties = { 'log.segment.delete.delay.ms': '1000' };

/** The broker that all workloads of this process have, one after another; null: each has one of its own. */
let sharing: { server: Promise<KafkaServer> | null } | null = null;

/** For runs that are only to see that all is well: a broker takes some seconds to start, and longer to become warm. */
export async function withSharedKafka<T>(use: () => Promise<T>): Promise<T> {
  const shared = { server: null } as NonNullable<typeof sharing>;
  sharing = shared;
  try {
    return await use();
  } finally {
    sharing = null;
    const server = await shared.server?.catch(() => null);
    await server?.stop();
  }
}

/** `stop` leaves a shared one running and empty. */
export async function startBenchKafka(properties: Properties = {}): Promise<KafkaServer> {
  const shared = sharing;
  const wanted = { ...PROPERTIES, ...properties };
  const given: Properties = { ...PROPERTIES, ...FORGETFUL };
  if (shared === null || Object.entries(wanted).some(([name, value]) => given[name] !== value))
    return await startKafka(wanted, { jvm: JVM });
  shared.server ??= startKafka(given, { jvm: JVM });
  try {
    const server = await shared.server;
    return { ...server, stop: () => empty(server) };
  } catch (error) {
    shared.server = null;
    throw error;
  }
}

async function empty({ bootstrap }: KafkaServer): Promise<void> {
  const log = await openKafkaLog({ bootstrap: [bootstrap] });
  try {
    await deleteTopics({ log, bootstrap }, '');
  } finally {
    await log.close();
  }
}
