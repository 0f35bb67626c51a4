/**
 * Over MQTT 3.1.1, no more of the protocol than it takes: challenges come in at QoS 1 on the device's own topic, evidence
 * goes out at QoS 1. A connection that ends is opened again; what was not acknowledged then is the caller's to send again.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Clock, MsecError, pause } from '../../engine/base/index.ts';
import {
  type AttestationChannel,
  type Credential,
  notAttesting,
  RETRY_MS_MAX,
  RETRY_MS_MIN,
  refusedCredential,
} from './channel.ts';
import { MqttReader, mqttPacket, mqttText } from './mqtt-packets.ts';

export interface MqttPlace {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

const KEEP_ALIVE_SEC = 60;
const ANSWER_MS_MAX = 30_000;
const CREDENTIALS_REFUSED: readonly number[] = [4, 5];

interface Ended {
  readonly wasUp: boolean;
  /** Why another connection would end the same way. */
  readonly refused: MsecError | null;
  readonly says: string;
}

interface Waiting {
  resolve(isTaken: boolean): void;
  reject(error: Error): void;
}

export class MqttChannel implements AttestationChannel {
  readonly #place: MqttPlace;
  readonly #credential: Credential;
  readonly #clock: Clock;
  #socket: Socket | null = null;
  #isUp = false;
  #messageId = 1;
  /** By message id: there are never more than an answer and a notice. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #whenUp: (() => void)[] = [];

  constructor(place: MqttPlace, credential: Credential, clock: Clock) {
    this.#place = place;
    this.#credential = credential;
    this.#clock = clock;
  }

  async run(
    onChallenge: (challenge: Uint8Array) => void,
    onTrouble: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#keepConnected(onChallenge, onTrouble, signal);
    } finally {
      // Whoever waits to send finds that there is no connection.
      for (const run of this.#whenUp.splice(0)) run();
    }
  }

  async #keepConnected(
    onChallenge: (challenge: Uint8Array) => void,
    onTrouble: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      const ended = await this.#connection(onChallenge, signal);
      if (signal.aborted) return;
      if (ended.refused !== null) throw ended.refused;
      onTrouble(down(ended.says));
      retryMs = ended.wasUp ? RETRY_MS_MIN : Math.min(2 * retryMs, RETRY_MS_MAX);
      await pause(this.#clock, retryMs, signal);
    }
  }

  async send(evidence: Uint8Array, isVain: () => boolean = () => false): Promise<boolean> {
    if (!this.#isUp) await this.#up();
    if (isVain()) throw down('the connection came too late');
    const socket = this.#socket;
    if (socket === null || !this.#isUp) throw down('the connection is down');
    this.#messageId = (this.#messageId % 0xffff) + 1;
    const id = this.#messageId;
    const idBytes = Buffer.of(id >> 8, id & 0xff);
    const topic = mqttText(`devices/${this.#credential.deviceId}/attest/evidence`);
    const timer = this.#clock.after(ANSWER_MS_MAX, () => this.#waiting.get(id)?.reject(down('no acknowledgement')));
    try {
      return await new Promise<boolean>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        socket.write(mqttPacket(0x32, [topic, idBytes, evidence]));
      });
    } finally {
      timer.cancel();
      this.#waiting.delete(id);
    }
  }

  /** Until it is up, for a while. */
  #up(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(ANSWER_MS_MAX, resolve);
      this.#whenUp.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #connection(onChallenge: (challenge: Uint8Array) => void, signal: AbortSignal): Promise<Ended> {
    const { host, port, isTls } = this.#place;
    const socket = isTls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port, noDelay: true });
    this.#socket = socket;
    const { deviceId, token } = this.#credential;
    const clock = this.#clock;
    const reader = new MqttReader();
    let wasUp = false;
    let refused: MsecError | null = null;
    let says = 'the connection was closed';
    let timer = clock.after(ANSWER_MS_MAX, () => socket.destroy());
    const ping = () => {
      socket.write(mqttPacket(0xc0, []));
      timer = clock.after((KEEP_ALIVE_SEC * 1000) / 2, ping);
    };
    const take = (type: number, body: Buffer): void => {
      if (type === 0x20) {
        if (CREDENTIALS_REFUSED.includes(body[1]!)) refused = refusedCredential();
        if (body[1] !== 0) return void socket.destroy();
        const topic = mqttText(`devices/${deviceId}/attest/challenge`);
        socket.write(mqttPacket(0x82, [Buffer.of(0, 1), topic, Buffer.of(1)]));
      } else if (type === 0x90) {
        if (body[2] !== 1) {
          refused = notAttesting();
          return void socket.destroy();
        }
        timer.cancel();
        ping();
        wasUp = true;
        this.#isUp = true;
        for (const run of this.#whenUp.splice(0)) run();
      } else if (type === 0x40) {
        this.#waiting.get(body.readUInt16BE(0))?.resolve(true);
      } else if (type >> 4 === 3) {
        const topicEnd = 2 + body.readUInt16BE(0);
        const hasId = (type & 6) !== 0;
        if (hasId) socket.write(mqttPacket(0x40, [body.subarray(topicEnd, topicEnd + 2)]));
        onChallenge(Uint8Array.from(body.subarray(topicEnd + (hasId ? 2 : 0))));
      }
    };
    socket.write(
      mqttPacket(0x10, [
        ...[mqttText('MQTT'), Buffer.of(4, 0xc2, 0, KEEP_ALIVE_SEC), mqttText(`${deviceId}-attest`)],
        ...[mqttText(deviceId), mqttText(token)],
      ]),
    );
    return new Promise((resolve) => {
      const stop = () => void socket.end(Buffer.of(0xe0, 0));
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      socket.on('data', (chunk) => {
        if (!reader.push(chunk, take)) socket.destroy();
      });
      // What went wrong shows as the connection that closes.
      socket.on('error', ({ message }) => {
        says = message;
      });
      socket.once('close', () => {
        timer.cancel();
        signal.removeEventListener('abort', stop);
        this.#isUp = false;
        for (const { reject } of this.#waiting.values()) reject(down('the connection was lost'));
        resolve({ wasUp, refused, says });
      });
    });
  }
}

const down = (says: string): MsecError => new MsecError('DEPENDENCY_DOWN', `the bridge: ${says}`);
