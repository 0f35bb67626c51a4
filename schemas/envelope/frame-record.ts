/**
 * The value of a record in the topic device.frames. Its key is the device that the bridge authenticated, its
 * timestamp the bridge's receive time. The first byte is written by us alone and says what follows:
 *
 *   record = 1 envelope | 2 sealed | 3 frame | 4 sealed | 16 registry-record | 17 trust-word | 18 released
 *   sealed = version u8 1 · key-id-length u8 1..32 · key-id ASCII · nonce 12 bytes · AES-256-GCM ciphertext · tag 16
 *
 * 1 and 2 hold an envelope, in clear or sealed; 3 and 4 the raw frame of a legacy device; 16 the copy of a registry
 * change (docs/decisions/0003); 17 and 18 are of attestation (schemas/attestation/trust-word.ts). The sealed form authenticates everything before its nonce, and then the device id.
 */
export const KIND_ENVELOPE = 1;
export const KIND_SEALED_ENVELOPE = 2;
export const KIND_UNSIGNED = 3;
export const KIND_SEALED_UNSIGNED = 4;
/** Never in device.frames: in device.verified one frame of a batch stands for itself under it. */
export const KIND_BATCH_FRAME = 5;
export const KIND_CONTROL = 16;
/** Whether the device's frames pass from here on. */
export const KIND_TRUST = 17;
/** A frame that was held. */
export const KIND_RELEASED = 18;

export type ClearKind = typeof KIND_ENVELOPE | typeof KIND_UNSIGNED;
export type SealedKind = typeof KIND_SEALED_ENVELOPE | typeof KIND_SEALED_UNSIGNED;
export type FrameKind = ClearKind | SealedKind | typeof KIND_CONTROL;

export function isSealedKind(kind: number): kind is SealedKind {
  return kind === KIND_SEALED_ENVELOPE || kind === KIND_SEALED_UNSIGNED;
}

/** The kind of the sealed record that holds what a clear record of this kind would. */
export function sealedKindOf(kind: ClearKind): SealedKind {
  return kind === KIND_ENVELOPE ? KIND_SEALED_ENVELOPE : KIND_SEALED_UNSIGNED;
}

export function clearKindOf(kind: SealedKind): ClearKind {
  return kind === KIND_SEALED_ENVELOPE ? KIND_ENVELOPE : KIND_UNSIGNED;
}

/** A record's value, an own copy: the kind, then the body. */
export function encodeFrameRecord(
  kind: ClearKind | typeof KIND_CONTROL,
  body: Uint8Array,
  start = 0,
  end = body.length,
): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(1 + end - start);
  value[0] = kind;
  value.set(body.subarray(start, end), 1);
  return value;
}
