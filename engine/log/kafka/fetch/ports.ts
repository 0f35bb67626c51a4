/** What fetching needs of the client (../client/): tests put a broker of their own behind these. */
import type { Leader } from '../client/index.ts';
import type { Message } from '../protocol/index.ts';

/** An answer whose byte fields lie in the frame as it was received, until `release`, which is called once. */
export interface HeldAnswer<Response> {
  readonly response: Response;
  release(): void;
}

export interface AskOptions {
  /** How long the broker itself was asked to wait. */
  readonly extraMs?: number;
  readonly versionMax?: number;
}

export interface FetchConnection {
  versionOf(message: Pick<Message<never, unknown>, 'name' | 'apiKey' | 'versions'>, versionMax?: number): number;
  request<Request, Response>(
    message: Message<Request, Response>,
    request: Request,
    options?: AskOptions,
  ): Promise<Response>;
  requestHeld<Request, Response>(
    message: Message<Request, Response>,
    request: Request,
    options?: AskOptions,
  ): Promise<HeldAnswer<Response>>;
}

export interface FetchCluster {
  readonly isClosed: boolean;
  /** `purpose`: connections that hold up nobody else's requests. */
  connection(broker: number, purpose?: string): Promise<FetchConnection>;
  /** TOPIC_UNKNOWN, DEPENDENCY_DOWN. */
  leaderAndEpoch(topic: string, partition: number): Promise<Leader>;
  /** ZERO_UUID where the brokers know no ids. */
  topicId(topic: string): Promise<string>;
  partitionCount(topic: string): Promise<number>;
  groupCoordinator(group: string): Promise<number>;
  learnLeader(topic: string, partition: number, leader: number, epoch: number): void;
  learnBroker(id: number, host: string, port: number): void;
  /** What is known of leaders and coordinators is asked for anew. */
  forget(): void;
  /** Tries again what fails with DEPENDENCY_DOWN, and forgets before each further attempt. */
  retry<T>(attempt: () => Promise<T>, retryMsMax?: number): Promise<T>;
}
