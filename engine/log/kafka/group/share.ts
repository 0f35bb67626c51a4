/**
 * The share of one process in a topic's partitions, as a member of a Kafka group. By the newer group protocol where the
 * cluster has it, else by the classic one. One topic stands for all: those of a plan have the same partitions.
 */
import { type Clock, MsecError, pause, type Random, systemClock, systemRandom } from '../../../base/index.ts';
import type { PartitionShare, ShareHolder } from '../../port.ts';
import { Cluster, type Network } from '../client/index.ts';
import { consumerGroupHeartbeat } from '../protocol/index.ts';
import type { KafkaReaderDescriptor } from '../settings.ts';
import { ClassicMembership } from './classic-membership.ts';
import { ConsumerMembership } from './consumer-membership.ts';
import { GroupCoordinator } from './coordinator.ts';
import { Holding } from './holding.ts';
import { leaveFor, type MemberMemory } from './last-member.ts';
import { type Membership, type MembershipSetup, ProtocolUnsupported } from './membership.ts';

export type GroupProtocol = 'auto' | 'consumer' | 'classic';

export interface KafkaShareOptions extends KafkaReaderDescriptor {
  /** Stands for all topics of the plan. It must exist. */
  readonly topic: string;
  /** Default: the application id. */
  readonly group?: string;
  /** Default auto: the newer one where the cluster offers it. All members of a group should agree. */
  readonly protocol?: GroupProtocol;
  /** A name of this process that it keeps: then a restart within the session moves no partition. */
  readonly instanceId?: string;
  /** What a process notes for the next one in its place, which so need not wait until a killed one's session is over. */
  readonly lastMember?: MemberMemory;
  /** Classic protocol: default 10 s. By the newer one it is the brokers' to say (45 s). */
  readonly sessionTimeoutMs?: number;
  /** How long tasks may take to end. Default 60 s. */
  readonly rebalanceTimeoutMs?: number;
  /** Default 1 s, or less where the brokers ask for it. */
  readonly heartbeatIntervalMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly network?: Network;
}

/** A coordinator that does not answer for so long is looked for anew. */
const REQUEST_MS_MAX = 10_000;
/** A member that gets something gets it with one of its first heartbeats; whoever gets nothing need not wait for ever. */
const FIRST_MS_MAX = 3_000;
/** Of an unreachable coordinator nobody need take leave. */
const LEAVE_MS_MAX = 3_000;

class KafkaShare implements PartitionShare {
  readonly #options: KafkaShareOptions;
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  #membership: Membership | null = null;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: KafkaShareOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#cluster = new Cluster({
      bootstrap: options.bootstrap,
      clientId: options.clientId ?? 'msec',
      clock: this.#clock,
      requestTimeoutMs: Math.min(options.requestTimeoutMs ?? REQUEST_MS_MAX, REQUEST_MS_MAX),
      retryMsMax: options.retryMsMax ?? 60_000,
      network: options.network,
      tls: options.tls,
      sasl: options.sasl,
    });
  }

  /** CONFIG_INVALID, TOPIC_UNKNOWN, FENCED where another process has the instance's name, DEPENDENCY_DOWN. */
  async start(holder: ShareHolder): Promise<void> {
    try {
      await this.#start(holder);
    } catch (error) {
      this.#cluster.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#membership !== null) await this.#within(LEAVE_MS_MAX, this.#membership.close());
    this.#cluster.close();
    await this.#running;
    this.#options.lastMember?.save(null);
  }

  async #start(holder: ShareHolder): Promise<void> {
    const { protocol = 'auto', topic } = this.#options;
    const group = this.#options.group ?? this.#options.applicationId ?? 'msec';
    const coordinator = new GroupCoordinator(this.#cluster, group);
    const setup: MembershipSetup = {
      ...{ coordinator, group, topic, clock: this.#clock },
      holding: new Holding(holder),
      random: this.#options.random ?? systemRandom,
      instanceId: this.#options.instanceId ?? null,
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: this.#options.rebalanceTimeoutMs ?? 60_000,
      heartbeatIntervalMs: this.#options.heartbeatIntervalMs ?? 1_000,
      joinMsMax: this.#options.retryMsMax ?? 60_000,
      knownAs: (memberId) => this.#options.lastMember?.save(memberId),
    };
    // Found out first, so that it is refused here and not by every member for itself.
    await this.#cluster.retry(() => coordinator.partitionCount(topic));
    const lastMember = this.#options.lastMember?.load() ?? null;
    if (lastMember !== null) await leaveFor(lastMember, coordinator, group, setup.instanceId);
    if (protocol === 'classic' || !(await this.#joinsAsConsumer(setup)))
      if (protocol === 'consumer') {
        const field = { field: 'protocol' };
        throw new MsecError('CONFIG_INVALID', 'the cluster does not offer the group protocol "consumer"', field);
      } else await this.#join(new ClassicMembership(setup), setup.holding);
  }

  /** False where the cluster has not agreed on the newer protocol, or a broker has it switched off. */
  async #joinsAsConsumer(setup: MembershipSetup): Promise<boolean> {
    if (!(await this.#cluster.retry(() => offersConsumerProtocol(setup.coordinator)))) return false;
    try {
      await this.#join(new ConsumerMembership(setup), setup.holding);
      return true;
    } catch (error) {
      if (error instanceof ProtocolUnsupported) return false;
      throw error;
    }
  }

  async #join(membership: Membership, holding: Holding): Promise<void> {
    const joined = Promise.withResolvers<void>();
    this.#membership = membership;
    const running = membership.run(() => joined.resolve());
    running.then(
      () => joined.reject(new MsecError('CLOSED', 'the share was closed before it had joined')),
      (error: Error) => joined.reject(error),
    );
    this.#running = running.catch(() => {});
    if (this.#isClosed) await membership.close();
    await joined.promise;
    await this.#within(FIRST_MS_MAX, holding.first);
  }

  async #within(ms: number, step: Promise<void>): Promise<void> {
    const done = new AbortController();
    await Promise.race([step, pause(this.#clock, ms, done.signal)]);
    done.abort();
  }
}

/** group.version is the feature that the whole cluster has agreed on (KIP-848). */
async function offersConsumerProtocol(coordinator: GroupCoordinator): Promise<boolean> {
  const connection = await coordinator.connection();
  if ((connection.finalizedFeatures.get('group.version') ?? 0) < 1) return false;
  try {
    return connection.versionOf(consumerGroupHeartbeat) >= 0;
  } catch {
    return false;
  }
}

/** A share that has not joined yet; the engine starts and closes it. */
export function openKafkaShare(options: KafkaShareOptions): PartitionShare {
  return new KafkaShare(options);
}
