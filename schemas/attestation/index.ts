/** What devices are asked and answer, and what becomes of the frames of those that are doubted. */
export {
  CHALLENGE_BYTES_MAX,
  type Challenge,
  decodeChallenge,
  encodeChallenge,
  NONCE_BYTES_MAX,
  RESET_COUNT_NONE,
} from './challenge.ts';
export { checkDecision, type Decision, type DecisionKind, decodeDecision, encodeDecision } from './decision.ts';
export {
  decodeEvidence,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_STRUCTURE_BYTES_MAX,
  type EvidenceMessage,
  encodeEvidence,
} from './evidence.ts';
export {
  decodeTrustWord,
  encodeReleased,
  encodeTrustWord,
  RELEASED_HEAD_BYTES,
  releasedTime,
  type TrustWord,
  trustWordCodec,
} from './trust-word.ts';
