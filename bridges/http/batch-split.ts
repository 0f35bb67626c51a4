/**
 * Concatenated envelopes in one request: each says where it ends. Where one does not hold together, nothing after it
 * can be delimited either.
 */
import { EnvelopeView, PAYLOAD_BYTES_CEILING } from '../../schemas/envelope/index.ts';
import { type Refused, refusal } from '../intake/index.ts';

export interface BatchSplit {
  readonly frames: readonly Uint8Array[];
  /** Why the rest of the body is not in `frames`; `byteOffset` counts from the start of the body. */
  readonly rest: Refused | undefined;
}

const view = new EnvelopeView(PAYLOAD_BYTES_CEILING);

/** The frames are views of `body`. */
export function splitBatch(body: Uint8Array, framesMax: number): BatchSplit {
  const frames: Uint8Array[] = [];
  let at = 0;
  while (at < body.length) {
    if (frames.length === framesMax) {
      const message = `a request may hold ${framesMax} frames; what begins at byte ${at} was not taken`;
      return { frames, rest: refusal('FRAME_TOO_LARGE', message, { byteOffset: at }) };
    }
    if (!view.tryParse(body, at, body.length)) {
      const { field, byteOffset = 0 } = view.error();
      const message = `frame ${frames.length} of the request at byte ${at}: envelope field ${field ?? ''}: ${view.problem?.says ?? ''}`;
      return {
        frames,
        rest: refusal('ENVELOPE_INVALID', message, { field: field ?? '', byteOffset: at + byteOffset }),
      };
    }
    frames.push(body.subarray(at, view.end));
    at = view.end;
  }
  return { frames, rest: undefined };
}
