/**
 * What the bridge knows of one authenticated connection: its way into the log, the topics it may use, and the messages
 * that wait for their acknowledgement.
 */
import type { Client, PublishPacket } from 'aedes';
import type { ChallengeDesk, OpenChallenge } from '../attestation/index.ts';
import type { Lane, Outcome, Refused } from '../intake/index.ts';

/** Notices that may wait for a device that does not read; more are dropped, the counters still tell of them. */
const NOTICES_PENDING_MAX = 16;

export const framesTopic = (deviceId: string): string => `devices/${deviceId}/frames`;
export const noticesTopic = (deviceId: string): string => `devices/${deviceId}/notices`;
export const challengeTopic = (deviceId: string): string => `devices/${deviceId}/attest/challenge`;
export const interactionsTopic = (deviceId: string): string => `devices/${deviceId}/interactions`;
export const evidenceTopic = (deviceId: string): string => `devices/${deviceId}/attest/evidence`;

/** All connections of one device. */
export interface DeviceConnections {
  open: number;
  /** Those that subscribed to its notices. */
  listening: number;
  noticesPending: number;
}

export type PublishNotice = (packet: PublishPacket, written: () => void) => void;

/** A message that came and what became of it, once that is known. */
export interface Message {
  readonly packet: PublishPacket;
  /** Makes aedes acknowledge. */
  readonly done: (error?: Error | null) => void;
  outcome: Outcome | undefined;
}

export class MqttSession {
  readonly client: Client;
  readonly lane: Lane;
  readonly framesTopic: string;
  readonly noticesTopic: string;
  readonly challengeTopic: string;
  readonly evidenceTopic: string;
  readonly interactionsTopic: string;
  /** Set with the first refusal that may pass: nothing that the client sent after it is taken, so order holds. */
  isClosing = false;
  #isListening = false;
  #stopChallenges: (() => void) | undefined;
  /** One is on its way to the socket; the one that follows it is the newest then. */
  #isChallenging = false;
  #nextChallenge: OpenChallenge | undefined;
  #stopWaiting: (() => void) | undefined;
  readonly #device: DeviceConnections;
  /** In the order they came; those before `#head` are answered. */
  #messages: Message[] = [];
  #head = 0;

  constructor(client: Client, lane: Lane, device: DeviceConnections) {
    this.client = client;
    this.lane = lane;
    this.#device = device;
    device.open += 1;
    this.framesTopic = framesTopic(lane.deviceId);
    this.noticesTopic = noticesTopic(lane.deviceId);
    this.challengeTopic = challengeTopic(lane.deviceId);
    this.evidenceTopic = evidenceTopic(lane.deviceId);
    this.interactionsTopic = interactionsTopic(lane.deviceId);
  }

  received(packet: PublishPacket, done: (error?: Error | null) => void): Message {
    const message: Message = { packet, done, outcome: undefined };
    this.#messages.push(message);
    return message;
  }

  /** Acknowledgements leave in the order of the messages (MQTT-4.6.0-2): the next one that can, or undefined. */
  takeAnswered(): Message | undefined {
    const message = this.#messages[this.#head];
    if (message?.outcome === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#messages.length) {
      this.#messages = [];
      this.#head = 0;
    }
    return message;
  }

  /** Whether this connection subscribed to the device's notices. */
  listen(wantsNotices: boolean): void {
    if (wantsNotices === this.#isListening) return;
    this.#isListening = wantsNotices;
    this.#device.listening += wantsNotices ? 1 : -1;
  }

  /** Whether this connection subscribed to the device's challenges: the open one comes at once. */
  beChallenged(desk: ChallengeDesk | undefined): void {
    this.#stopChallenges?.();
    this.#stopChallenges = desk?.listen(this.lane.deviceId, (challenge) => this.#challenge(challenge));
  }

  /** Frames of it were not taken: `end` is called when they would be, so that it sends them again. */
  withhold(whenCleared: (end: () => void) => () => void): boolean {
    if (this.#stopWaiting !== undefined) return false;
    this.#stopWaiting = whenCleared(() => {
      this.isClosing = true;
      this.client.close();
    });
    return true;
  }

  /** The connection has ended. */
  left(): void {
    this.listen(false);
    this.beChallenged(undefined);
    this.#stopWaiting?.();
    this.#device.open -= 1;
  }

  /**
   * MQTT 3.1.1 has no reason in a PUBACK, so every connection of the device that subscribed to it gets the reason as a
   * message. Calls back once it is written.
   */
  notify(publish: PublishNotice, refused: Refused, messageId: number | undefined, written: () => void): void {
    const device = this.#device;
    if (device.listening === 0 || device.noticesPending >= NOTICES_PENDING_MAX) {
      written();
      return;
    }
    device.noticesPending += 1;
    const { code, message, retryAfterMs, field, byteOffset } = refused;
    const payload = Buffer.from(JSON.stringify({ code, message, messageId, retryAfterMs, field, byteOffset }));
    publish({ cmd: 'publish', topic: this.noticesTopic, payload, qos: 0, retain: false, dup: false }, () => {
      device.noticesPending -= 1;
      written();
    });
  }

  /** At QoS 1, to this connection alone. No acknowledgement is waited for: the evidence is one. */
  #challenge(challenge: OpenChallenge): void {
    this.#nextChallenge = challenge;
    if (this.#isChallenging) return;
    this.#isChallenging = true;
    const { bytes } = challenge;
    const packet = { cmd: 'publish', topic: this.challengeTopic, qos: 1, retain: false, dup: false } as const;
    this.client.publish({ ...packet, payload: Buffer.from(bytes) }, () => {
      this.#isChallenging = false;
      if (this.#nextChallenge !== challenge && this.#nextChallenge !== undefined && this.#stopChallenges !== undefined)
        this.#challenge(this.#nextChallenge);
    });
  }
}
