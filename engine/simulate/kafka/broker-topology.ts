/** What a simulated broker says of its cluster and topics. */
import type * as protocol from '../../log/kafka/protocol/index.ts';
import type { Complete, Loose } from '../../log/kafka/protocol/index.ts';
import { BROKER_ID, type BrokerState } from './broker-state.ts';
import type { BrokerTopic } from './broker-topics.ts';
import { ERROR } from './kafka-error-codes.ts';

export function answerMetadata(
  { setup, topics }: BrokerState,
  request: Complete<protocol.MetadataRequest>,
): Loose<protocol.MetadataResponse> {
  const described = (topic: BrokerTopic) => ({
    errorCode: ERROR.NONE,
    name: topic.name,
    topicId: topic.id,
    partitions: topic.partitions.map((_, partitionIndex) => ({
      ...{ errorCode: ERROR.NONE, partitionIndex, leaderId: BROKER_ID, leaderEpoch: 0 },
      ...{ replicaNodes: [BROKER_ID], isrNodes: [BROKER_ID], offlineReplicas: [] },
    })),
  });
  return {
    brokers: [{ nodeId: BROKER_ID, host: setup.host, port: setup.port, rack: null }],
    clusterId: setup.clusterId,
    controllerId: BROKER_ID,
    topics:
      request.topics === null
        ? topics.all.map(described)
        : request.topics.map(({ name, topicId }) => {
            const topic = topics.find({ name: name ?? '', id: topicId });
            return topic === undefined
              ? { errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION, name, topicId, partitions: [] }
              : described(topic);
          }),
  };
}

const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

export function answerCreateTopics(
  { topics }: BrokerState,
  request: Complete<protocol.CreateTopicsRequest>,
): Loose<protocol.CreateTopicsResponse> {
  return {
    topics: request.topics.map(({ name, numPartitions, configs }) => {
      if (!TOPIC_NAME.test(name)) return { name, errorCode: ERROR.INVALID_TOPIC_EXCEPTION, errorMessage: 'bad name' };
      if (topics.find({ name }) !== undefined) {
        return { name, errorCode: ERROR.TOPIC_ALREADY_EXISTS, errorMessage: `Topic '${name}' already exists.` };
      }
      const { id } = topics.create(
        name,
        numPartitions,
        new Map(configs.map((config) => [config.name, config.value ?? ''])),
      );
      return { name, topicId: id, errorCode: ERROR.NONE, errorMessage: null, numPartitions, replicationFactor: 1 };
    }),
  };
}

const TOPIC_RESOURCE = 2;
const DEFAULTS = {
  'cleanup.policy': 'delete',
  'retention.ms': '604800000',
  'retention.bytes': '-1',
  'segment.bytes': '1073741824',
};

export function answerDescribeConfigs(
  { topics }: BrokerState,
  request: Complete<protocol.DescribeConfigsRequest>,
): Loose<protocol.DescribeConfigsResponse> {
  return {
    results: request.resources.map(({ resourceName }) => {
      const topic = topics.find({ name: resourceName });
      const resource = { resourceType: TOPIC_RESOURCE, resourceName };
      if (topic === undefined) return { ...resource, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION, configs: [] };
      const configs = Object.entries({ ...DEFAULTS, ...Object.fromEntries(topic.configs) });
      return { ...resource, errorCode: ERROR.NONE, configs: configs.map(([name, value]) => ({ name, value })) };
    }),
  };
}

export function answerDescribeLogDirs({ topics }: BrokerState): Loose<protocol.DescribeLogDirsResponse> {
  return {
    results: [
      {
        errorCode: ERROR.NONE,
        logDir: '/simulated',
        topics: topics.all.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ bytes }, partitionIndex) => ({ partitionIndex, partitionSize: bytes })),
        })),
      },
    ],
  };
}
