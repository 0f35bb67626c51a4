/**
 * A device's MQTT 3.1.1 connection at QoS 1, no more of the protocol than it needs: two hundred of them must cost
 * little. Frames stay in the ring until PUBACK; after a reconnection those that were sent are sent again with DUP.
 *
 * CONNACK 20 02 flags code · PUBACK 40 02 id id · PINGRESP d0 00 (MQTT 3.1.1, 3.2, 3.4, 3.13)
 */
import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../../engine/index.ts';
import { type FramePublisher, RING_FRAMES_MAX, type RingCounts } from './frame-ring.ts';
import type { FleetFrame, FleetIdentity } from './simulated-device.ts';

export interface BridgeAddress {
  readonly host: string;
  readonly port: number;
}

const KEEP_ALIVE_SEC = 60;
const RECONNECT_MS_MIN = 100;
const RECONNECT_MS_MAX = 5000;
const DUP = 0x08;
const PINGREQ = Buffer.from([0xc0, 0]);

export class MqttPublisher implements FramePublisher {
  readonly #address: BridgeAddress;
  readonly #identity: FleetIdentity;
  readonly #clock: Clock;
  readonly #topic: Buffer;
  /** By message id, in the order they were published. */
  readonly #ring = new Map<number, { packet: Buffer; wasSent: boolean }>();
  #socket: Socket | undefined;
  #isConnected = false;
  #isClosed = false;
  #input: Buffer = Buffer.alloc(0);
  #messageId = 0;
  #reconnectMs = RECONNECT_MS_MIN;
  #timer: Timer | undefined;
  #acknowledged = 0;
  #dropped = 0;
  readonly #idle: (() => void)[] = [];

  constructor(address: BridgeAddress, identity: FleetIdentity, clock: Clock) {
    this.#address = address;
    this.#identity = identity;
    this.#clock = clock;
    this.#topic = text(`devices/${identity.deviceId}/frames`);
    this.#connect();
  }

  publish({ body }: FleetFrame): void {
    if (this.#ring.size >= RING_FRAMES_MAX) {
      const [oldest] = this.#ring.keys();
      this.#ring.delete(oldest!);
      this.#dropped += 1;
    }
    this.#messageId = (this.#messageId % 0xffff) + 1;
    const id = Buffer.from([this.#messageId >> 8, this.#messageId & 0xff]);
    const entry = { packet: packet(0x32, [this.#topic, id, body]), wasSent: this.#isConnected };
    this.#ring.set(this.#messageId, entry);
    if (this.#isConnected) this.#socket?.write(entry.packet);
  }

  counts(): RingCounts {
    return { acknowledged: this.#acknowledged, refused: 0, dropped: this.#dropped, waiting: this.#ring.size };
  }

  idle(): Promise<void> {
    if (this.#ring.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  cut(): void {
    this.#socket?.destroy();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#socket?.end(Buffer.from([0xe0, 0]));
  }

  #connect(): void {
    this.#input = Buffer.alloc(0);
    const socket = connect({ ...this.#address, noDelay: true });
    this.#socket = socket;
    const { deviceId, token } = this.#identity;
    const flags = Buffer.from([4, 0xc2, 0, KEEP_ALIVE_SEC]);
    socket.write(packet(0x10, [text('MQTT'), flags, text(deviceId), text(deviceId), text(token)]));
    socket.on('data', (chunk) => this.#receive(chunk));
    // What went wrong shows as the connection that closes.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#lost());
  }

  #lost(): void {
    this.#isConnected = false;
    this.#timer?.cancel();
    if (this.#isClosed) return;
    this.#timer = this.#clock.after(this.#reconnectMs, () => this.#connect());
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, RECONNECT_MS_MAX);
  }

  #receive(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    let at = 0;
    while (this.#input.length - at >= 2) {
      const end = at + 2 + this.#input[at + 1]!;
      if (end > this.#input.length) break;
      this.#take(this.#input.subarray(at, end));
      at = end;
    }
    this.#input = this.#input.subarray(at);
  }

  #take(received: Buffer): void {
    if (received[0] === 0x40) this.#acknowledge(received.readUInt16BE(2));
    else if (received[0] === 0x20 && received[3] === 0) this.#connected();
    else if (received[0] !== 0xd0) this.#socket?.destroy();
  }

  #acknowledge(messageId: number): void {
    if (!this.#ring.delete(messageId)) return;
    this.#acknowledged += 1;
    if (this.#ring.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #connected(): void {
    this.#isConnected = true;
    this.#reconnectMs = RECONNECT_MS_MIN;
    for (const entry of this.#ring.values()) {
      if (entry.wasSent) entry.packet[0]! |= DUP;
      entry.wasSent = true;
      this.#socket?.write(entry.packet);
    }
    this.#pingLater();
  }

  #pingLater(): void {
    this.#timer = this.#clock.after((KEEP_ALIVE_SEC * 1000) / 2, () => {
      this.#socket?.write(PINGREQ);
      this.#pingLater();
    });
  }
}

/** UTF-8 behind its length in two bytes. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function packet(type: number, parts: readonly Uint8Array[]): Buffer {
  let length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [type];
  for (; length > 0x7f; length >>>= 7) header.push((length & 0x7f) | 0x80);
  header.push(length);
  return Buffer.concat([Buffer.from(header), ...parts]);
}
