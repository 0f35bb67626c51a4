/** A client without manners, for what a library would not send: raw bytes over TCP, and packets as they come back. */
import { connect, type Socket } from 'node:net';
import { generate, type Packet, type Parser, parser } from 'mqtt-packet';

export class RawClient {
  readonly socket: Socket;
  readonly packets: Packet[] = [];
  readonly closed: Promise<void>;
  readonly #parser: Parser = parser({ protocolVersion: 4 });
  #wanted: { count: number; resolve: () => void } | undefined;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk) => this.#parser.parse(chunk));
    this.#parser.on('packet', (packet) => {
      this.packets.push(packet);
      if (this.#wanted !== undefined && this.packets.length >= this.#wanted.count) this.#wanted.resolve();
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  send(...packets: readonly Packet[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => generate(packet))));
  }

  /** Resolves when so many packets have come in all; rejects when the connection closes before. */
  received(count: number): Promise<Packet[]> {
    if (this.packets.length >= count) return Promise.resolve(this.packets);
    const enough = new Promise<void>((resolve) => {
      this.#wanted = { count, resolve };
    });
    const early = this.closed.then(() => {
      if (this.packets.length < count) throw new Error(`closed after ${this.packets.length} of ${count} packets`);
    });
    return Promise.race([enough, early]).then(() => this.packets);
  }

  end(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }
}

export const connectPacket = (deviceId: string, more: object = {}): Packet => ({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clientId: deviceId,
  username: deviceId,
  password: Buffer.from(`token-of-${deviceId}`),
  clean: true,
  keepalive: 30,
  ...more,
});

export const publishPacket = (deviceId: string, messageId: number, payload: string, more: object = {}): Packet => ({
  cmd: 'publish',
  topic: `devices/${deviceId}/frames`,
  payload,
  qos: 1,
  messageId,
  dup: false,
  retain: false,
  ...more,
});
