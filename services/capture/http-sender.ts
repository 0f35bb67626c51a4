/** Batches of a gateway to an HTTP bridge (POST /v1/packets), with the gateway's own credential. */
import { MsecError } from '../../engine/index.ts';
import type { SendBatch } from './publisher.ts';

const TIMEOUT_MS = 15_000;
const ANSWER_CHARS_MAX = 300;
/** The bridge is there and may take it later. 401: the token was just replaced. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429, 503, 507]);
/** Before anything was taken, no later try will be answered otherwise. */
const FINAL_AT_FIRST: ReadonlySet<number> = new Set([401, 403, 404]);
/** A device that was just added is known to the bridge a moment later. */
const UNKNOWN_TRIES = 5;
/** What fetch says of ports that belong to other protocols: it sends nothing there, whoever listens. */
const BAD_PORT = 'bad port';

export interface GatewayCredential {
  readonly deviceId: string;
  readonly token: string;
}

export interface HttpSenderOptions {
  /** How often in a row a lane tries a bridge that does not answer; null: for ever. */
  readonly triesMax: number | null;
  /** Told of each answer for which the batch is sent again. */
  readonly onWait: (says: string) => void;
  /** Told once that no batch will be taken any more, and why: those that wait are lost. */
  readonly onEnd: (says: string, isAddressWrong: boolean) => void;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export function sendOverHttp(
  bridge: URL,
  { deviceId, token }: GatewayCredential,
  { triesMax, onWait, onEnd }: HttpSenderOptions,
): SendBatch {
  const headers = { authorization: `Bearer ${deviceId}:${token}`, 'content-type': 'application/octet-stream' };
  const silent = new Map<number, number>();
  let hasTaken = false;
  let unknown = 0;
  let ended: string | null = null;

  const end = (says: string, isAddressWrong = false): MsecError => {
    if (ended === null) onEnd(says, isAddressWrong);
    ended ??= says;
    // Of a kind that is not sent again.
    return new MsecError('REQUEST_INVALID', says);
  };

  const post = async (lane: number, batch: Uint8Array): Promise<Answer> => {
    try {
      const response = await fetch(new URL(`/v1/packets?lane=${lane}`, bridge), {
        method: 'POST',
        headers,
        body: batch as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const answer = { status: response.status, text: (await response.text()).slice(0, ANSWER_CHARS_MAX) };
      silent.delete(lane);
      return answer;
    } catch (cause) {
      const because = cause instanceof Error ? reasonOf(cause) : String(cause);
      const tries = (silent.get(lane) ?? 0) + 1;
      silent.set(lane, tries);
      if (because === BAD_PORT) throw end(`${bridge.origin}: no HTTP bridge can have this port`, true);
      if (triesMax !== null && tries >= triesMax) throw end(`${bridge.origin}: ${because}`);
      onWait(because);
      throw new MsecError('DEPENDENCY_DOWN', `${bridge.origin}: ${because}`, { cause });
    }
  };

  return async (lane, batch) => {
    if (ended !== null) throw end(ended);
    const { status, text } = await post(lane, batch);
    if (status === 202) {
      hasTaken = true;
      return;
    }
    const says = `${bridge.origin} answers ${status}: ${messageOf(text)}`;
    if (!hasTaken && FINAL_AT_FIRST.has(status) && (status !== 401 || ++unknown >= UNKNOWN_TRIES)) throw end(says);
    if (!PASSING.has(status)) throw new MsecError('REQUEST_INVALID', says);
    onWait(says);
    throw new MsecError('DEPENDENCY_DOWN', says);
  };
}

/** Of the bridge; what answers need not be one. */
function messageOf(text: string): string {
  try {
    const answer = JSON.parse(text) as { readonly message?: unknown } | null;
    if (typeof answer?.message === 'string') return answer.message;
  } catch {
    // Then it is no JSON.
  }
  return text;
}

/** What fetch itself says is only that it failed. */
function reasonOf(error: Error): string {
  const inner = error.cause;
  return inner instanceof Error && inner.message !== '' ? inner.message : error.message;
}
