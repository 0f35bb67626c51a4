/** The broker that coordinates the group, wherever it is now. One connection for the member's own, because Kafka answers in order. */
import { MsecError } from '../../../base/index.ts';
import { type Cluster, type Connection, KAFKA_ERROR, kafkaError, type RequestOptions } from '../client/index.ts';
import type { Message } from '../protocol/index.ts';

interface Answer {
  readonly errorCode: number;
}

export class GroupCoordinator {
  readonly #cluster: Cluster;
  readonly #group: string;

  constructor(cluster: Cluster, group: string) {
    this.#cluster = cluster;
    this.#group = group;
  }

  async connection(purpose = 'group'): Promise<Connection> {
    return await this.#cluster.connection(await this.#cluster.groupCoordinator(this.#group), purpose);
  }

  /**
   * Asks once. What says that the coordinator is elsewhere, or that nobody knows, comes as DEPENDENCY_DOWN, and the next
   * request looks for it anew; every other error is the caller's to understand.
   */
  async request<Request, Response extends Answer>(
    message: Message<Request, Response>,
    request: Request | ((version: number) => Request),
    options: RequestOptions & { readonly purpose?: string } = {},
  ): Promise<Response> {
    try {
      const connection = await this.connection(options.purpose);
      const version = connection.versionOf(message, options.versionMax);
      const made = typeof request === 'function' ? (request as (version: number) => Request)(version) : request;
      const answer = await connection.request(message, made, options);
      const { errorCode } = answer;
      if (kafkaError(errorCode).class !== 'refresh' && errorCode !== KAFKA_ERROR.COORDINATOR_LOAD_IN_PROGRESS)
        return answer;
      throw new MsecError('DEPENDENCY_DOWN', `Kafka answers ${kafkaError(errorCode).name} to ${message.name}`);
    } catch (error) {
      this.#cluster.forgetCoordinator('group', this.#group);
      throw error;
    }
  }

  /** TOPIC_UNKNOWN. */
  topicId(topic: string): Promise<string> {
    return this.#cluster.topicId(topic);
  }

  partitionCount(topic: string): Promise<number> {
    return this.#cluster.partitionCount(topic);
  }

  /** What is known of topics is asked for again. */
  forget(): void {
    this.#cluster.forget();
  }
}
