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
export { type SignedReading, signReading } from './sign-loop.ts';
