/**
 * Several real Kafka brokers that form one KRaft cluster, each broker and controller at once; a majority must live for
 * leaders to be elected. Needs what kafka-server.ts needs, and some 400 MB of memory a broker.
 */
import { freePorts } from './free-ports.ts';
import { type KafkaServer, newClusterId, startKafka } from './kafka-server.ts';

export interface KafkaCluster {
  /** host:port of each broker, separated by commas. */
  readonly bootstrap: string;
  /** By their ids, which count from 1. */
  readonly servers: ReadonlyMap<number, KafkaServer>;
  stop(): Promise<void>;
}

const JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Topics are replicated to all brokers, and writes need a majority of them. */
export async function startKafkaCluster(
  count = 3,
  properties: Readonly<Record<string, string>> = {},
): Promise<KafkaCluster> {
  const ports = await freePorts(2 * count);
  const clusterId = newClusterId();
  const nodes = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    clusterId,
    brokerPort: ports[2 * i]!,
    controllerPort: ports[2 * i + 1]!,
  }));
  const voters = nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(',');
  const majority = `${Math.floor(count / 2) + 1}`;
  const shared = {
    'controller.quorum.voters': voters,
    'default.replication.factor': `${count}`,
    'min.insync.replicas': majority,
    'offsets.topic.replication.factor': `${count}`,
    'transaction.state.log.replication.factor': `${count}`,
    'transaction.state.log.min.isr': majority,
    'controller.quorum.election.timeout.ms': '1000',
    'controller.quorum.fetch.timeout.ms': '2000',
    // Busy machines answer late, and a broker that is fenced for it would move all leaders.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    'replica.lag.time.max.ms': '10000',
    ...properties,
  };
  const started = await Promise.allSettled(
    nodes.map((node) => startKafka({ ...shared, 'node.id': `${node.id}` }, { node, jvm: JVM })),
  );
  const servers = new Map<number, KafkaServer>();
  for (const [i, result] of started.entries()) if (result.status === 'fulfilled') servers.set(i + 1, result.value);
  const stop = async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  };
  for (const result of started) {
    if (result.status === 'fulfilled') continue;
    await stop();
    throw result.reason;
  }
  return { bootstrap: [...servers.values()].map(({ bootstrap }) => bootstrap).join(','), servers, stop };
}
