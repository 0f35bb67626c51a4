/**
 * A device's data beside its agent: signed frames over one MQTT connection, so that their order is that of their sequences. It
 * sends faster where the moment is that counts; more all the time the bridge would refuse.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import { exportPublicKey, keyIdOf, signEnvelope } from '../../../schemas/envelope/index.ts';
import { enmonFrame } from '../../../test/actors/city.ts';
import type { Credential } from './faulty-agent.ts';

const SLOW_MS = 25;
const FAST_MS = 10;
const PUBACK_BYTES = 4;
const CONNACK_BYTES = 4;
const ACKNOWLEDGED_MS_MAX = 5_000;
const UNACKNOWLEDGED_MAX = 500;

export class SteadySender {
  readonly #privateKey: KeyObject;
  readonly #keyId: Buffer;
  readonly publicKey: string;
  /** Unix milliseconds from which on it sends fast. */
  fastFromMs = Number.POSITIVE_INFINITY;
  /** Frames sent; their sequences count from 1. */
  sent = 0;
  #credential: Credential | null = null;
  #socket: Socket | null = null;
  #ackedBytes = -CONNACK_BYTES;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    this.#keyId = keyIdOf(publicKey);
    this.publicKey = exportPublicKey(publicKey).toString('base64');
  }

  get acknowledged(): number {
    return Math.max(0, this.#ackedBytes / PUBACK_BYTES);
  }

  async start(port: number, credential: Credential): Promise<void> {
    this.#credential = credential;
    const { deviceId, token } = credential;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    socket.on('data', ({ length }) => {
      this.#ackedBytes += length;
    });
    // Shows as frames that nobody acknowledges.
    socket.on('error', () => undefined);
    const hello = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 } as const;
    socket.write(generate({ ...hello, clientId: deviceId, username: deviceId, password: Buffer.from(token) }));
    await once(socket, 'data');
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  /** Resolves when all is acknowledged that was sent; fails where something is not. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    try {
      await this.#running;
      for (let waited = 0; this.acknowledged < this.sent && waited < ACKNOWLEDGED_MS_MAX; waited += FAST_MS)
        await pause(FAST_MS);
      if (this.acknowledged !== this.sent)
        throw new Error(`${this.#credential?.deviceId}: ${this.acknowledged} of ${this.sent} frames were taken`);
    } finally {
      this.#socket?.destroy();
    }
  }

  async #run(): Promise<void> {
    for (let next = performance.now(); !this.#isStopped; ) {
      this.#send();
      const interval = Date.now() >= this.fastFromMs ? FAST_MS : SLOW_MS;
      next = Math.max(next + interval, performance.now());
      await pause(Math.max(0, next - performance.now()));
    }
  }

  #send(): void {
    const { deviceId } = this.#credential!;
    if (this.sent - this.acknowledged >= UNACKNOWLEDGED_MAX) throw new Error(`${deviceId}: no frame is taken any more`);
    const sequence = ++this.sent;
    const fields = { deviceId, bootEpoch: 1, sequence, payload: enmonFrame({ nSend: sequence & 0xffff }) };
    const payload = Buffer.from(signEnvelope(fields, { keyId: this.#keyId, privateKey: this.#privateKey }));
    const message = { topic: `devices/${deviceId}/frames`, payload, messageId: 1 + (sequence % 0xffff) };
    this.#socket?.write(generate({ cmd: 'publish', ...message, qos: 1, dup: false, retain: false }));
  }
}
