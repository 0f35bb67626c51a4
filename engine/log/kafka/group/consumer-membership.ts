/**
 * A member by Kafka's newer group protocol (KIP-848): the coordinator decides who has what, and one kind of request says
 * and learns everything. A partition that is to go is held until this member says that it has given it up; one that is
 * in the assignment is free.
 */
import { MsecError } from '../../../base/index.ts';
import { answerError, KAFKA_ERROR, kafkaError, NO_ERROR } from '../client/index.ts';
import { type ConsumerGroupHeartbeatResponse, consumerGroupHeartbeat } from '../protocol/index.ts';
import { isSame } from './holding.ts';
import {
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  type Membership,
  type MembershipSetup,
  ProtocolUnsupported,
} from './membership.ts';
import { Waker } from './waker.ts';

/** Member epochs that are requests: KIP-848, "Member ID & Member Epoch". */
const JOINS = 0;
const LEAVES = -1;
const LEAVES_FOR_A_WHILE = -2;

export class ConsumerMembership implements Membership {
  readonly #setup: MembershipSetup;
  readonly #waker: Waker;
  readonly #memberId: string;
  #epoch = JOINS;
  /** Whether the next request must say everything: the coordinator may not have heard the last one. */
  #isFull = true;
  /** What the member is to hold, by the coordinator's last word. */
  #target: readonly number[] = [];
  /** What the coordinator was told last that it holds. */
  #reported: readonly number[] = [];
  #hasJoined = false;
  #joinUntil = 0;
  #isClosed = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(setup: MembershipSetup) {
    this.#setup = setup;
    this.#waker = new Waker(setup.clock);
    // As Kafka's own uuids are written; the client makes it, for its whole life.
    this.#memberId = Buffer.from(setup.random.bytes(16)).toString('base64url');
  }

  run(joined: () => void): Promise<void> {
    const running = this.#run(joined);
    this.#ended = running.catch(() => {});
    return running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waker.wake();
    await this.#ended;
    if (this.#epoch <= 0) return;
    const { coordinator, group, instanceId } = this.#setup;
    const memberEpoch = instanceId === null ? LEAVES : LEAVES_FOR_A_WHILE;
    // Whoever cannot be told finds out by himself.
    await coordinator
      .request(consumerGroupHeartbeat, { groupId: group, memberId: this.#memberId, memberEpoch, instanceId })
      .catch(() => {});
  }

  async #run(joined: () => void): Promise<void> {
    this.#joinUntil = this.#setup.clock.monotonic() + this.#setup.joinMsMax;
    this.#setup.knownAs(this.#memberId);
    let backoffMs = BACKOFF_MS_MIN;
    while (!this.#isClosed) {
      let waitMs = backoffMs;
      try {
        const answer = await this.#heartbeat();
        if (answer.errorCode === NO_ERROR) {
          backoffMs = BACKOFF_MS_MIN;
          waitMs = await this.#take(answer);
          if (!this.#hasJoined) joined();
          this.#hasJoined = true;
        } else {
          this.#refused(answer);
          backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
        }
      } catch (error) {
        this.#isFull = true;
        const mayPass = error instanceof MsecError && error.retriable;
        if (!this.#hasJoined && (!mayPass || this.#isTooLate())) throw error;
        backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
      }
      if (!this.#isClosed) await this.#waker.wait(waitMs);
    }
  }

  #isTooLate(): boolean {
    return !this.#hasJoined && this.#setup.clock.monotonic() > this.#joinUntil;
  }

  async #heartbeat(): Promise<ConsumerGroupHeartbeatResponse> {
    const { coordinator, holding, group, topic, instanceId, rebalanceTimeoutMs } = this.#setup;
    const topicId = await coordinator.topicId(topic);
    const isFull = this.#isFull;
    // Whoever joins holds nothing. Meanwhile something may be on its way out; that is reported when it is.
    const held = this.#epoch === JOINS ? [] : holding.isChanging ? null : holding.partitions;
    const isNews = held !== null && (isFull || !isSame(held, this.#reported));
    const answer = await coordinator.request(consumerGroupHeartbeat, {
      groupId: group,
      memberId: this.#memberId,
      memberEpoch: this.#epoch,
      instanceId,
      ...(isFull ? { rebalanceTimeoutMs, subscribedTopicNames: [topic] } : {}),
      topicPartitions: isNews ? (held.length === 0 ? [] : [{ topicId, partitions: held }]) : null,
    });
    if (answer.errorCode === NO_ERROR) {
      this.#isFull = false;
      if (isNews) this.#reported = held;
    }
    return answer;
  }

  /** Gives the time until the next heartbeat. */
  async #take({ memberEpoch, heartbeatIntervalMs, assignment }: ConsumerGroupHeartbeatResponse): Promise<number> {
    const { coordinator, holding, topic } = this.#setup;
    this.#epoch = memberEpoch;
    if (assignment !== null) {
      const topicId = await coordinator.topicId(topic);
      const own = assignment.topicPartitions.filter((part) => part.topicId === topicId);
      // A topic that was made anew has another id.
      if (own.length < assignment.topicPartitions.length) coordinator.forget();
      this.#target = own.flatMap(({ partitions }) => partitions).sort((a, b) => a - b);
    }
    if (!holding.isChanging && !isSame(this.#target, holding.partitions))
      holding.change(this.#target, () => this.#waker.wake());
    return Math.min(heartbeatIntervalMs, this.#setup.heartbeatIntervalMs);
  }

  /** The coordinator has an error for this member. Throws what no retry mends, as long as it has never been one. */
  #refused({ errorCode, errorMessage }: ConsumerGroupHeartbeatResponse): void {
    const { holding, group } = this.#setup;
    const error = answerError(errorCode, `the heartbeat of group ${group}`, errorMessage);
    this.#isFull = true;
    // An instance's name may be a dead process's until its session is over.
    if (kafkaError(errorCode).class === 'retry') {
      if (this.#isTooLate()) throw error;
      return;
    }
    this.#epoch = JOINS;
    this.#target = [];
    this.#reported = [];
    holding.lose(error.message);
    switch (errorCode) {
      case KAFKA_ERROR.UNKNOWN_MEMBER_ID:
      case KAFKA_ERROR.FENCED_MEMBER_EPOCH:
        break;
      case KAFKA_ERROR.UNSUPPORTED_VERSION:
        if (!this.#hasJoined) throw new ProtocolUnsupported(error);
        break;
      default:
        if (!this.#hasJoined) throw error;
    }
  }
}
