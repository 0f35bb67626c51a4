/** attest: whether a device is what it should be. Pure so far: evidence and a policy in, a verdict out. */
export { checkEvidence } from './check.ts';
export { type AttestationKey, attestationKey, qualifiedNameOf } from './evidence/attestation-key.ts';
export { BOOT_LOG_BYTES_MAX } from './evidence/boot-log.ts';
export { type Finding, REASONS, type Reason } from './evidence/finding.ts';
export { IMA_LOG_BYTES_MAX, type ImaFormat, imaFormatOf } from './evidence/ima-log.ts';
export { POLICY_BYTES_MAX, type Policy, parsePolicy } from './policy/policy.ts';
export { openReferences, REFERENCES_BYTES_MAX, type References } from './policy/references.ts';
export type { Distrusted, Evidence, Expectation, ImaEvidence, ProvenState, Trusted, Verdict } from './verdict.ts';
