export { DeviceRates } from './device-rates.ts';
export { REFUSAL_REPORT_MS } from './device-traffic.ts';
export { Door, type DoorCounts, type Entrance } from './door.ts';
export { EVIDENCE_RATE, type EvidenceIntake } from './evidence-door.ts';
export {
  type FramesRefused,
  INTAKE_LIMITS,
  Intake,
  type IntakeCounts,
  type IntakeLimits,
  type IntakeOptions,
  type Lane,
} from './intake.ts';
export {
  INTERACTION_BYTES_MAX,
  INTERACTION_RATE,
  INTERACTIONS_MAX,
  InteractionDoor,
  type InteractionDoorOptions,
  type InteractionForm,
  oneOutcome,
  type ToldInteraction,
} from './interaction-door.ts';
export { type Accepted, isLasting, type Outcome, type Refused, refusal } from './outcome.ts';
export { LANES_MAX, PACKET_BYTES_RATE, PacketDoor, type PacketDoorOptions } from './packet-door.ts';
export type { BarredOf, DeviceDirectory, FrameAppender, PrivacyOf, SealingKeys } from './ports.ts';
export { type Rate, TokenBucket } from './token-bucket.ts';
export { type UnsignedPolicy, unsignedFrom } from './unsigned-policy.ts';
