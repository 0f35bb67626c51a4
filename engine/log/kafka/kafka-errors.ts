/**
 * Kafka's error codes (protocol guide, "Error Codes") as ours. What may pass by itself, a moved leader or a coordinator
 * that loads, is DEPENDENCY_DOWN: the driver looks the cluster up again and retries within its limit.
 */
import { type ErrorCode, MsecError } from '../../base/index.ts';

export const NO_ERROR = 0;
export const UNKNOWN_TOPIC_OR_PARTITION = 3;
export const TOPIC_ALREADY_EXISTS = 36;
export const POLICY_VIOLATION = 44;

const CODES: Readonly<Record<number, readonly [name: string, code: ErrorCode]>> = {
  1: ['OFFSET_OUT_OF_RANGE', 'OFFSET_OUT_OF_RANGE'],
  2: ['CORRUPT_MESSAGE', 'BATCH_CORRUPT'],
  [UNKNOWN_TOPIC_OR_PARTITION]: ['UNKNOWN_TOPIC_OR_PARTITION', 'DEPENDENCY_DOWN'],
  5: ['LEADER_NOT_AVAILABLE', 'DEPENDENCY_DOWN'],
  6: ['NOT_LEADER_OR_FOLLOWER', 'DEPENDENCY_DOWN'],
  7: ['REQUEST_TIMED_OUT', 'DEPENDENCY_DOWN'],
  10: ['MESSAGE_TOO_LARGE', 'BATCH_TOO_LARGE'],
  14: ['COORDINATOR_LOAD_IN_PROGRESS', 'DEPENDENCY_DOWN'],
  15: ['COORDINATOR_NOT_AVAILABLE', 'DEPENDENCY_DOWN'],
  16: ['NOT_COORDINATOR', 'DEPENDENCY_DOWN'],
  17: ['INVALID_TOPIC_EXCEPTION', 'CONFIG_INVALID'],
  18: ['RECORD_LIST_TOO_LARGE', 'BATCH_TOO_LARGE'],
  19: ['NOT_ENOUGH_REPLICAS', 'DEPENDENCY_DOWN'],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'DEPENDENCY_DOWN'],
  // The group has members: who commits from outside of it is not its owner any more.
  25: ['UNKNOWN_MEMBER_ID', 'FENCED'],
  32: ['INVALID_TIMESTAMP', 'BATCH_CORRUPT'],
  37: ['INVALID_PARTITIONS', 'CONFIG_INVALID'],
  40: ['INVALID_CONFIG', 'CONFIG_INVALID'],
  42: ['INVALID_REQUEST', 'CONFIG_INVALID'],
  [POLICY_VIOLATION]: ['POLICY_VIOLATION', 'CONFIG_INVALID'],
  76: ['UNSUPPORTED_COMPRESSION_TYPE', 'BATCH_CORRUPT'],
  87: ['INVALID_RECORD', 'BATCH_CORRUPT'],
};

/** The error of an answer; `what` says which request of which partition. */
export function answerError(error: number, what: string, message: string | null = null): MsecError {
  const [name, code] = CODES[error] ?? [`error ${error}`, 'DEPENDENCY_DOWN'];
  return new MsecError(code, `Kafka answers ${name} to ${what}${message === null ? '' : `: ${message}`}`);
}
