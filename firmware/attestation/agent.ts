/**
 * Answers challenges beside a device: the newest one first, each once. What was sent and not acknowledged is sent again as the
 * same bytes, since a second answer would count against the device; and not after the deadline, when another challenge may be
 * open. Between challenges it tells of new IMA entries at once.
 */
import { type Clock, errorData, MsecError, pause } from '../../engine/base/index.ts';
import { type Challenge, decodeChallenge } from '../../schemas/attestation/index.ts';
import { type AttestationChannel, RETRY_MS_MAX, RETRY_MS_MIN } from './channel.ts';
import type { EvidenceSource, Shown } from './evidence-source.ts';

export type AgentEvent =
  | { readonly event: 'challenged'; readonly challenge: number }
  | { readonly event: 'answered'; readonly challenge: number; readonly bytes: number }
  | { readonly event: 'noticed'; readonly entries: number }
  | { readonly event: 'refused'; readonly challenge: number }
  /** It is tried again with the next challenge. */
  | { readonly event: 'failed'; readonly code: string; readonly message: string };

export interface AgentOptions {
  readonly source: EvidenceSource;
  readonly channel: AttestationChannel;
  readonly clock: Clock;
  readonly onEvent: (event: AgentEvent) => void;
  /** How often the IMA list is looked at; 0: never. */
  readonly noticeEveryMs: number;
  /** Ends after so many answers; absent: with the signal. */
  readonly answersMax?: number;
}

/** Whatever the TPM fails at may be over in a moment: somebody else had it. */
const TRIES_MAX = 5;
const NOTICE_MS_MIN = 200;

export class AttestationAgent {
  readonly #options: AgentOptions;
  readonly #stop = new AbortController();
  /** The newest one that has come, and when it is over, by the clock that only goes on. */
  #newest: Challenge | null = null;
  #newestUntil = 0;
  #wake: () => void = () => undefined;
  /** The nonce of the last: ids begin anew where the engine does. */
  #answered = '';
  #answers = 0;
  /** Entries of the IMA list that the verifier has seen or will; null where it is not known yet. */
  #imaShown: number | null = null;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Resolves with the signal, or after the last answer. NOT_AUTHENTICATED, CONFIG_INVALID. */
  async run(signal: AbortSignal): Promise<void> {
    const { channel } = this.#options;
    const stop = this.#stop;
    const end = () => {
      stop.abort();
      this.#wake();
    };
    if (signal.aborted) return;
    signal.addEventListener('abort', end, { once: true });
    let failure: unknown;
    const parts = [
      channel.run(
        (bytes) => this.#challenged(bytes),
        (error) => this.#failed(error),
        stop.signal,
      ),
      this.#answerAll(),
      this.#noticeAll(),
    ].map((part) =>
      part.then(
        () => end(),
        (error: unknown) => {
          failure ??= error;
          end();
        },
      ),
    );
    await Promise.all(parts);
    signal.removeEventListener('abort', end);
    if (failure !== undefined) throw failure;
  }

  #challenged(bytes: Uint8Array): void {
    try {
      const challenge = decodeChallenge(bytes);
      const nonce = nonceOf(challenge);
      if (nonce === this.#answered || (this.#newest !== null && nonce === nonceOf(this.#newest))) return;
      const { clock } = this.#options;
      this.#newest = challenge;
      this.#newestUntil = clock.monotonic() + leftMs(challenge, clock.now());
      this.#options.onEvent({ event: 'challenged', challenge: challenge.id });
      this.#wake();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #answerAll(): Promise<void> {
    const { answersMax = Number.POSITIVE_INFINITY } = this.#options;
    while (!this.#stop.signal.aborted && this.#answers < answersMax) {
      const challenge = this.#newest;
      if (challenge === null) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      await this.#answer(challenge);
      if (this.#newest === challenge) this.#newest = null;
    }
  }

  async #answer(challenge: Challenge): Promise<void> {
    const { onEvent } = this.#options;
    const shown = await this.#evidenceFor(challenge);
    if (shown === null) return;
    const isTaken = await this.#sendUntil(shown.bytes, () => !this.#isOpen(challenge));
    if (isTaken === null) {
      if (this.#newest === challenge && !this.#stop.signal.aborted) this.#failed(over(challenge));
      return;
    }
    this.#answered = nonceOf(challenge);
    this.#answers++;
    if (isTaken) this.#imaShown = shown.imaEntries ?? this.#imaShown;
    if (isTaken) onEvent({ event: 'answered', challenge: challenge.id, bytes: shown.bytes.length });
    else onEvent({ event: 'refused', challenge: challenge.id });
  }

  #isOpen(challenge: Challenge): boolean {
    return this.#newest === challenge && this.#options.clock.monotonic() <= this.#newestUntil;
  }

  /** Null where there is none to be had before the next challenge. */
  async #evidenceFor(challenge: Challenge): Promise<Shown | null> {
    const { source, clock } = this.#options;
    const { signal } = this.#stop;
    for (let tries = 1; !signal.aborted && this.#isOpen(challenge); tries++) {
      try {
        return await source.answer(challenge, (bytes) => this.#sendPart(bytes, challenge));
      } catch (error) {
        if (error instanceof MsecError && error.code === 'CONFIG_INVALID') throw error;
        this.#failed(error);
        if (tries === TRIES_MAX) return null;
        await pause(clock, RETRY_MS_MIN * tries, signal);
      }
    }
    return null;
  }

  async #sendPart(bytes: Uint8Array, challenge: Challenge): Promise<void> {
    const isTaken = await this.#sendUntil(bytes, () => !this.#isOpen(challenge));
    if (isTaken === true) return;
    const says = isTaken === null ? 'nobody waits for it any more' : 'the bridge refused a part of the IMA list';
    throw new MsecError('EVIDENCE_INVALID', says, { field: 'imaList' });
  }

  /** Null where it ended, or nobody wants it any more. */
  async #sendUntil(bytes: Uint8Array, isVain: () => boolean): Promise<boolean | null> {
    const { channel, clock } = this.#options;
    const { signal } = this.#stop;
    for (let retryMs = RETRY_MS_MIN; !signal.aborted && !isVain(); retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      try {
        return await channel.send(bytes, isVain);
      } catch (error) {
        if (error instanceof MsecError && !error.retriable) throw error;
        this.#failed(error);
        await pause(clock, retryMs, signal);
      }
    }
    return null;
  }

  async #noticeAll(): Promise<void> {
    const { source, channel, clock, noticeEveryMs, onEvent } = this.#options;
    const { signal } = this.#stop;
    if (noticeEveryMs === 0) return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    while (!signal.aborted) {
      await pause(clock, Math.max(noticeEveryMs, NOTICE_MS_MIN), signal);
      // An answer that is on its way shows the same entries.
      if (signal.aborted || this.#newest !== null) continue;
      try {
        // What was there before is shown with the next evidence.
        this.#imaShown ??= await source.imaEntries();
        const shown = this.#imaShown;
        if (shown === null) continue;
        const notice = await source.notice(shown);
        if (notice === null || notice.imaEntries === null) continue;
        await channel.send(notice.bytes);
        if (this.#imaShown === shown) this.#imaShown = notice.imaEntries;
        onEvent({ event: 'noticed', entries: notice.imaEntries - shown });
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #failed(error: unknown): void {
    const { code, message } = errorData(error);
    this.#options.onEvent({ event: 'failed', code, message });
  }
}

/**
 * A challenge that is handed out is open: where the time of day does not fit that, or leaves hardly any time, it is wrong. A clock
 * that is a little ahead must not keep a device from answering.
 */
function leftMs({ issuedAtMs, deadlineMs }: Challenge, nowMs: number): number {
  const [withinMs, ageMs] = [deadlineMs - issuedAtMs, nowMs - issuedAtMs];
  return ageMs >= 0 && ageMs <= 0.75 * withinMs ? withinMs - ageMs : withinMs;
}

const over = ({ id }: Challenge): MsecError =>
  new MsecError('DEPENDENCY_DOWN', `challenge ${id} was over before the bridge had its evidence`);

const nonceOf = ({ nonce }: Challenge): string => Buffer.from(nonce).toString('hex');
