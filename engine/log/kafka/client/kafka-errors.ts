/**
 * Every error code of Kafka (protocol guide, "Error Codes") with what it means here: our code, and what a client can do
 * about it. What may pass by itself is DEPENDENCY_DOWN, so that whoever knows no more retries it.
 */
import { type ErrorCode, MsecError } from '../../../base/index.ts';

/**
 * retry: the same again, later. refresh: again, after leaders or coordinators were asked for anew. abortable: the
 * transaction can only be aborted. fenced: someone newer has taken over. fatal: it will never succeed.
 */
export type KafkaErrorClass = 'retry' | 'refresh' | 'abortable' | 'fenced' | 'fatal';

export interface KafkaError {
  readonly name: string;
  readonly code: ErrorCode;
  readonly class: KafkaErrorClass;
}

type Row = readonly [number: number, name: string, code: ErrorCode, kind: KafkaErrorClass];

// biome-ignore format: a table
const ROWS = [
  [-1, 'UNKNOWN_SERVER_ERROR', 'DEPENDENCY_DOWN', 'retry'],
  [1, 'OFFSET_OUT_OF_RANGE', 'OFFSET_OUT_OF_RANGE', 'fatal'],
  [2, 'CORRUPT_MESSAGE', 'BATCH_CORRUPT', 'fatal'],
  [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'DEPENDENCY_DOWN', 'refresh'],
  [4, 'INVALID_FETCH_SIZE', 'CONFIG_INVALID', 'fatal'],
  [5, 'LEADER_NOT_AVAILABLE', 'DEPENDENCY_DOWN', 'refresh'],
  [6, 'NOT_LEADER_OR_FOLLOWER', 'DEPENDENCY_DOWN', 'refresh'],
  [7, 'REQUEST_TIMED_OUT', 'DEPENDENCY_DOWN', 'retry'],
  [8, 'BROKER_NOT_AVAILABLE', 'DEPENDENCY_DOWN', 'refresh'],
  [9, 'REPLICA_NOT_AVAILABLE', 'DEPENDENCY_DOWN', 'refresh'],
  [10, 'MESSAGE_TOO_LARGE', 'BATCH_TOO_LARGE', 'fatal'],
  [11, 'STALE_CONTROLLER_EPOCH', 'CONFIG_INVALID', 'fatal'],
  [12, 'OFFSET_METADATA_TOO_LARGE', 'CONFIG_INVALID', 'fatal'],
  [13, 'NETWORK_EXCEPTION', 'DEPENDENCY_DOWN', 'refresh'],
  [14, 'COORDINATOR_LOAD_IN_PROGRESS', 'DEPENDENCY_DOWN', 'retry'],
  [15, 'COORDINATOR_NOT_AVAILABLE', 'DEPENDENCY_DOWN', 'refresh'],
  [16, 'NOT_COORDINATOR', 'DEPENDENCY_DOWN', 'refresh'],
  [17, 'INVALID_TOPIC_EXCEPTION', 'CONFIG_INVALID', 'fatal'],
  [18, 'RECORD_LIST_TOO_LARGE', 'BATCH_TOO_LARGE', 'fatal'],
  [19, 'NOT_ENOUGH_REPLICAS', 'DEPENDENCY_DOWN', 'retry'],
  [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'DEPENDENCY_DOWN', 'retry'],
  [21, 'INVALID_REQUIRED_ACKS', 'CONFIG_INVALID', 'fatal'],
  [22, 'ILLEGAL_GENERATION', 'FENCED', 'fenced'],
  [23, 'INCONSISTENT_GROUP_PROTOCOL', 'CONFIG_INVALID', 'fatal'],
  [24, 'INVALID_GROUP_ID', 'CONFIG_INVALID', 'fatal'],
  [25, 'UNKNOWN_MEMBER_ID', 'FENCED', 'fenced'],
  [26, 'INVALID_SESSION_TIMEOUT', 'CONFIG_INVALID', 'fatal'],
  [27, 'REBALANCE_IN_PROGRESS', 'DEPENDENCY_DOWN', 'retry'],
  [28, 'INVALID_COMMIT_OFFSET_SIZE', 'CONFIG_INVALID', 'fatal'],
  [29, 'TOPIC_AUTHORIZATION_FAILED', 'CONFIG_INVALID', 'fatal'],
  [30, 'GROUP_AUTHORIZATION_FAILED', 'CONFIG_INVALID', 'fatal'],
  [31, 'CLUSTER_AUTHORIZATION_FAILED', 'CONFIG_INVALID', 'fatal'],
  [32, 'INVALID_TIMESTAMP', 'BATCH_CORRUPT', 'fatal'],
  [33, 'UNSUPPORTED_SASL_MECHANISM', 'CONFIG_INVALID', 'fatal'],
  [34, 'ILLEGAL_SASL_STATE', 'CONFIG_INVALID', 'fatal'],
  [35, 'UNSUPPORTED_VERSION', 'CONFIG_INVALID', 'fatal'],
  [36, 'TOPIC_ALREADY_EXISTS', 'TOPIC_CONFLICT', 'fatal'],
  [37, 'INVALID_PARTITIONS', 'CONFIG_INVALID', 'fatal'],
  [38, 'INVALID_REPLICATION_FACTOR', 'CONFIG_INVALID', 'fatal'],
  [39, 'INVALID_REPLICA_ASSIGNMENT', 'CONFIG_INVALID', 'fatal'],
  [40, 'INVALID_CONFIG', 'CONFIG_INVALID', 'fatal'],
  [41, 'NOT_CONTROLLER', 'DEPENDENCY_DOWN', 'retry'],
  [42, 'INVALID_REQUEST', 'CONFIG_INVALID', 'fatal'],
  [43, 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'BATCH_CORRUPT', 'fatal'],
  [44, 'POLICY_VIOLATION', 'CONFIG_INVALID', 'fatal'],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'FENCED', 'abortable'],
  [46, 'DUPLICATE_SEQUENCE_NUMBER', 'FENCED', 'abortable'],
  [47, 'INVALID_PRODUCER_EPOCH', 'FENCED', 'fenced'],
  [48, 'INVALID_TXN_STATE', 'FENCED', 'abortable'],
  [49, 'INVALID_PRODUCER_ID_MAPPING', 'FENCED', 'fenced'],
  [50, 'INVALID_TRANSACTION_TIMEOUT', 'CONFIG_INVALID', 'fatal'],
  [51, 'CONCURRENT_TRANSACTIONS', 'DEPENDENCY_DOWN', 'retry'],
  [52, 'TRANSACTION_COORDINATOR_FENCED', 'FENCED', 'fenced'],
  [53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'CONFIG_INVALID', 'fatal'],
  [54, 'SECURITY_DISABLED', 'CONFIG_INVALID', 'fatal'],
  [55, 'OPERATION_NOT_ATTEMPTED', 'CONFIG_INVALID', 'fatal'],
  [56, 'KAFKA_STORAGE_ERROR', 'DEPENDENCY_DOWN', 'refresh'],
  [57, 'LOG_DIR_NOT_FOUND', 'CONFIG_INVALID', 'fatal'],
  [58, 'SASL_AUTHENTICATION_FAILED', 'CONFIG_INVALID', 'fatal'],
  [59, 'UNKNOWN_PRODUCER_ID', 'FENCED', 'abortable'],
  [60, 'REASSIGNMENT_IN_PROGRESS', 'CONFIG_INVALID', 'fatal'],
  [61, 'DELEGATION_TOKEN_AUTH_DISABLED', 'CONFIG_INVALID', 'fatal'],
  [62, 'DELEGATION_TOKEN_NOT_FOUND', 'CONFIG_INVALID', 'fatal'],
  [63, 'DELEGATION_TOKEN_OWNER_MISMATCH', 'CONFIG_INVALID', 'fatal'],
  [64, 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', 'CONFIG_INVALID', 'fatal'],
  [65, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED', 'CONFIG_INVALID', 'fatal'],
  [66, 'DELEGATION_TOKEN_EXPIRED', 'CONFIG_INVALID', 'fatal'],
  [67, 'INVALID_PRINCIPAL_TYPE', 'CONFIG_INVALID', 'fatal'],
  [68, 'NON_EMPTY_GROUP', 'CONFIG_INVALID', 'fatal'],
  [69, 'GROUP_ID_NOT_FOUND', 'CONFIG_INVALID', 'fatal'],
  [70, 'FETCH_SESSION_ID_NOT_FOUND', 'DEPENDENCY_DOWN', 'retry'],
  [71, 'INVALID_FETCH_SESSION_EPOCH', 'DEPENDENCY_DOWN', 'retry'],
  [72, 'LISTENER_NOT_FOUND', 'DEPENDENCY_DOWN', 'refresh'],
  [73, 'TOPIC_DELETION_DISABLED', 'CONFIG_INVALID', 'fatal'],
  [74, 'FENCED_LEADER_EPOCH', 'DEPENDENCY_DOWN', 'refresh'],
  [75, 'UNKNOWN_LEADER_EPOCH', 'DEPENDENCY_DOWN', 'retry'],
  [76, 'UNSUPPORTED_COMPRESSION_TYPE', 'BATCH_CORRUPT', 'fatal'],
  [77, 'STALE_BROKER_EPOCH', 'CONFIG_INVALID', 'fatal'],
  [78, 'OFFSET_NOT_AVAILABLE', 'DEPENDENCY_DOWN', 'retry'],
  [79, 'MEMBER_ID_REQUIRED', 'DEPENDENCY_DOWN', 'retry'],
  [80, 'PREFERRED_LEADER_NOT_AVAILABLE', 'DEPENDENCY_DOWN', 'refresh'],
  [81, 'GROUP_MAX_SIZE_REACHED', 'CONFIG_INVALID', 'fatal'],
  [82, 'FENCED_INSTANCE_ID', 'FENCED', 'fenced'],
  [83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'DEPENDENCY_DOWN', 'refresh'],
  [84, 'ELECTION_NOT_NEEDED', 'DEPENDENCY_DOWN', 'refresh'],
  [85, 'NO_REASSIGNMENT_IN_PROGRESS', 'CONFIG_INVALID', 'fatal'],
  [86, 'GROUP_SUBSCRIBED_TO_TOPIC', 'CONFIG_INVALID', 'fatal'],
  [87, 'INVALID_RECORD', 'BATCH_CORRUPT', 'fatal'],
  [88, 'UNSTABLE_OFFSET_COMMIT', 'DEPENDENCY_DOWN', 'retry'],
  [89, 'THROTTLING_QUOTA_EXCEEDED', 'DEPENDENCY_DOWN', 'retry'],
  [90, 'PRODUCER_FENCED', 'FENCED', 'fenced'],
  [91, 'RESOURCE_NOT_FOUND', 'CONFIG_INVALID', 'fatal'],
  [92, 'DUPLICATE_RESOURCE', 'CONFIG_INVALID', 'fatal'],
  [93, 'UNACCEPTABLE_CREDENTIAL', 'CONFIG_INVALID', 'fatal'],
  [94, 'INCONSISTENT_VOTER_SET', 'CONFIG_INVALID', 'fatal'],
  [95, 'INVALID_UPDATE_VERSION', 'CONFIG_INVALID', 'fatal'],
  [96, 'FEATURE_UPDATE_FAILED', 'CONFIG_INVALID', 'fatal'],
  [97, 'PRINCIPAL_DESERIALIZATION_FAILURE', 'CONFIG_INVALID', 'fatal'],
  [98, 'SNAPSHOT_NOT_FOUND', 'CONFIG_INVALID', 'fatal'],
  [99, 'POSITION_OUT_OF_RANGE', 'CONFIG_INVALID', 'fatal'],
  [100, 'UNKNOWN_TOPIC_ID', 'DEPENDENCY_DOWN', 'refresh'],
  [101, 'DUPLICATE_BROKER_REGISTRATION', 'CONFIG_INVALID', 'fatal'],
  [102, 'BROKER_ID_NOT_REGISTERED', 'CONFIG_INVALID', 'fatal'],
  [103, 'INCONSISTENT_TOPIC_ID', 'DEPENDENCY_DOWN', 'refresh'],
  [104, 'INCONSISTENT_CLUSTER_ID', 'CONFIG_INVALID', 'fatal'],
  [105, 'TRANSACTIONAL_ID_NOT_FOUND', 'CONFIG_INVALID', 'fatal'],
  [106, 'FETCH_SESSION_TOPIC_ID_ERROR', 'DEPENDENCY_DOWN', 'retry'],
  [107, 'INELIGIBLE_REPLICA', 'CONFIG_INVALID', 'fatal'],
  [108, 'NEW_LEADER_ELECTED', 'DEPENDENCY_DOWN', 'refresh'],
  [109, 'OFFSET_MOVED_TO_TIERED_STORAGE', 'CONFIG_INVALID', 'fatal'],
  [110, 'FENCED_MEMBER_EPOCH', 'FENCED', 'fenced'],
  [111, 'UNRELEASED_INSTANCE_ID', 'DEPENDENCY_DOWN', 'retry'],
  [112, 'UNSUPPORTED_ASSIGNOR', 'CONFIG_INVALID', 'fatal'],
  [113, 'STALE_MEMBER_EPOCH', 'FENCED', 'fenced'],
  [114, 'MISMATCHED_ENDPOINT_TYPE', 'CONFIG_INVALID', 'fatal'],
  [115, 'UNSUPPORTED_ENDPOINT_TYPE', 'CONFIG_INVALID', 'fatal'],
  [116, 'UNKNOWN_CONTROLLER_ID', 'CONFIG_INVALID', 'fatal'],
  [117, 'UNKNOWN_SUBSCRIPTION_ID', 'CONFIG_INVALID', 'fatal'],
  [118, 'TELEMETRY_TOO_LARGE', 'CONFIG_INVALID', 'fatal'],
  [119, 'INVALID_REGISTRATION', 'CONFIG_INVALID', 'fatal'],
  [120, 'TRANSACTION_ABORTABLE', 'FENCED', 'abortable'],
  [121, 'INVALID_RECORD_STATE', 'DEPENDENCY_DOWN', 'retry'],
  [122, 'SHARE_SESSION_NOT_FOUND', 'DEPENDENCY_DOWN', 'retry'],
  [123, 'INVALID_SHARE_SESSION_EPOCH', 'DEPENDENCY_DOWN', 'retry'],
  [124, 'FENCED_STATE_EPOCH', 'CONFIG_INVALID', 'fatal'],
  [125, 'INVALID_VOTER_KEY', 'CONFIG_INVALID', 'fatal'],
  [126, 'DUPLICATE_VOTER', 'CONFIG_INVALID', 'fatal'],
  [127, 'VOTER_NOT_FOUND', 'CONFIG_INVALID', 'fatal'],
  [128, 'INVALID_REGULAR_EXPRESSION', 'CONFIG_INVALID', 'fatal'],
  [129, 'REBOOTSTRAP_REQUIRED', 'DEPENDENCY_DOWN', 'refresh'],
  [130, 'STREAMS_INVALID_TOPOLOGY', 'CONFIG_INVALID', 'fatal'],
  [131, 'STREAMS_INVALID_TOPOLOGY_EPOCH', 'CONFIG_INVALID', 'fatal'],
  [132, 'STREAMS_TOPOLOGY_FENCED', 'CONFIG_INVALID', 'fatal'],
  [133, 'SHARE_SESSION_LIMIT_REACHED', 'DEPENDENCY_DOWN', 'retry'],
] as const satisfies readonly Row[];

export const NO_ERROR = 0;

type Name = (typeof ROWS)[number][1];

/** The number of each error by its name. */
export const KAFKA_ERROR: Readonly<Record<Name, number>> = Object.fromEntries(
  ROWS.map(([number, name]) => [name, number]),
) as Record<Name, number>;

export const KAFKA_ERRORS: ReadonlyMap<number, KafkaError> = new Map(
  ROWS.map(([number, name, code, kind]) => [number, { name, code, class: kind }]),
);

/** A number that no broker of today sends may pass by itself. */
export function kafkaError(number: number): KafkaError {
  return KAFKA_ERRORS.get(number) ?? { name: `error ${number}`, code: 'DEPENDENCY_DOWN', class: 'retry' };
}

/** The error of an answer; `what` says which request of which partition. */
export function answerError(number: number, what: string, message: string | null = null): MsecError {
  const { name, code } = kafkaError(number);
  return new MsecError(code, `Kafka answers ${name} to ${what}${message === null ? '' : `: ${message}`}`);
}
