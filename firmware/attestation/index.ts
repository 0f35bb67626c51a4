/** A device's side of attestation (docs/specs/attestation-protocol.md): it is asked, and shows what its TPM and its logs say. */
export { type AgentEvent, type AgentOptions, AttestationAgent } from './agent.ts';
export type { AttestationChannel } from './channel.ts';
export { type EvidenceSource, type LogFiles, type SendPart, type Shown, tpmEvidence } from './evidence-source.ts';
export { HttpChannel } from './http-channel.ts';
export { imaEntriesBehind } from './ima-list.ts';
export { MqttChannel } from './mqtt-channel.ts';
