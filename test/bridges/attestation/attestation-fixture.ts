/** Challenges and evidence as messages, and a clock whose timers a test lets ring. */
import type { Timer } from '../../../engine/index.ts';
import { type Challenge, encodeChallenge, encodeEvidence } from '../../../schemas/attestation/index.ts';
import { ALG_SHA256 } from '../../../schemas/tpm/index.ts';
import { ManualClock } from '../bridge-fixture.ts';

export const START_MS = new ManualClock().nowMs;

export const challenge = (id: number, more: Partial<Challenge> = {}): Uint8Array =>
  encodeChallenge({
    id,
    issuedAtMs: START_MS,
    deadlineMs: START_MS + 30_000,
    nonce: Buffer.alloc(20, id),
    selections: [{ bank: ALG_SHA256, pcrs: [0, 7, 14] }],
    wantsBootLog: false,
    wantsIma: false,
    imaEntries: 0,
    resetCount: 3,
    ...more,
  });

export const evidence = (challengeId: number, bootLogBytes = 10): Uint8Array =>
  encodeEvidence({
    challengeId,
    quote: Buffer.from('quote'),
    signature: Buffer.from('signature'),
    pcrs: null,
    bootLog: Buffer.alloc(bootLogBytes),
    ima: null,
  });

export class RingingClock extends ManualClock {
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  override after(delayMs = 0, run: () => void = () => undefined): Timer {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  get waiting(): number {
    return this.#timers.size;
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.nowMs) continue;
      this.#timers.delete(timer);
      timer.run();
    }
  }
}
