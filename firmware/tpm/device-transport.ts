/**
 * A TPM that the kernel drives: /dev/tpmrm0, whose resource manager swaps handles between programs. One write is one
 * command; the response is read until the length that its header says.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Clock, systemClock } from '../../engine/base/index.ts';
import { invalidResponse } from '../../schemas/tpm/index.ts';
import { tpmDown } from './tpm-error.ts';
import { HEADER_BYTES, RESPONSE_BYTES_MAX, type TpmTransport } from './transport.ts';

/** DEPENDENCY_DOWN where there is no such device or it may not be opened. */
export async function openDevice(path: string, clock: Clock = systemClock): Promise<TpmTransport> {
  try {
    // Whatever the file is, it must not become the terminal of this process.
    return new DeviceTransport(await open(path, constants.O_RDWR | constants.O_NOCTTY), path, clock);
  } catch (cause) {
    throw tpmDown(`the TPM at device:${path} cannot be opened: ${(cause as Error).message}`, cause);
  }
}

class DeviceTransport implements TpmTransport {
  readonly address: string;
  readonly isExclusive = false;
  readonly #file: FileHandle;
  readonly #clock: Clock;
  #failure: Error | null = null;
  #exchange: Promise<unknown> = Promise.resolve();

  constructor(file: FileHandle, path: string, clock: Clock) {
    this.#file = file;
    this.address = `device:${path}`;
    this.#clock = clock;
  }

  async transmit(command: Uint8Array, timeLimitMs: number): Promise<Buffer> {
    if (this.#failure !== null) throw this.#failure;
    const exchange = this.#transfer(command);
    this.#exchange = exchange.catch(() => undefined);
    try {
      return await this.#limited(exchange, timeLimitMs);
    } catch (error) {
      this.#failure ??= error as Error;
      throw error;
    }
  }

  /** A read that hangs in the driver holds its thread until the TPM answers; the file is closed only after it. */
  async close(): Promise<void> {
    this.#failure ??= tpmDown(`the connection to ${this.address} was closed`);
    const closing = this.#exchange.then(() => this.#file.close());
    await this.#limited(closing, CLOSE_MS_MAX).catch(() => undefined);
  }

  #limited<T>(work: Promise<T>, timeLimitMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const limit = this.#clock.after(timeLimitMs, () =>
        reject(tpmDown(`the TPM at ${this.address} did not answer within ${timeLimitMs} ms`)),
      );
      void work.then(resolve, reject).finally(() => limit.cancel());
    });
  }

  async #transfer(command: Uint8Array): Promise<Buffer> {
    const { bytesWritten } = await this.#attempt(this.#file.write(command));
    if (bytesWritten !== command.length) throw tpmDown(`the TPM at ${this.address} took ${bytesWritten} bytes`);
    const response = Buffer.alloc(RESPONSE_BYTES_MAX);
    let received = 0;
    for (;;) {
      const { bytesRead } = await this.#attempt(
        this.#file.read(response, received, RESPONSE_BYTES_MAX - received, null),
      );
      if (bytesRead === 0) throw tpmDown(`the TPM at ${this.address} has ended its answer after ${received} bytes`);
      received += bytesRead;
      if (received < HEADER_BYTES) continue;
      const length = response.readUInt32BE(2);
      if (length < HEADER_BYTES || length > RESPONSE_BYTES_MAX)
        throw invalidResponse(`a response of ${length} bytes`, 2);
      if (received === length) return response.subarray(0, length);
      if (received > length) throw invalidResponse('bytes follow the response', length);
    }
  }

  async #attempt<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      throw tpmDown(`the TPM at ${this.address} has gone: ${(cause as Error).message}`, cause);
    }
  }
}

const CLOSE_MS_MAX = 1_000;
