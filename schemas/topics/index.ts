export { DeviceReading, deviceReadingCodec, readingSubject } from './device-reading.ts';
export { asciiBytes, DeviceSightings, deviceSightingsCodec, type SightingColumns } from './device-sightings.ts';
export {
  DEVICE_AGGREGATES,
  DEVICE_FRAMES,
  DEVICE_LATE,
  DEVICE_READINGS,
  DEVICE_REGISTRY,
  DEVICE_SIGHTINGS,
  DEVICE_VERIFIED,
  type DeviceTopics,
  deviceRegistryConfig,
  deviceTopics,
} from './device-topics.ts';
export { FrameRecord, frameRecordCodec } from './frame-record-codec.ts';
export { type JudgeTopics, judgeTopics, type Observation, TRUST_DEVICES, TRUST_OBSERVATIONS } from './judge-topics.ts';
export {
  type EveValue,
  IDS_ALERTS,
  IDS_EVENTS,
  IDS_VERDICTS,
  NETWORK_PACKETS,
  type NetworkTopics,
  networkTopics,
} from './network-topics.ts';
export {
  type RecommendationTopics,
  recommendationSchemas,
  recommendationTopicConfigs,
  recommendationTopics,
  TRUST_RECOMMENDATIONS,
  TRUST_REQUESTS,
} from './recommendation-topics.ts';
export {
  checkSchema,
  interactionCodec,
  isPairScore,
  type ReputationTopics,
  reputationTopics,
  type Score,
  scoreCodec,
  TRUST_COMMANDS,
  TRUST_DECISIONS,
  TRUST_INTERACTIONS,
  TRUST_SCORES,
  type WrittenScore,
} from './reputation-topics.ts';
export { IDS_RULES, idsRulesConfig } from './rules-topic.ts';
export {
  TRUST_ACCEPTED,
  TRUST_CHECKPOINTS,
  TRUST_LOG,
  type TrustLogTopics,
  trustLogTopics,
} from './trust-log-topics.ts';
export {
  ATTEST_CHALLENGES,
  ATTEST_EVIDENCE,
  attestationCodec,
  DEVICE_ATTESTATION,
  DEVICE_DECISIONS,
  DEVICE_QUARANTINE,
  deviceDecisionsConfig,
  EvidenceRecord,
  encodeEvidenceRecord,
  evidenceRecordCodec,
  KIND_DEVICE,
  KIND_EVIDENCE,
  QuarantineEntry,
  quarantineCodec,
  type TrustTopics,
  trustTopics,
} from './trust-topics.ts';
export { type DeviceFacts, VerifiedFrame, verifiedFrameCodec } from './verified-frame.ts';
export { aggregateCodec, deviceOf, type LateReading, lateCodec } from './windows.ts';
