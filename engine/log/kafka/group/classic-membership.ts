/**
 * A member by Kafka's classic group protocol with cooperative rebalancing (KIP-429): all members join for each change, one
 * of them, the leader, decides, and who must give something up joins once more when that has ended. While a rebalance
 * goes on, everybody works on what he has.
 */
import { MsecError } from '../../../base/index.ts';
import { answerError, KAFKA_ERROR, kafkaError, NO_ERROR } from '../client/index.ts';
import { heartbeat, type JoinGroupResponse, joinGroup, leaveGroup, syncGroup } from '../protocol/index.ts';
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './classic-data.ts';
import { isSame } from './holding.ts';
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, type Membership, type MembershipSetup } from './membership.ts';
import { assignSticky } from './sticky-assignor.ts';
import { Waker } from './waker.ts';

const PROTOCOL_TYPE = 'consumer';
/** Java's name for it: members of both kinds share a group. */
const PROTOCOL = 'cooperative-sticky';

export class ClassicMembership implements Membership {
  readonly #setup: MembershipSetup;
  readonly #waker: Waker;
  /** The coordinator gives it; empty before the first join, and when it is not known any more. */
  #memberId = '';
  #generation = -1;
  /** In which what is held was assigned. */
  #heldGeneration = -1;
  #hasJoined = false;
  #joinUntil = 0;
  #isClosed = false;

  constructor(setup: MembershipSetup) {
    this.#setup = setup;
    this.#waker = new Waker(setup.clock);
  }

  async run(joined: () => void): Promise<void> {
    this.#joinUntil = this.#setup.clock.monotonic() + this.#setup.joinMsMax;
    let backoffMs = BACKOFF_MS_MIN;
    while (!this.#isClosed) {
      try {
        const assignment = await this.#join();
        if (assignment !== null) {
          backoffMs = BACKOFF_MS_MIN;
          if (!this.#hasJoined) joined();
          this.#hasJoined = true;
          await this.#live(assignment);
          continue;
        }
      } catch (error) {
        if (!this.#hasJoined && !this.#mayRetry(error)) throw error;
      }
      if (!this.#isClosed) await this.#waker.wait(backoffMs);
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
    }
  }

  /** A static member does not leave: it comes back before its session is over, or the coordinator takes it for gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waker.wake();
    const { coordinator, group, instanceId } = this.#setup;
    const memberId = this.#memberId;
    if (memberId === '' || instanceId !== null) return;
    // Not behind a join that waits for others. Whoever cannot be told finds out by himself.
    await coordinator
      .request(
        leaveGroup,
        (version) => ({ groupId: group, ...(version >= 3 ? { members: [{ memberId }] } : { memberId }) }),
        { purpose: 'leave' },
      )
      .catch(() => {});
  }

  /** What the member is to hold; null where it has to try again. */
  async #join(): Promise<readonly number[] | null> {
    const { coordinator, holding, group, topic, instanceId, sessionTimeoutMs, rebalanceTimeoutMs } = this.#setup;
    const metadata = encodeSubscription(topic, holding.partitions, this.#heldGeneration);
    const joined = await coordinator.request(
      joinGroup,
      {
        groupId: group,
        memberId: this.#memberId,
        groupInstanceId: instanceId,
        ...{ sessionTimeoutMs, rebalanceTimeoutMs },
        protocolType: PROTOCOL_TYPE,
        protocols: [{ name: PROTOCOL, metadata }],
      },
      { extraMs: rebalanceTimeoutMs },
    );
    if (joined.errorCode === KAFKA_ERROR.MEMBER_ID_REQUIRED) {
      this.#memberId = joined.memberId;
      return this.#isClosed ? null : await this.#join();
    }
    if (joined.errorCode !== NO_ERROR) {
      this.#refused(joined.errorCode, 'JoinGroup');
      return null;
    }
    const { generationId } = joined;
    this.#generation = generationId;
    this.#memberId = joined.memberId;
    this.#setup.knownAs(joined.memberId);
    const memberId = joined.memberId;
    const isLeader = joined.leader === memberId && !joined.skipAssignment;
    const assignments = isLeader ? await this.#assign(joined) : [];
    const synced = await coordinator.request(
      syncGroup,
      (version) => ({
        ...{ groupId: group, generationId, memberId, groupInstanceId: instanceId, assignments },
        ...(version >= 5 ? { protocolType: PROTOCOL_TYPE, protocolName: PROTOCOL } : {}),
      }),
      { extraMs: rebalanceTimeoutMs },
    );
    if (synced.errorCode !== NO_ERROR) {
      this.#refused(synced.errorCode, 'SyncGroup');
      return null;
    }
    return decodeAssignment(synced.assignment, topic);
  }

  async #assign({ members }: JoinGroupResponse): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    const { coordinator, topic } = this.#setup;
    const subscribed = members.flatMap(({ memberId, metadata }) => decodeSubscription(memberId, metadata, topic) ?? []);
    const assigned = assignSticky(subscribed, await coordinator.partitionCount(topic));
    return [...assigned].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeAssignment(topic, partitions),
    }));
  }

  /** Until it must join again. */
  async #live(assignment: readonly number[]): Promise<void> {
    const { coordinator, holding, clock, group, instanceId, sessionTimeoutMs, heartbeatIntervalMs } = this.#setup;
    const isGiving = holding.partitions.some((partition) => !assignment.includes(partition));
    this.#heldGeneration = this.#generation;
    if (!isSame(assignment, holding.partitions)) holding.change(assignment, () => this.#waker.wake());
    let heardAt = clock.monotonic();
    let isRebalancing = false;
    // What is on its way out counts as held: nobody joins before it has ended.
    while (!this.#isClosed && (holding.isChanging || !(isGiving || isRebalancing))) {
      await this.#waker.wait(heartbeatIntervalMs);
      if (this.#isClosed || (!holding.isChanging && isGiving)) continue;
      const askedAt = clock.monotonic();
      const request = {
        ...{ groupId: group, generationId: this.#generation, memberId: this.#memberId },
        groupInstanceId: instanceId,
      };
      const answer = await coordinator.request(heartbeat, request).catch(() => null);
      // Also when this process has stood still: what was said a session ago is not true any more.
      if (clock.monotonic() - heardAt > sessionTimeoutMs) {
        this.#lose(`no word from the coordinator of group ${group} for ${sessionTimeoutMs} ms`);
        return;
      }
      if (answer === null) continue;
      heardAt = askedAt;
      if (answer.errorCode === KAFKA_ERROR.REBALANCE_IN_PROGRESS) isRebalancing = true;
      else if (answer.errorCode !== NO_ERROR) {
        this.#refused(answer.errorCode, 'Heartbeat');
        return;
      }
    }
  }

  /** The coordinator has an error for this member. Throws what no retry mends, as long as it has never been one. */
  #refused(errorCode: number, what: string): void {
    const error = answerError(errorCode, `${what} of group ${this.#setup.group}`);
    switch (errorCode) {
      case KAFKA_ERROR.REBALANCE_IN_PROGRESS:
        return;
      case KAFKA_ERROR.UNKNOWN_MEMBER_ID:
        this.#memberId = '';
        this.#lose(error.message);
        return;
      case KAFKA_ERROR.ILLEGAL_GENERATION:
        this.#lose(error.message);
        return;
      case KAFKA_ERROR.FENCED_INSTANCE_ID:
        // Another process goes by this name; joining again would only push it out in turn.
        this.#lose(error.message);
        if (!this.#hasJoined) throw error;
        this.#isClosed = true;
        return;
    }
    if (kafkaError(errorCode).class === 'retry') {
      if (!this.#hasJoined && !this.#mayRetry(error)) throw error;
      return;
    }
    this.#lose(error.message);
    if (!this.#hasJoined) throw error;
  }

  #lose(because: string): void {
    this.#generation = -1;
    this.#heldGeneration = -1;
    this.#setup.holding.lose(because);
  }

  #mayRetry(error: unknown): boolean {
    return error instanceof MsecError && error.retriable && this.#setup.clock.monotonic() < this.#joinUntil;
  }
}
