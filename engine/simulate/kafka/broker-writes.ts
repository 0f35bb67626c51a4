/** What changes a simulated broker's logs: writes, and offsets within transactions. */
import { batchSpans } from '../../batch/index.ts';
import type * as protocol from '../../log/kafka/protocol/index.ts';
import type { Complete, Loose } from '../../log/kafka/protocol/index.ts';
import { readI16 } from './batch-fields.ts';
import { type BrokerState, type BrokerTrouble, coordinatorError, OFFSETS_PART } from './broker-state.ts';
import { ERROR } from './kafka-error-codes.ts';

const AT_PRODUCER_EPOCH = 51;
/** From these versions on a request stands for the one that lets its partition or group join (KIP-890). */
const PRODUCE_JOINS_FROM = 12;
const OFFSETS_JOIN_FROM = 5;
/** From these on a client knows the answer that only the transaction is lost. */
const PRODUCE_KNOWS_ABORTABLE_FROM = 11;
const OFFSETS_KNOW_ABORTABLE_FROM = 4;

const partOf = (topic: string, partition: number): string => `${topic}\0${partition}`;
const offsetsPartOf = (group: string): string => `${OFFSETS_PART}\0${group}`;

export function answerProduce(
  broker: BrokerState,
  request: Complete<protocol.ProduceRequest>,
  version: number,
  trouble: BrokerTrouble,
): Loose<protocol.ProduceResponse> {
  return {
    responses: request.topicData.map(({ name, topicId, partitionData }) => {
      const topic = broker.topics.find({ name, id: topicId });
      return {
        name,
        topicId,
        partitionResponses: partitionData.map(({ index, records }) => {
          const log = topic?.partitions[index];
          const failed = (errorCode: number) => ({ index, errorCode, baseOffset: -1, errorMessage: null });
          if (log === undefined || topic === undefined || records === null)
            return failed(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
          if (trouble !== 'none') return failed(ERROR.NOT_LEADER_OR_FOLLOWER);
          const [span] = batchSpans(records);
          if (span?.isTransactional === true) {
            const error = admit(
              broker,
              request.transactionalId ?? '',
              span.producerId,
              records,
              topic.name,
              index,
              version,
            );
            if (error !== ERROR.NONE) return failed(error);
          }
          const { error, baseOffset } = log.append(records);
          return { index, errorCode: error, baseOffset, errorMessage: null, logStartOffset: log.start };
        }),
      };
    }),
  };
}

/** What a leader asks the coordinator before it writes. */
function admit(
  { transactions }: BrokerState,
  transactionalId: string,
  producerId: number,
  records: Uint8Array,
  topic: string,
  partition: number,
  version: number,
): number {
  const epoch = readI16(records, AT_PRODUCER_EPOCH);
  const part = partOf(topic, partition);
  const error =
    version >= PRODUCE_JOINS_FROM
      ? transactions.join(transactionalId, producerId, epoch, part)
      : transactions.verify(transactionalId, producerId, epoch, part);
  if (error === ERROR.PRODUCER_FENCED) return ERROR.INVALID_PRODUCER_EPOCH;
  if (error === ERROR.INVALID_TXN_STATE && version >= PRODUCE_KNOWS_ABORTABLE_FROM) return ERROR.TRANSACTION_ABORTABLE;
  // Older clients do not know this answer to a write.
  if (error === ERROR.CONCURRENT_TRANSACTIONS && version < PRODUCE_JOINS_FROM) return ERROR.NOT_ENOUGH_REPLICAS;
  return error;
}

export function answerTxnOffsetCommit(
  { transactions, offsets }: BrokerState,
  request: Complete<protocol.TxnOffsetCommitRequest>,
  version: number,
  trouble: BrokerTrouble,
): Loose<protocol.TxnOffsetCommitResponse> {
  const { transactionalId, producerId, producerEpoch, groupId } = request;
  const part = offsetsPartOf(groupId);
  const troubled = coordinatorError(trouble);
  const asked =
    troubled !== ERROR.NONE
      ? troubled
      : version >= OFFSETS_JOIN_FROM
        ? transactions.join(transactionalId, producerId, producerEpoch, part)
        : transactions.verify(transactionalId, producerId, producerEpoch, part);
  const errorCode = offsetsError(asked, version);
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => {
        if (errorCode === ERROR.NONE)
          offsets.storeLater(producerId, groupId, name, partitionIndex, committedOffset, committedMetadata ?? '');
        return { partitionIndex, errorCode };
      }),
    })),
  };
}

function offsetsError(error: number, version: number): number {
  if (error === ERROR.PRODUCER_FENCED) return ERROR.INVALID_PRODUCER_EPOCH;
  if (error === ERROR.INVALID_TXN_STATE && version >= OFFSETS_KNOW_ABORTABLE_FROM) return ERROR.TRANSACTION_ABORTABLE;
  return error;
}

export function answerAddPartitions(
  { transactions }: BrokerState,
  request: Complete<protocol.AddPartitionsToTxnRequest>,
  trouble: BrokerTrouble,
): Loose<protocol.AddPartitionsToTxnResponse> {
  const troubled = coordinatorError(trouble);
  const { v3AndBelowTransactionalId: id, v3AndBelowProducerId: producerId, v3AndBelowProducerEpoch: epoch } = request;
  return {
    resultsByTopicV3AndBelow: request.v3AndBelowTopics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partitionIndex) => ({
        partitionIndex,
        partitionErrorCode:
          troubled === ERROR.NONE ? transactions.join(id, producerId, epoch, partOf(name, partitionIndex)) : troubled,
      })),
    })),
  };
}

export function answerAddOffsets(
  { transactions }: BrokerState,
  request: Complete<protocol.AddOffsetsToTxnRequest>,
  trouble: BrokerTrouble,
): Loose<protocol.AddOffsetsToTxnResponse> {
  const { transactionalId, producerId, producerEpoch, groupId } = request;
  const troubled = coordinatorError(trouble);
  const errorCode =
    troubled === ERROR.NONE
      ? transactions.join(transactionalId, producerId, producerEpoch, offsetsPartOf(groupId))
      : troubled;
  return { errorCode };
}
