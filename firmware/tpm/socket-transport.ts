/**
 * swtpm's data channel, over TCP or a Unix socket: commands and responses back to back, without a frame around them.
 * The length in a response's header is believed only up to RESPONSE_BYTES_MAX; bytes that nobody asked for end it.
 */
import { createConnection, type Socket } from 'node:net';
import { type Clock, systemClock } from '../../engine/base/index.ts';
import { invalidResponse } from '../../schemas/tpm/index.ts';
import { tpmDown } from './tpm-error.ts';
import { HEADER_BYTES, RESPONSE_BYTES_MAX, type TpmTransport } from './transport.ts';

export type SocketPlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface SocketOptions {
  readonly clock?: Clock;
  /** For the connection itself. Default 5 s. */
  readonly connectMsMax?: number;
}

const CONNECT_MS_MAX = 30_000;

interface Waiting {
  resolve(response: Buffer): void;
  reject(error: Error): void;
}

/** DEPENDENCY_DOWN where nobody listens there. */
export function connectSocket(place: SocketPlace, options: SocketOptions = {}): Promise<TpmTransport> {
  const { clock = systemClock, connectMsMax = CONNECT_MS_MAX } = options;
  const address = 'path' in place ? `swtpm:path=${place.path}` : `swtpm:host=${place.host},port=${place.port}`;
  return new Promise((resolve, reject) => {
    const socket = 'path' in place ? createConnection(place.path) : createConnection(place.port, place.host);
    const fail = (says: string, cause?: unknown) => {
      limit.cancel();
      socket.destroy();
      reject(tpmDown(`the TPM at ${address} ${says}`, cause));
    };
    const refused = (error: Error) => fail(`cannot be reached: ${error.message}`, error);
    const limit = clock.after(connectMsMax, () => fail(`did not take a connection within ${connectMsMax} ms`));
    socket.once('error', refused);
    socket.once('connect', () => {
      limit.cancel();
      socket.off('error', refused);
      socket.setNoDelay(true);
      resolve(new SocketTransport(socket, address, clock));
    });
  });
}

class SocketTransport implements TpmTransport {
  readonly address: string;
  readonly isExclusive = true;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | null = null;
  #failure: Error | null = null;

  constructor(socket: Socket, address: string, clock: Clock) {
    this.#socket = socket;
    this.address = address;
    this.#clock = clock;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.#fail(tpmDown(`the TPM at ${address} has gone: ${error.message}`, error)));
    socket.on('close', () => this.#fail(tpmDown(`the TPM at ${address} has closed the connection`)));
  }

  transmit(command: Uint8Array, timeLimitMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      const limit = this.#clock.after(timeLimitMs, () =>
        this.#fail(tpmDown(`the TPM at ${this.address} did not answer within ${timeLimitMs} ms`)),
      );
      this.#waiting = {
        resolve: (response) => {
          limit.cancel();
          resolve(response);
        },
        reject: (error) => {
          limit.cancel();
          reject(error);
        },
      };
      this.#socket.write(command);
    });
  }

  async close(): Promise<void> {
    this.#failure ??= tpmDown(`the connection to ${this.address} was closed`);
    this.#socket.destroy();
    await this.#closed;
  }

  #take(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const waiting = this.#waiting;
    const isShort = this.#received.length < HEADER_BYTES;
    const length = isShort ? HEADER_BYTES : this.#received.readUInt32BE(2);
    if (waiting === null) this.#fail(invalidResponse('bytes came that no command asked for'));
    else if (length < HEADER_BYTES || length > RESPONSE_BYTES_MAX)
      this.#fail(invalidResponse(`a response of ${length} bytes`, 2));
    else if (this.#received.length > length) this.#fail(invalidResponse('bytes follow the response', length));
    else if (this.#received.length === length && !isShort) {
      const response = this.#received;
      this.#waiting = null;
      this.#received = Buffer.alloc(0);
      waiting.resolve(response);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }
}
