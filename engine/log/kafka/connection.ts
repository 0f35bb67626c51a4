/**
 * One connection to one broker. Requests are pipelined; Kafka answers them in their order. Whatever goes wrong (a
 * timeout, a foreign correlation id, a frame beyond the limit) ends the connection and fails all that wait on it with
 * DEPENDENCY_DOWN: what was asked may or may not have happened.
 */
import { createConnection, type Socket } from 'node:net';
import { type Clock, MsecError, type Timer } from '../../base/index.ts';
import { apiVersions, type Message, USED_MESSAGES } from './messages.ts';
import { WireReader, WireWriter } from './wire.ts';

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  /** Ends the connection at any moment, also while it is being made. */
  readonly signal: AbortSignal;
}

/** The largest answer that is read; far above what is ever asked for. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const PENDING_MAX = 256;

interface Pending {
  readonly correlationId: number;
  readonly timer: Timer;
  settle(answer: WireReader): void;
  fail(error: MsecError): void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #pending: Pending[] = [];
  #correlationId = 0;
  #failure: MsecError | undefined;
  /** The length of the frame that is being read, in up to four bytes. */
  readonly #head = Buffer.alloc(4);
  #headLength = 0;
  #frame: Uint8Array | undefined;
  #frameLength = 0;
  readonly #onAbort = () => this.close();

  private constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    options.signal.addEventListener('abort', this.#onAbort);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('the broker closed the connection'));
  }

  /** Connects, and checks that the broker knows what will be asked of it. DEPENDENCY_DOWN. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const socket = createConnection({ host: options.host, port: options.port, noDelay: true });
    const connection = new Connection(socket, options);
    try {
      const { error, ranges } = await connection.request(apiVersions, undefined);
      for (const { name, apiKey, version } of USED_MESSAGES) {
        const range = ranges.find(({ key }) => key === apiKey);
        if (error === 0 && range !== undefined && range.min <= version && version <= range.max) continue;
        throw new MsecError('DEPENDENCY_DOWN', `the broker at ${connection.#where} does not know ${name} v${version}`);
      }
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
    return this.#pending.length;
  }

  get #where(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  /** Sends at once, behind what was sent before. `extraMs`: how long the broker itself was asked to wait. */
  request<Request, Answer>(message: Message<Request, Answer>, request: Request, extraMs = 0): Promise<Answer> {
    return this.requestRaw(message, request, extraMs).then((reader) => message.decode(reader));
  }

  /** The same with the answer's bytes, which belong to the caller, standing behind the header. */
  requestRaw<Request>(message: Message<Request, unknown>, request: Request, extraMs = 0): Promise<WireReader> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#pending.length >= PENDING_MAX) {
      return Promise.reject(new MsecError('DEPENDENCY_DOWN', `${PENDING_MAX} requests wait on ${this.#where}`));
    }
    const correlationId = this.#correlationId;
    this.#correlationId = (correlationId + 1) | 0;
    const writer = new WireWriter();
    writer.i16(message.apiKey).i16(message.version).i32(correlationId).string(this.#options.clientId);
    message.encode(writer, request);
    const parts = writer.take();
    const length = new Uint8Array(4);
    new DataView(length.buffer).setInt32(
      0,
      parts.reduce((sum, part) => sum + part.length, 0),
    );
    return new Promise((settle, fail) => {
      const timeoutMs = this.#options.requestTimeoutMs + extraMs;
      const timer = this.#options.clock.after(timeoutMs, () => this.#end(`no answer within ${timeoutMs} ms`));
      this.#pending.push({ correlationId, timer, settle, fail });
      this.#socket.cork();
      this.#socket.write(length);
      for (const part of parts) this.#socket.write(part);
      this.#socket.uncork();
    });
  }

  /** Fails what still waits with DEPENDENCY_DOWN. */
  close(): void {
    this.#end('the connection was closed');
  }

  #receive(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#failure === undefined) {
      if (this.#frame === undefined) {
        const taken = chunk.copy(this.#head, this.#headLength, at);
        this.#headLength += taken;
        at += taken;
        if (this.#headLength < 4) return;
        const length = this.#head.readInt32BE(0);
        if (length < 4 || length > ANSWER_BYTES_MAX) {
          this.#end(`an answer of ${length} bytes`);
          return;
        }
        this.#frame = new Uint8Array(length);
        this.#frameLength = 0;
        this.#headLength = 0;
      }
      const part = chunk.subarray(at, at + this.#frame.length - this.#frameLength);
      this.#frame.set(part, this.#frameLength);
      this.#frameLength += part.length;
      at += part.length;
      if (this.#frameLength < this.#frame.length) return;
      const frame = this.#frame;
      this.#frame = undefined;
      this.#answer(frame);
    }
  }

  #answer(frame: Uint8Array): void {
    const reader = new WireReader(frame);
    const correlationId = reader.i32();
    const pending = this.#pending[0];
    if (pending?.correlationId !== correlationId) {
      this.#end(`an answer to request ${correlationId}, which is not the next`);
      return;
    }
    this.#pending.shift();
    pending.timer.cancel();
    pending.settle(reader);
  }

  #end(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new MsecError('DEPENDENCY_DOWN', `Kafka at ${this.#where}: ${reason}`);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
    for (const pending of this.#pending.splice(0)) {
      pending.timer.cancel();
      pending.fail(this.#failure);
    }
  }
}
