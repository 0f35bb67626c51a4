/**
 * The network port: one byte stream to one broker. What arrives is written where the receiver says, so that nothing is
 * copied on the way; a simulated network stands behind the same three calls.
 */
import { createConnection, isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from 'node:tls';
import { MsecError } from '../../../base/index.ts';
import type { KafkaTls } from '../settings.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface StreamReceiver {
  /** Where the next bytes go. Asked before each read. */
  buffer(): Uint8Array;
  /** So many bytes stand at the beginning of what `buffer` gave last. */
  received(count: number): void;
  /** The stream is over, also where it never began; called once, and not after `close`. */
  ended(reason: string): void;
}

export interface Stream {
  /** Sent in order, also before the connection stands; the parts must not change until the answer is there. */
  write(parts: readonly Uint8Array[]): void;
  /** At once; nothing is received afterwards. */
  close(): void;
}

export interface Network {
  /** Throws CONFIG_INVALID for certificates that cannot be read. */
  connect(address: Address, tls: KafkaTls | undefined, receiver: StreamReceiver): Stream;
}

export const systemNetwork: Network = {
  connect({ host, port }, tls, receiver) {
    // Node learns of the next buffer once the microtasks after `received` have run. A thread that is terminated in these goes
    // on reading into the one before until it has closed its sockets, so that one must not have been freed.
    const held: { next?: Uint8Array; before?: Uint8Array | undefined } = {};
    const onread: OnReadOpts = {
      buffer() {
        held.before = held.next;
        held.next = receiver.buffer();
        return held.next;
      },
      callback(count) {
        receiver.received(count);
        return true;
      },
    };
    const socket = tls === undefined ? createConnection({ host, port, onread }) : secured(host, port, tls, onread);
    socket.setNoDelay(true);
    let isOver = false;
    const end = (reason: string) => {
      if (isOver) return;
      isOver = true;
      socket.destroy();
      receiver.ended(reason);
    };
    socket.on('error', (error) => end(error.message));
    socket.on('end', () => end('the broker closed the connection'));
    socket.on('close', () => end('the broker closed the connection'));
    return {
      write(parts) {
        socket.cork();
        for (const part of parts) socket.write(part);
        socket.uncork();
      },
      close() {
        isOver = true;
        socket.destroy();
      },
    };
  },
};

function secured(host: string, port: number, tls: KafkaTls, onread: OnReadOpts): Socket {
  const { serverName = host, ...material } = tls;
  const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
    host,
    port,
    onread,
    minVersion: 'TLSv1.2',
    ...material,
    // Only names are sent (RFC 6066); the certificate is compared with an address as well.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
  };
  try {
    return connectTls(options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be read';
    throw new MsecError('CONFIG_INVALID', `TLS for Kafka: ${reason}`, { field: 'tls' });
  }
}
