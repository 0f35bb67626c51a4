/**
 * A device's own agent on a real TPM, with a fault to be had at the next challenge: the quote is the TPM's, and only what
 * becomes of it on the way is wrong. After silence it stays away until it is started again.
 */
import { systemClock } from '../../../engine/index.ts';
import {
  AttestationAgent,
  type AttestationChannel,
  type EvidenceSource,
  MqttChannel,
  type SendPart,
  type Shown,
  tpmEvidence,
} from '../../../firmware/attestation/index.ts';
import { type Challenge, decodeChallenge, decodeEvidence, encodeEvidence } from '../../../schemas/attestation/index.ts';
import type { Swtpm } from '../../../test/support/swtpm.ts';

/**
 * signature: one bit of it is another. stale: the quote of the last challenge under the number of this one. repeated: the last
 * evidence as it was, which counts as none. silent: the agent has stopped.
 */
export const FAULTS = ['signature', 'stale', 'repeated', 'silent'] as const;
export type Fault = (typeof FAULTS)[number];

/** What is told with evidence that is shown, and what only the deadline tells. */
export const isShown = (fault: Fault): boolean => fault === 'signature' || fault === 'stale';

export interface Credential {
  readonly deviceId: string;
  readonly token: string;
}

export class FaultyAgent {
  readonly #source: EvidenceSource;
  readonly #makeChannel: () => AttestationChannel;
  #armed: { readonly fault: Fault; readonly acted: (challenge: Challenge) => void } | null = null;
  #last: Uint8Array = new Uint8Array(0);
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(swtpm: Swtpm, port: number, credential: Credential) {
    const files = { bootLog: null, ima: null };
    this.#source = tpmEvidence({ connect: () => swtpm.open(), boundTo: null, files });
    this.#makeChannel = () => new MqttChannel({ host: '127.0.0.1', port, isTls: false }, credential, systemClock);
  }

  /** Where it does not run. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#stop = new AbortController();
    const inner = this.#makeChannel();
    const agent = new AttestationAgent({
      source: {
        answer: (challenge, sendPart) => this.#answer(challenge, sendPart),
        notice: async () => null,
        imaEntries: async () => null,
      },
      channel: {
        run: (onChallenge, onTrouble, signal) =>
          inner.run((bytes) => this.#mayHear(bytes) && onChallenge(bytes), onTrouble, signal),
        send: (evidence, isVain) => inner.send(evidence, isVain),
      },
      clock: systemClock,
      noticeEveryMs: 0,
      onEvent: () => undefined,
    });
    this.#running = agent.run(this.#stop.signal).finally(() => {
      this.#isRunning = false;
    });
    this.#running.catch(() => undefined);
  }

  /** Resolves with the challenge at which the fault was had. */
  arm(fault: Fault): Promise<Challenge> {
    return new Promise((resolve) => {
      this.#armed = { fault, acted: resolve };
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #mayHear(bytes: Uint8Array): boolean {
    if (this.#armed?.fault !== 'silent') return true;
    this.#act(decodeChallenge(bytes));
    this.#stop.abort();
    return false;
  }

  #act(challenge: Challenge): void {
    this.#armed?.acted(challenge);
    this.#armed = null;
  }

  async #answer(challenge: Challenge, sendPart: SendPart): Promise<Shown> {
    const shown = await this.#source.answer(challenge, sendPart);
    const fault = this.#armed?.fault;
    if (fault === undefined || fault === 'silent') {
      this.#last = shown.bytes;
      return shown;
    }
    this.#act(challenge);
    return { ...shown, bytes: this.#spoilt(fault, challenge, shown.bytes) };
  }

  #spoilt(fault: Exclude<Fault, 'silent'>, challenge: Challenge, good: Uint8Array): Uint8Array {
    if (fault === 'repeated') return this.#last;
    if (fault === 'stale') return encodeEvidence({ ...decodeEvidence(this.#last), challengeId: challenge.id });
    const message = decodeEvidence(good);
    const signature = Buffer.from(message.signature);
    signature[signature.length - 1]! ^= 1;
    return encodeEvidence({ ...message, signature });
  }
}
