/** A device's first start and its loop, on a TPM: docs/devices.md. */
export {
  type DeviceKeys,
  deviceKeys,
  isLike,
  KEY_HANDLES,
  KEY_KINDS,
  KEY_TEMPLATES,
  type KeyKind,
  keepSigningKey,
  renewedSigningKey,
  STORAGE_HANDLE,
  storageKey,
  usingKey,
} from './device-keys.ts';
export { EK_ECC_P256, type EndorsementKey, endorsementKey, usingEndorsementKey } from './endorsement-key.ts';
export {
  answerChallenge,
  type CertifiedKey,
  type EnrolmentAnswer,
  type EnrolmentChallenge,
  type EnrolmentRequest,
  enrolmentRequest,
} from './enrolment.ts';
export { Potentiometer } from './potentiometer.ts';
export { parseRecoveryText, recoveryText } from './recovery-text.ts';
export { decodeSealedKey, encodeSealedKey, SEALED_FILE_BYTES_MAX } from './sealed-file.ts';
export {
  presentState,
  RECOVERY_BYTES,
  recoverKey,
  SEALED_STATES_MAX,
  type SealedKey,
  type SealedState,
  sealForRecovery,
  sealKey,
  unsealKey,
} from './sealed-key.ts';
export { type SignedReading, signReading } from './sign-loop.ts';
