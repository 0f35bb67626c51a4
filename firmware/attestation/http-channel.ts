/** Over HTTP: a request that waits for the next challenge, one after another, and a POST for each piece of evidence. */
import { type Clock, MsecError, pause } from '../../engine/base/index.ts';
import { decodeChallenge } from '../../schemas/attestation/index.ts';
import {
  type AttestationChannel,
  type Credential,
  notAttesting,
  RETRY_MS_MAX,
  RETRY_MS_MIN,
  refusedCredential,
} from './channel.ts';

const WAIT_SECONDS = 50;
const TIMEOUT_MS = 60_000;
const OCTETS = 'application/octet-stream';

export class HttpChannel implements AttestationChannel {
  readonly #base: string;
  readonly #authorization: string;
  readonly #clock: Clock;

  constructor(base: string, { deviceId, token }: Credential, clock: Clock) {
    this.#base = base.replace(/\/$/, '');
    this.#authorization = `Bearer ${deviceId}:${token}`;
    this.#clock = clock;
  }

  async run(
    onChallenge: (challenge: Uint8Array) => void,
    onTrouble: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let after = 0;
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      try {
        const answer = await this.#ask(`/v1/attest/challenge?after=${after}&wait=${WAIT_SECONDS}`, {}, signal);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        if (answer.status === 200) {
          after = decodeChallenge(bytes).id;
          onChallenge(bytes);
        } else if (answer.status === 404) throw notAttesting();
        else if (answer.status !== 204) throw down(`answered ${answer.status}`);
        retryMs = RETRY_MS_MIN;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof MsecError && (error.code === 'NOT_AUTHENTICATED' || error.code === 'CONFIG_INVALID'))
          throw error;
        onTrouble(error);
        await pause(this.#clock, retryMs, signal);
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
      }
    }
  }

  async send(evidence: Uint8Array): Promise<boolean> {
    const headers = { 'content-type': OCTETS };
    const body = Buffer.from(evidence);
    const answer = await this.#ask('/v1/attest/evidence', { method: 'POST', headers, body });
    await answer.arrayBuffer();
    if (answer.status === 202) return true;
    if (answer.status === 429 || answer.status >= 500) throw down(`answered ${answer.status}`);
    return false;
  }

  async #ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), authorization: this.#authorization };
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const ends = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    let answer: Response;
    try {
      answer = await fetch(`${this.#base}${path}`, { ...init, headers, signal: ends });
    } catch (cause) {
      throw down(((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message, cause);
    }
    if (answer.status === 401) throw refusedCredential();
    return answer;
  }
}

const down = (says: string, cause?: unknown): MsecError =>
  new MsecError('DEPENDENCY_DOWN', `the bridge: ${says}`, { cause });
