/**
 * Fetch sessions (KIP-227): a broker keeps what a client reads, so that later requests name only what changed, and
 * answers only have partitions with something new.
 */
import { ERROR } from './kafka-error-codes.ts';

export interface SessionPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly bytesMax: number;
  readonly leaderEpoch: number;
  /** What the client was told last; it is told again when it changes. */
  told: string;
}

interface Session {
  readonly id: number;
  epoch: number;
  readonly partitions: Map<string, SessionPartition>;
}

export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly wanted: readonly SessionPartition[];
  /** Keys of `partitionKey`. */
  readonly forgotten: readonly string[];
}

export interface SessionAnswer {
  readonly error: number;
  /** 0: there is none. */
  readonly id: number;
  readonly partitions: readonly SessionPartition[];
  readonly isIncremental: boolean;
}

const FINAL_EPOCH = -1;
const SESSIONS_MAX = 16;

export const partitionKey = (topic: string, topicId: string, partition: number): string =>
  `${topic === '' ? topicId : topic}\0${partition}`;

const keyOf = ({ topic, topicId, partition }: SessionPartition): string => partitionKey(topic, topicId, partition);

export class FetchSessions {
  readonly #sessions = new Map<number, Session>();
  #idNext = 1;

  answer({ sessionId, sessionEpoch, wanted, forgotten }: SessionRequest): SessionAnswer {
    if (sessionEpoch === 0 || sessionEpoch === FINAL_EPOCH) {
      this.#sessions.delete(sessionId);
      if (sessionEpoch === FINAL_EPOCH) return { error: ERROR.NONE, id: 0, partitions: wanted, isIncremental: false };
      return this.#begin(wanted);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return refused(ERROR.FETCH_SESSION_ID_NOT_FOUND);
    if (session.epoch !== sessionEpoch) return refused(ERROR.INVALID_FETCH_SESSION_EPOCH);
    session.epoch++;
    for (const key of forgotten) session.partitions.delete(key);
    for (const one of wanted) session.partitions.set(keyOf(one), one);
    return { error: ERROR.NONE, id: sessionId, partitions: [...session.partitions.values()], isIncremental: true };
  }

  /** As a broker that restarts, or needs the room. */
  forgetAll(): void {
    this.#sessions.clear();
  }

  #begin(wanted: readonly SessionPartition[]): SessionAnswer {
    const id = this.#idNext++;
    const partitions = new Map(wanted.map((one) => [keyOf(one), one]));
    this.#sessions.set(id, { id, epoch: 1, partitions });
    if (this.#sessions.size > SESSIONS_MAX) this.#sessions.delete(this.#sessions.keys().next().value as number);
    return { error: ERROR.NONE, id, partitions: wanted, isIncremental: false };
  }
}

function refused(error: number): SessionAnswer {
  return { error, id: 0, partitions: [], isIncremental: false };
}
