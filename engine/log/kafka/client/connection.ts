/**
 * One connection to one broker. Requests are pipelined and Kafka answers them in their order. Whatever goes wrong (a
 * timeout, a foreign correlation id, a frame beyond the limit) ends the connection and fails all that wait on it with
 * DEPENDENCY_DOWN: what was asked may or may not have happened.
 */
import { type Clock, MsecError, type Timer } from '../../../base/index.ts';
import {
  apiVersions,
  type Message,
  saslAuthenticate,
  saslHandshake,
  skipResponseTags,
  WireReader,
  WireWriter,
  writeRequestHeader,
} from '../protocol/index.ts';
import type { KafkaTls } from '../settings.ts';
import { FrameReceiver } from './frame-receiver.ts';
import { answerError, KAFKA_ERROR, NO_ERROR } from './kafka-errors.ts';
import { type Network, type Stream, systemNetwork } from './network.ts';
import { ReceiveBuffers } from './receive-buffers.ts';
import { authenticate, type SaslOptions } from './sasl.ts';

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  /** Ends the connection at any moment, also while it is being made. */
  readonly signal: AbortSignal;
  readonly network?: Network | undefined;
  readonly tls?: KafkaTls | undefined;
  readonly sasl?: SaslOptions | undefined;
  /** One for all connections of a thread. */
  readonly buffers?: ReceiveBuffers | undefined;
}

export interface RequestOptions {
  /** How long the broker itself was asked to wait, beyond the timeout. */
  readonly extraMs?: number;
  /** Where a newer version would mean something else. */
  readonly versionMax?: number;
}

/** An answer whose byte fields are views of `frame`; one of `release` and `keep` is called, once. */
export interface Held<Response> {
  readonly response: Response;
  readonly frame: Uint8Array;
  readonly version: number;
  /** Gives the frame's memory back; its bytes then belong to someone else. */
  release(): void;
  /** The frame is the caller's for ever. */
  keep(): void;
}

/** The largest answer that is read; far above what is ever asked for. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const PENDING_MAX = 256;
/** Of the time that a login holds, so much passes before it is renewed. */
const RENEWED_SHARE = 0.85;
/** Brokers take no renewal within a second. */
const RENEWED_MS_MIN = 1100;
const SOFTWARE = { clientSoftwareName: 'msec', clientSoftwareVersion: '1' } as const;

interface Pending {
  readonly correlationId: number;
  readonly parts: readonly Uint8Array[];
  readonly timeoutMs: number;
  timer: Timer | undefined;
  /** The frame belongs to whoever is called. */
  settle(frame: Uint8Array): void;
  fail(error: MsecError): void;
}

type Kind = Pick<Message<never, unknown>, 'name' | 'apiKey' | 'versions'>;
type Decoding<Response> = Pick<Message<never, Response>, 'apiKey' | 'flexibleFrom' | 'decodeResponse'>;

interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #stream: Stream;
  readonly #receiver: FrameReceiver;
  readonly #buffers: ReceiveBuffers;
  /** Sent, in the order of their answers. */
  readonly #pending: Pending[] = [];
  /** Not sent yet: the broker asked for a pause, or the login is being renewed. */
  readonly #waiting: Pending[] = [];
  #correlationId = 0;
  #failure: MsecError | undefined;
  #ranges: ReadonlyMap<number, VersionRange> = new Map();
  #features: ReadonlyMap<string, number> = new Map();
  #pausedUntil = 0;
  #pauseTimer: Timer | undefined;
  #renewAt = Infinity;
  #isRenewing = false;
  readonly #onAbort = () => this.close();

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#buffers = options.buffers ?? new ReceiveBuffers();
    this.#receiver = new FrameReceiver(this.#buffers, ANSWER_BYTES_MAX, (frame) => this.#answer(frame));
    const { host, port, tls, network = systemNetwork } = options;
    this.#stream = network.connect({ host, port }, tls, {
      buffer: () => this.#receiver.buffer(),
      received: (count) => this.#receive(count),
      ended: (reason) => this.#end(reason),
    });
    options.signal.addEventListener('abort', this.#onAbort);
  }

  /** Connects, learns what the broker speaks, and logs in. DEPENDENCY_DOWN, CONFIG_INVALID. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    if (options.signal.aborted) throw new MsecError('DEPENDENCY_DOWN', 'the connection to Kafka was closed');
    const connection = new Connection(options);
    try {
      await connection.#negotiate();
      if (options.sasl !== undefined) await connection.#login(options.sasl);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Requests that wait for their answer. */
  get pendingCount(): number {
    return this.#pending.length + this.#waiting.length;
  }

  /** Features that the whole cluster has agreed on (KIP-584), with their level, as of when this connection was made. */
  get finalizedFeatures(): ReadonlyMap<string, number> {
    return this.#features;
  }

  /** 0 and 1: the old transaction protocol; 2: the one of KIP-890. */
  get transactionVersion(): number {
    return this.#features.get('transaction.version') ?? 0;
  }

  /** The highest version of a message that both sides know. DEPENDENCY_DOWN where there is none. */
  versionOf(message: Kind, versionMax = Infinity): number {
    const { name, apiKey, versions } = message;
    const range = this.#ranges.get(apiKey);
    const version = Math.min(versions.max, versionMax, range?.max ?? -1);
    if (range !== undefined && version >= Math.max(versions.min, range.min)) return version;
    const asked = `${versions.min} to ${Math.min(versions.max, versionMax)}`;
    throw new MsecError('DEPENDENCY_DOWN', `the broker at ${this.#where} does not know ${name} v${asked}`);
  }

  /** Sends at once, behind what was sent before. */
  async request<Request, Response>(
    message: Message<Request, Response>,
    request: Request,
    options: RequestOptions = {},
  ): Promise<Response> {
    const { response, keep } = await this.requestHeld(message, request, options);
    keep();
    return response;
  }

  /** The same with the answer's memory, which is used again. */
  async requestHeld<Request, Response>(
    message: Message<Request, Response>,
    request: Request,
    { extraMs = 0, versionMax }: RequestOptions = {},
  ): Promise<Held<Response>> {
    if (this.#failure !== undefined) throw this.#failure;
    const version = this.versionOf(message, versionMax);
    const frame = await this.#send(message, request, version, extraMs, this.#waiting);
    const buffers = this.#buffers;
    try {
      const response = this.#decode(message, frame, version);
      this.#heedThrottle(response);
      return { response, frame, version, release: () => buffers.give(frame), keep: () => buffers.disown(frame) };
    } catch (error) {
      buffers.give(frame);
      throw error;
    }
  }

  /** Fails what still waits with DEPENDENCY_DOWN. */
  close(): void {
    this.#end('the connection was closed');
  }

  get #where(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  async #negotiate(): Promise<void> {
    const ask = async (version: number) => {
      const frame = await this.#send(apiVersions, SOFTWARE, version, 0);
      try {
        // A broker that does not know the version says so in version 0, with the versions that it knows.
        const isRefused = new WireReader(frame.subarray(4)).int16() === KAFKA_ERROR.UNSUPPORTED_VERSION;
        return this.#decode(apiVersions, frame, isRefused ? 0 : version);
      } finally {
        this.#buffers.give(frame);
      }
    };
    const { max } = apiVersions.versions;
    let answer = await ask(max);
    if (answer.errorCode === KAFKA_ERROR.UNSUPPORTED_VERSION) {
      const known = answer.apiKeys.find(({ apiKey }) => apiKey === apiVersions.apiKey);
      answer = await ask(Math.min(known?.maxVersion ?? 0, max - 1));
    }
    if (answer.errorCode !== NO_ERROR) throw answerError(answer.errorCode, `ApiVersions of ${this.#where}`);
    this.#ranges = new Map(
      answer.apiKeys.map(({ apiKey, minVersion: min, maxVersion: max }) => [apiKey, { min, max }]),
    );
    this.#features = new Map(answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]));
  }

  async #login(sasl: SaslOptions): Promise<void> {
    const askedAt = this.#options.clock.monotonic();
    // What belongs to the login goes before all that waits for it.
    const ask = async <Request, Response>(message: Message<Request, Response>, request: Request): Promise<Response> => {
      const version = this.versionOf(message);
      const frame = await this.#send(message, request, version, 0);
      this.#buffers.disown(frame);
      return this.#decode(message, frame, version);
    };
    const { errorCode, mechanisms } = await ask(saslHandshake, { mechanism: sasl.mechanism });
    if (errorCode !== NO_ERROR) {
      throw answerError(errorCode, `SASL ${sasl.mechanism} at ${this.#where}`, `it offers ${mechanisms.join(', ')}`);
    }
    let lifetimeMs = 0;
    await authenticate(sasl, async (authBytes) => {
      const answer = await ask(saslAuthenticate, { authBytes });
      if (answer.errorCode !== NO_ERROR) {
        throw answerError(answer.errorCode, `SASL ${sasl.mechanism} at ${this.#where}`, answer.errorMessage);
      }
      lifetimeMs = answer.sessionLifetimeMs;
      return answer.authBytes;
    });
    const renewedMs = Math.max(lifetimeMs * RENEWED_SHARE, RENEWED_MS_MIN);
    this.#renewAt = lifetimeMs > 0 ? askedAt + renewedMs : Infinity;
  }

  /** Resolves with the frame of the answer, which then belongs to the caller. Without `queue` it is sent in any case. */
  #send<Request>(
    message: Message<Request, unknown>,
    request: Request,
    version: number,
    extraMs: number,
    queue?: Pending[],
  ): Promise<Uint8Array> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.pendingCount >= PENDING_MAX) {
      return Promise.reject(new MsecError('DEPENDENCY_DOWN', `${PENDING_MAX} requests wait on ${this.#where}`));
    }
    const correlationId = this.#correlationId;
    this.#correlationId = (correlationId + 1) | 0;
    const writer = new WireWriter();
    writeRequestHeader(writer, message, version, correlationId, this.#options.clientId);
    message.encodeRequest(writer, request, version);
    const parts = writer.takeFrame();
    const timeoutMs = this.#options.requestTimeoutMs + extraMs;
    return new Promise((settle, fail) => {
      const pending: Pending = { correlationId, parts, timeoutMs, timer: undefined, settle, fail };
      if (queue === undefined) this.#sendNow(pending);
      else {
        queue.push(pending);
        this.#flush();
      }
    });
  }

  #sendNow(pending: Pending): void {
    const { timeoutMs, parts } = pending;
    pending.timer = this.#options.clock.after(timeoutMs, () => this.#end(`no answer within ${timeoutMs} ms`));
    this.#pending.push(pending);
    this.#stream.write(parts);
  }

  /** Sends what waits, unless it must wait on. */
  #flush(): void {
    if (this.#waiting.length === 0 || this.#isRenewing || this.#failure !== undefined) return;
    const { clock, sasl } = this.#options;
    const now = clock.monotonic();
    if (now < this.#pausedUntil) {
      this.#pauseTimer ??= clock.after(this.#pausedUntil - now, () => {
        this.#pauseTimer = undefined;
        this.#flush();
      });
      return;
    }
    if (now >= this.#renewAt && sasl !== undefined) {
      // A broker takes nothing but the login's own requests while it goes on (KIP-368).
      this.#isRenewing = true;
      this.#login(sasl).then(
        () => {
          this.#isRenewing = false;
          this.#flush();
        },
        (error: unknown) => this.#end(error instanceof Error ? error.message : 'the login was not renewed'),
      );
      return;
    }
    for (const pending of this.#waiting.splice(0)) this.#sendNow(pending);
  }

  /** Brokers answer first and are silent for the rest of the time (KIP-219): asking earlier would only wait there. */
  #heedThrottle(response: unknown): void {
    const { throttleTimeMs = 0 } = response as { readonly throttleTimeMs?: number };
    if (throttleTimeMs <= 0) return;
    const { clock, requestTimeoutMs } = this.#options;
    const until = clock.monotonic() + Math.min(throttleTimeMs, requestTimeoutMs);
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  #decode<Response>(message: Decoding<Response>, frame: Uint8Array, version: number): Response {
    const reader = new WireReader(frame);
    reader.int32();
    skipResponseTags(reader, message, version);
    return message.decodeResponse(reader, version);
  }

  #receive(count: number): void {
    if (this.#failure !== undefined) return;
    try {
      this.#receiver.received(count);
    } catch (error) {
      this.#end(error instanceof Error ? error.message : 'what arrived cannot be read');
    }
  }

  #answer(frame: Uint8Array): void {
    const correlationId = (frame[0]! << 24) | (frame[1]! << 16) | (frame[2]! << 8) | frame[3]!;
    const pending = this.#pending[0];
    if (pending?.correlationId !== correlationId) {
      this.#buffers.give(frame);
      this.#end(`an answer to request ${correlationId}, which is not the next`);
      return;
    }
    this.#pending.shift();
    pending.timer?.cancel();
    pending.settle(frame);
  }

  #end(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new MsecError('DEPENDENCY_DOWN', `Kafka at ${this.#where}: ${reason}`);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#pauseTimer?.cancel();
    this.#stream.close();
    this.#receiver.close();
    for (const pending of [...this.#pending.splice(0), ...this.#waiting.splice(0)]) {
      pending.timer?.cancel();
      pending.fail(this.#failure);
    }
  }
}
