/** Batches of a gateway to an HTTP bridge (POST /v1/packets), with the gateway's own credential. */
import { MsecError } from '../../engine/index.ts';
import type { SendBatch } from './publisher.ts';

const TIMEOUT_MS = 15_000;
const ANSWER_CHARS_MAX = 300;
/** The bridge is there and may take it later. 401: the device is not known there yet, or its token was just replaced. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429, 503, 507]);

export interface GatewayCredential {
  readonly deviceId: string;
  readonly token: string;
}

/** `onWait` is told of each answer for which the batch is sent again. */
export function sendOverHttp(
  bridge: URL,
  { deviceId, token }: GatewayCredential,
  onWait: (says: string) => void,
): SendBatch {
  const headers = { authorization: `Bearer ${deviceId}:${token}`, 'content-type': 'application/octet-stream' };
  return async (lane, batch) => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(`/v1/packets?lane=${lane}`, bridge), {
        method: 'POST',
        headers,
        body: batch as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = (await response.text()).slice(0, ANSWER_CHARS_MAX);
    } catch (cause) {
      const because = cause instanceof Error ? reasonOf(cause) : String(cause);
      onWait(because);
      throw new MsecError('DEPENDENCY_DOWN', `${bridge.origin}: ${because}`, { cause });
    }
    if (response.status === 202) return;
    const says = `${bridge.origin} answers ${response.status}: ${text}`;
    if (!PASSING.has(response.status)) throw new MsecError('REQUEST_INVALID', says);
    onWait(says);
    throw new MsecError('DEPENDENCY_DOWN', says);
  };
}

/** What fetch itself says is only that it failed. */
function reasonOf(error: Error): string {
  const inner = error.cause;
  return inner instanceof Error && inner.message !== '' ? inner.message : error.message;
}
