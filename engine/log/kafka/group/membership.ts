/** What the two group protocols have in common: how a member is described, and how it lives. */
import type { Clock, MsecError, Random } from '../../../base/index.ts';
import type { GroupCoordinator } from './coordinator.ts';
import type { Holding } from './holding.ts';

export interface MembershipSetup {
  readonly coordinator: GroupCoordinator;
  readonly holding: Holding;
  readonly clock: Clock;
  readonly random: Random;
  readonly group: string;
  readonly topic: string;
  /** Static membership (KIP-345): this process comes back under the same name, and nothing moves meanwhile. */
  readonly instanceId: string | null;
  /** Without a word from a member for so long, the classic protocol gives its partitions to others. */
  readonly sessionTimeoutMs: number;
  /** So long may a member take to give partitions up. */
  readonly rebalanceTimeoutMs: number;
  /** Heartbeats come at least so often, or more often where the coordinator asks for that. */
  readonly heartbeatIntervalMs: number;
  /** For so long the first join is tried again when what is in its way may pass. */
  readonly joinMsMax: number;
  /** Told the member's id before the group can hold anything for it, or as soon as the group has given it. */
  knownAs(memberId: string): void;
}

export interface Membership {
  /**
   * Joins, and stays a member until `close`; `joined` is called once. Rejects only before that, with what no retry
   * mends, or with ProtocolUnsupported.
   */
  run(joined: () => void): Promise<void>;
  /** Leaves the group, as far as the coordinator can be reached; `run` then resolves. */
  close(): Promise<void>;
}

/** The coordinator does not speak the protocol. */
export class ProtocolUnsupported extends Error {
  constructor(error: MsecError) {
    super(error.message, { cause: error });
    this.name = 'ProtocolUnsupported';
  }
}

export const BACKOFF_MS_MIN = 50;
export const BACKOFF_MS_MAX = 5_000;
