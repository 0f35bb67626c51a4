export { type EnvelopeFields, encodeEnvelope, type SigningKey, signEnvelope } from './encode.ts';
export { type EnvelopeProblem, EnvelopeView } from './envelope-view.ts';
export {
  type ClearKind,
  clearKindOf,
  encodeFrameRecord,
  type FrameKind,
  isSealedKind,
  KIND_CONTROL,
  KIND_ENVELOPE,
  KIND_SEALED_ENVELOPE,
  KIND_SEALED_UNSIGNED,
  KIND_UNSIGNED,
  type SealedKind,
  sealedKindOf,
} from './frame-record.ts';
export {
  DEVICE_ID_BYTES_MAX,
  ENVELOPE_BYTES_MAX,
  isDeviceId,
  KEY_ID_BYTES,
  MODE_FRAME,
  MODE_NONE,
  PAYLOAD_BYTES_CEILING,
  PAYLOAD_BYTES_MAX,
  SIGNATURE_BYTES,
  SIGNATURE_DOMAIN,
} from './layout.ts';
export { type OpeningKeys, readSealedHead, type SealedHead, Sealer, type SealingKey, unseal } from './seal.ts';
export { hasMacAddress, type PayloadPrivacy, shouldSeal } from './should-seal.ts';
export { exportPublicKey, importPublicKey, keyIdOf, SignatureVerifier } from './signature.ts';
