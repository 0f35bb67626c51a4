/** What a simulated broker is made of, for the files that answer its requests. */
import type { Loose } from '../../log/kafka/protocol/index.ts';
import type { BrokerTopics } from './broker-topics.ts';
import type { FetchSessions } from './fetch-sessions.ts';
import type { GroupOffsets } from './group-offsets.ts';
import { ERROR } from './kafka-error-codes.ts';
import type { Transactions } from './transactions.ts';

/** Errors that pass: a leader that moves, a coordinator that loads. */
export type BrokerTrouble = 'none' | 'moved' | 'loading';

export interface BrokerSetup {
  /** Of `transaction.version`. */
  readonly transactionVersion: 1 | 2;
  readonly clusterId: string;
  readonly host: string;
  readonly port: number;
  now(): number;
  after(ms: number, run: () => void): void;
  /** How long the next marker takes. */
  markerMs(): number;
  /** Asked at each read of a partition: whether it gives one batch where there is room for more, as Kafka does at times. */
  isShortRead(): boolean;
  /** Asked once for each request. */
  trouble(api: string): BrokerTrouble;
}

export type Respond<Response> = (response: Loose<Response>) => void;

export interface BrokerState {
  readonly setup: BrokerSetup;
  readonly topics: BrokerTopics;
  readonly offsets: GroupOffsets;
  readonly sessions: FetchSessions;
  readonly transactions: Transactions;
}

export const OFFSETS_PART = '__consumer_offsets';
export const BROKER_ID = 1;

/** What a coordinator that moves or loads answers. */
export function coordinatorError(trouble: BrokerTrouble): number {
  if (trouble === 'moved') return ERROR.NOT_COORDINATOR;
  return trouble === 'loading' ? ERROR.COORDINATOR_LOAD_IN_PROGRESS : ERROR.NONE;
}
