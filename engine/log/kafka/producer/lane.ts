/**
 * One ordered way to each broker, for one writer: Kafka handles a connection's requests one after another, so a
 * writer's requests to a broker never overtake each other, and other writers never wait behind them.
 */
import { type Clock, MsecError } from '../../../base/index.ts';
import type { Cluster, Connection, CoordinatorKind } from '../client/index.ts';
import type { Message } from '../protocol/index.ts';
import { Patience } from './patience.ts';

export interface LaneOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Names the connections: who asks with the same name shares them. */
  readonly purpose: string;
  readonly requestTimeoutMs: number;
  /** For this long what may pass by itself is tried again. */
  readonly retryMsMax: number;
}

/** What a broker answered, or why there will be no answer: then the request may or may not have been carried out. */
export type Outcome<Response> =
  | { readonly response: Response; readonly lost?: undefined }
  | { readonly response?: undefined; readonly lost: MsecError };

export class Lane {
  readonly cluster: Cluster;
  readonly requestTimeoutMs: number;
  readonly #options: LaneOptions;
  readonly #connections = new Set<Connection>();
  readonly #ending = new AbortController();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.cluster = options.cluster;
    this.requestTimeoutMs = options.requestTimeoutMs;
  }

  get isEnded(): boolean {
    return this.#ending.signal.aborted;
  }

  patience(): Patience {
    const { clock, retryMsMax } = this.#options;
    return new Patience(clock, retryMsMax, this.#ending.signal);
  }

  /** DEPENDENCY_DOWN where it cannot be made, and so nothing was sent. */
  async connection(broker: number): Promise<Connection> {
    const connection = await this.cluster.connection(broker, this.#options.purpose);
    this.#connections.add(connection);
    for (const known of this.#connections) if (!known.isOpen) this.#connections.delete(known);
    return connection;
  }

  async coordinatorConnection(kind: CoordinatorKind, key: string): Promise<Connection> {
    const { cluster } = this;
    try {
      return await this.connection(await cluster.coordinator(kind, key));
    } catch (error) {
      cluster.forgetCoordinator(kind, key);
      throw error;
    }
  }

  /** Nothing is tried again from now on. What was sent is still answered. */
  end(): void {
    this.#ending.abort();
  }

  closeConnections(): void {
    this.end();
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }
}

/** Sends at once, behind what was sent before. `timeoutMs`: how long the broker itself may take. */
export async function ask<Request, Response>(
  connection: Connection,
  message: Message<Request, Response>,
  request: Request,
  options: { readonly versionMax?: number; readonly extraMs?: number } = {},
): Promise<Outcome<Response>> {
  try {
    return { response: await connection.request(message, request, options) };
  } catch (error) {
    if (error instanceof MsecError && error.code === 'DEPENDENCY_DOWN') return { lost: error };
    throw error;
  }
}
