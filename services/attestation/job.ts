/** Attestation as the main job is told of it: plain data, which each thread makes its policy from. */
import { createHash, createPublicKey } from 'node:crypto';
import { type AttestOptions, openReferences, parsePolicy, type TrustTerms } from '../../actors/attest/index.ts';
import { MsecError, systemRandom } from '../../engine/index.ts';
import type { HeldRequest } from './held-frames.ts';

export interface AttestationJob {
  readonly policy: { readonly file: string; readonly text: string };
  readonly references: {
    readonly file: string;
    readonly text: string;
    /** Base64. */
    readonly signature: string;
    /** PEM. */
    readonly publicKey: string;
  } | null;
  readonly terms: TrustTerms;
  readonly keyless: 'hold' | 'pass';
}

/** POLICY_INVALID, SIGNATURE_INVALID, and CONFIG_INVALID where the deadline outlasts what the policy allows. */
export function attestOptionsOf({ policy, references, terms, keyless }: AttestationJob): AttestOptions {
  const parsed = parsePolicy(Buffer.from(policy.text), policy.file);
  if (terms.deadlineMs > parsed.ageMsMax)
    throw new MsecError(
      'CONFIG_INVALID',
      `attestation.deadline is ${terms.deadlineMs / 1000} s, but ${policy.file} takes no quote that is older than ${parsed.ageMsMax / 1000} s.`,
      { field: 'attestation.deadline' },
    );
  const needsReferences = [...parsed.pcrs.values()].some(({ from }) => from === 'references');
  if (needsReferences && references === null)
    throw new MsecError(
      'CONFIG_INVALID',
      `${policy.file} asks for reference values: set attestation.references and attestation.referencesKey.`,
      { field: 'attestation.references' },
    );
  const id = createHash('sha256')
    .update(policy.text)
    .update('\0')
    .update(references?.text ?? '');
  return {
    policy: parsed,
    references: references === null ? null : referencesOf(references),
    policyId: id.digest('hex'),
    ...{ terms, keyless, random: systemRandom },
  };
}

/** What the policy decides on held frames of a device that is back; null where it leaves them to the operator. */
export function returnTermsOf({ policy: { file, text } }: AttestationJob): Omit<HeldRequest, 'device'> | null {
  const { name, version, onReturn } = parsePolicy(Buffer.from(text), file);
  if (onReturn === 'keep') return null;
  return { decision: onReturn, by: 'policy', why: `policy ${name} ${version}: on return ${onReturn} held` };
}

function referencesOf({ file, text, signature, publicKey }: NonNullable<AttestationJob['references']>) {
  let key: ReturnType<typeof createPublicKey>;
  try {
    key = createPublicKey(publicKey);
  } catch (cause) {
    throw new MsecError('CONFIG_INVALID', 'attestation.referencesKey is no public key in PEM.', {
      field: 'attestation.referencesKey',
      cause,
    });
  }
  return openReferences(Buffer.from(text), Buffer.from(signature, 'base64'), [key], file);
}
