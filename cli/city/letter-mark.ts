/**
 * Which byte of a dead letter's value its error points at. Errors count from the start of what the device sent, an
 * envelope or a frame; the letter holds it behind what the bridge and the verifier have put in front.
 */
import type { RawRecord } from '../../console/index.ts';
import type { ErrorCode } from '../../engine/index.ts';
import { isSealedKind } from '../../schemas/envelope/index.ts';
import { DEVICE_FRAMES, DEVICE_VERIFIED, verifiedFrameCodec } from '../../schemas/topics/index.ts';

const KIND_BYTES = 1;
const COUNTED_IN_FRAME: ReadonlySet<string> = new Set<ErrorCode>(['FRAME_INVALID', 'IDENTITY_MISMATCH']);

/** null where there is no such byte: none is named, it lies behind the end, or the bytes are sealed. */
export function markedByte(
  { topic, value }: RawRecord,
  code: string,
  field: string | null,
  byteOffset: number | null,
): number | null {
  if (value === null || byteOffset === null) return null;
  const at = startOf(topic, value, code, field);
  return at === null || at + byteOffset >= value.length ? null : at + byteOffset;
}

function startOf(topic: string, value: Uint8Array, code: string, field: string | null): number | null {
  if (topic === `${DEVICE_FRAMES}.dlq`) {
    if (isSealedKind(value[0] ?? 0)) return null;
    return field === 'kind' ? 0 : KIND_BYTES;
  }
  if (topic !== `${DEVICE_VERIFIED}.dlq` || !COUNTED_IN_FRAME.has(code)) return 0;
  try {
    const frame = verifiedFrameCodec().decode(value, 0, value.length);
    return frame.isOpen ? frame.payloadStart : null;
  } catch {
    return null;
  }
}
