/**
 * The open challenge of each device, for whoever holds its session: MQTT sessions listen, HTTP requests wait. Every
 * bridge process follows all challenges and hands out those of the devices that are connected to it. A device has one
 * open challenge, the newest, until its deadline: there is no queue that could grow.
 */
import type { Clock } from '../../engine/index.ts';
import { decodeChallenge } from '../../schemas/attestation/index.ts';

export interface OpenChallenge {
  readonly id: number;
  readonly deadlineMs: number;
  /** As the device gets it. */
  readonly bytes: Uint8Array;
}

type Listener = (challenge: OpenChallenge) => void;

export class ChallengeDesk {
  readonly #clock: Clock;
  /** The one that was issued last is the last. */
  readonly #open = new Map<string, OpenChallenge>();
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A record of the topic, in its order; the bytes are copied. EVIDENCE_INVALID, TPM_RESPONSE_INVALID. */
  take(deviceId: string, bytes: Uint8Array): void {
    const { id, deadlineMs } = decodeChallenge(bytes);
    this.#forgetOverdue();
    this.#open.delete(deviceId);
    if (deadlineMs <= this.#clock.now()) return;
    const challenge = { id, deadlineMs, bytes: Uint8Array.from(bytes) };
    this.#open.set(deviceId, challenge);
    for (const listener of [...(this.#listeners.get(deviceId) ?? [])]) listener(challenge);
  }

  open(deviceId: string): OpenChallenge | undefined {
    const challenge = this.#open.get(deviceId);
    if (challenge === undefined || challenge.deadlineMs > this.#clock.now()) return challenge;
    this.#open.delete(deviceId);
    return undefined;
  }

  /** Calls back with the open challenge at once, where there is one, and with each that follows; the result ends that. */
  listen(deviceId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(deviceId) ?? new Set();
    this.#listeners.set(deviceId, listeners.add(listener));
    const open = this.open(deviceId);
    if (open !== undefined) listener(open);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(deviceId) === listeners) this.#listeners.delete(deviceId);
    };
  }

  /** The open challenge if its id is not `known`, else the next one; null after `waitMs`, or with the signal. */
  next(deviceId: string, known: number, waitMs: number, signal: AbortSignal): Promise<OpenChallenge | null> {
    const open = this.open(deviceId);
    if (open !== undefined && open.id !== known) return Promise.resolve(open);
    if (waitMs <= 0 || signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const end = (challenge: OpenChallenge | null) => {
        stop();
        timer.cancel();
        signal.removeEventListener('abort', aborted);
        resolve(challenge);
      };
      const aborted = () => end(null);
      const timer = this.#clock.after(waitMs, aborted);
      signal.addEventListener('abort', aborted, { once: true });
      const stop = this.listen(deviceId, (challenge) => {
        if (challenge.id !== known) end(challenge);
      });
    });
  }

  /** They come in the order of their deadlines, nearly. */
  #forgetOverdue(): void {
    const nowMs = this.#clock.now();
    for (const [deviceId, { deadlineMs }] of this.#open) {
      if (deadlineMs > nowMs) return;
      this.#open.delete(deviceId);
    }
  }
}
