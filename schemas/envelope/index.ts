export { BatchFrames } from './batch-frames.ts';
export {
  type BatchFields,
  type BatchFrame,
  batchToSign,
  type EnvelopeFields,
  encodeEnvelope,
  frameToSign,
  type SignerName,
  type SigningKey,
  sealInSession,
  signBatch,
  signEnvelope,
  type ToSign,
} from './encode.ts';
export { type EnvelopeProblem, EnvelopeView } from './envelope-view.ts';
export {
  type ClearKind,
  clearKindOf,
  encodeFrameRecord,
  type FrameKind,
  isSealedKind,
  KIND_BATCH_FRAME,
  KIND_CONTROL,
  KIND_ENVELOPE,
  KIND_RELEASED,
  KIND_SEALED_ENVELOPE,
  KIND_SEALED_UNSIGNED,
  KIND_TRUST,
  KIND_UNSIGNED,
  type SealedKind,
  sealedKindOf,
} from './frame-record.ts';
export { HmacLanes } from './hmac-lanes.ts';
export { type HmacKey, HmacVerifier } from './hmac-sha256.ts';
export {
  ALGORITHM_ECDSA_P256_SHA256,
  ALGORITHM_ED25519,
  BATCH_FRAMES_MAX,
  DEVICE_ID_BYTES_MAX,
  ENVELOPE_BYTES_MAX,
  isDeviceId,
  KEY_ID_BYTES,
  MAC_BYTES,
  MODE_BATCH,
  MODE_FRAME,
  MODE_NONE,
  MODE_SESSION,
  PAYLOAD_BYTES_CEILING,
  PAYLOAD_BYTES_MAX,
  SESSION_FRAMES_MAX,
  SESSION_MS_MAX,
  SIGNATURE_BYTES,
  SIGNATURE_DOMAIN,
} from './layout.ts';
export { leafHash, merklePath, merkleRoot, nodeHash, rootOfPath } from './merkle.ts';
export { makeProof, type Proof, type ProvenFrame, verifyProof } from './proof.ts';
export { algorithmOf, exportPublicKey, importPublicKey, type KeyAlgorithm, keyIdOf } from './public-key.ts';
export { type OpeningKeys, readSealedHead, type SealedHead, Sealer, type SealingKey, unseal } from './seal.ts';
export {
  deriveSessionKey,
  KnownSession,
  openSession,
  openSessionFromSecret,
  type ReceiverKeys,
  type SessionKey,
  type SessionTerms,
} from './session.ts';
export { hasMacAddress, type PayloadPrivacy, shouldSeal } from './should-seal.ts';
export { SignatureVerifier } from './signature.ts';
