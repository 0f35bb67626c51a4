/** attest: whether a device is what it should be. attest.evidence → attest.challenges, device.attestation, device.frames. */
import { type AnyActor, defineActor } from '../../engine/index.ts';
import type { DeviceTopics, ReputationTopics, TrustTopics } from '../../schemas/topics/index.ts';
import { type AttestOptions, type AttestOutputs, AttestTask, attestState } from './trust/attest-task.ts';

export { checkEvidence } from './check.ts';
export { type AttestationKey, attestationKey, qualifiedNameOf } from './evidence/attestation-key.ts';
export { BOOT_LOG_BYTES_MAX } from './evidence/boot-log.ts';
export { type Finding, REASONS, type Reason } from './evidence/finding.ts';
export { IMA_LOG_BYTES_MAX, type ImaFormat, imaFormatOf } from './evidence/ima-log.ts';
export { POLICY_BYTES_MAX, type Policy, parsePolicy } from './policy/policy.ts';
export { openReferences, REFERENCES_BYTES_MAX, type References } from './policy/references.ts';
export { type AttestOptions, DEADLINE_GRACE_MS } from './trust/attest-task.ts';
export type { TrustTerms } from './trust/changes.ts';
export type { Distrusted, Evidence, Expectation, ImaEvidence, ProvenState, Trusted, Verdict } from './verdict.ts';

/** How far event time of device.frames may be held back: nobody waits there for the time that this actor tells. */
const WATERMARK_DELAY_MS = 2_000;

/** With `interactions` each check of a device counts for its reputation as well. */
export function attestActor(
  topics: DeviceTopics & TrustTopics & Partial<Pick<ReputationTopics, 'interactions'>>,
  options: AttestOptions,
): AnyActor {
  const { evidence, challenges, attestation, frames, interactions } = topics;
  const outputs = {
    ...{ challenges, attestation, frames },
    ...(interactions === undefined ? {} : { interactions }),
  } as AttestOutputs;
  return defineActor({
    name: 'attest',
    inputs: { evidence },
    outputs,
    state: attestState,
    watermarkDelayMs: WATERMARK_DELAY_MS,
    open: (context) => new AttestTask(context, options),
  });
}
