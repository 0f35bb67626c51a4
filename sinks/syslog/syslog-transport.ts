/**
 * The ways to a receiver: TCP and stream sockets with the length before each message (RFC 6587, 3.4.1), UDP with a
 * datagram for each (RFC 5426). None of them is acknowledged: what the kernel has taken counts as sent.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6, type Socket } from 'node:net';
import { type Clock, MsecError } from '../../engine/index.ts';

export type SyslogAddress =
  | { readonly protocol: 'tcp' | 'udp'; readonly host: string; readonly port: number }
  | { readonly protocol: 'unix'; readonly path: string };

/** tcp://host:port, udp://host:port, unix:/path; 514 and 601 where no port stands. CONFIG_INVALID. */
export function parseSyslogAddress(text: string): SyslogAddress {
  const path = /^unix:(\/.{1,100})$/.exec(text)?.[1];
  if (path !== undefined) return { protocol: 'unix', path };
  const [, protocol, bracketed, plain, port] =
    /^(tcp|udp):\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port ?? (protocol === 'udp' ? 514 : 601));
  if (host === undefined || number < 1 || number > 65_535) {
    throw new MsecError(
      'CONFIG_INVALID',
      `"${text}" is no address of a syslog receiver: tcp://HOST:PORT, udp://HOST:PORT or unix:/PATH`,
      { field: 'syslog.address' },
    );
  }
  return { protocol: protocol as 'tcp' | 'udp', host, port: number };
}

export interface SyslogTransport {
  /** Resolves once the kernel has all of them. DEPENDENCY_DOWN: nobody knows how many arrived. */
  send(messages: readonly Buffer[]): Promise<void>;
  close(): void;
}

export function syslogTransport(address: SyslogAddress, clock: Clock): SyslogTransport {
  return address.protocol === 'udp' ? new DatagramTransport(address) : new StreamTransport(address, clock);
}

const TIMEOUT_MS = 10_000;

const down = (cause: unknown): MsecError =>
  new MsecError('DEPENDENCY_DOWN', `the syslog receiver: ${(cause as Error).message}`, { cause });

/** Connects with the first message, and anew with the first one after a loss. */
class StreamTransport implements SyslogTransport {
  readonly #to: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly #clock: Clock;
  #socket: Socket | null = null;

  constructor(address: SyslogAddress, clock: Clock) {
    this.#to = address.protocol === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    this.#clock = clock;
  }

  async send(messages: readonly Buffer[]): Promise<void> {
    const framed = Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));
    const socket = this.#socket ?? this.#connect();
    await new Promise<void>((resolve, reject) => {
      const ended = (error?: Error | null) => {
        timer.cancel();
        socket.off('close', closed);
        if (error) reject(down(error));
        else resolve();
      };
      const closed = () => ended(socket.errored ?? new Error('the connection was closed'));
      const timer = this.#clock.after(TIMEOUT_MS, () => socket.destroy(new Error('it does not read')));
      socket.once('close', closed);
      socket.write(framed, ended);
    });
  }

  close(): void {
    this.#socket?.end();
    this.#socket = null;
  }

  #connect(): Socket {
    const socket = connect({ ...this.#to, noDelay: true });
    this.#socket = socket;
    // A receiver has nothing to say; its end of the connection is noticed only by reading.
    socket.resume();
    // What went wrong is told by the close that follows.
    socket.on('error', () => undefined);
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      if (this.#socket === socket) this.#socket = null;
    });
    return socket;
  }
}

class DatagramTransport implements SyslogTransport {
  readonly #host: string;
  readonly #port: number;
  readonly #socket: ReturnType<typeof createSocket>;

  constructor({ host, port }: Extract<SyslogAddress, { readonly host: string }>) {
    this.#host = host;
    this.#port = port;
    this.#socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    // An unreachable port comes back as an error of nobody's message.
    this.#socket.on('error', () => undefined);
  }

  async send(messages: readonly Buffer[]): Promise<void> {
    for (const message of messages) {
      await new Promise<void>((resolve, reject) => {
        this.#socket.send(message, this.#port, this.#host, (error) => (error ? reject(down(error)) : resolve()));
      });
    }
  }

  close(): void {
    this.#socket.close();
  }
}
