/** What must be shown to the TPM before a policy session authorizes something (part 3, 23). */
import {
  ALG_SHA256,
  type HashAlgorithm,
  NO_BYTES,
  type PcrSelection,
  writePcrSelection,
  written,
} from '../../../schemas/tpm/index.ts';
import { type Entity, permanent } from '../entity.ts';
import type { PolicySession } from '../policy-session.ts';
import type { Tpm } from '../tpm.ts';
import { skipTicket } from './objects.ts';

/** That the PCRs have these values at this time: `digest` of them all, or whatever they are now. VALUE where not. */
export async function policyPcr(
  tpm: Tpm,
  session: PolicySession,
  selections: readonly PcrSelection[],
  digest: Uint8Array = NO_BYTES,
): Promise<void> {
  const { parameters } = await tpm.execute({
    name: 'PolicyPCR',
    handles: [permanent(session.handle)],
    parameters: written((writer) => {
      writer.sized(digest);
      writePcrSelection(writer, selections);
    }),
    isFirstSized: true,
  });
  parameters.end();
}

/** That the password of `entity` is known. */
export async function policySecret(tpm: Tpm, session: PolicySession, entity: Entity): Promise<void> {
  const { parameters } = await tpm.execute({
    name: 'PolicySecret',
    handles: [entity, permanent(session.handle)],
    authCount: 1,
    parameters: written((writer) => {
      writer.sized(NO_BYTES).sized(NO_BYTES).sized(NO_BYTES);
      writer.u32(0);
    }),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  parameters.sized('timeout', 64);
  skipTicket(parameters);
  parameters.end();
}

/** That what was shown so far comes to one of these digests; from now on it stands for any of them. VALUE where not. */
export async function policyOr(tpm: Tpm, session: PolicySession, digests: readonly Uint8Array[]): Promise<void> {
  const { parameters } = await tpm.execute({
    name: 'PolicyOR',
    handles: [permanent(session.handle)],
    parameters: written((writer) => {
      writer.u32(digests.length);
      for (const digest of digests) writer.sized(digest);
    }),
  });
  parameters.end();
}

/** What the session has come to: the policy of an object that it can authorize. */
export async function policyDigest(tpm: Tpm, session: PolicySession): Promise<Buffer> {
  const { parameters } = await tpm.execute({
    name: 'PolicyGetDigest',
    handles: [permanent(session.handle)],
    isFirstAnswerSized: true,
  });
  const digest = parameters.sized('digest', 64);
  parameters.end();
  return digest;
}

/** Gives a fresh policy session to `use`; it is flushed unless a command has used it up. */
export async function usingPolicy<T>(
  tpm: Tpm,
  use: (session: PolicySession) => Promise<T>,
  hash: HashAlgorithm = ALG_SHA256,
): Promise<T> {
  const session = await tpm.startPolicy(hash);
  try {
    return await use(session);
  } finally {
    await tpm.flush(session);
  }
}
